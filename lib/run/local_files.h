// Work on whole trees of this machine's files.
#pragma once

#include <string>

namespace kfrun::run {

// Removes a file or a folder with all in it, read-only folders too. What cannot be removed stays; nothing is thrown.
void remove_tree(const std::string& path);
// Renames a file or a folder, and takes the rights to write from it and from all files in it; those that have other names
// elsewhere are left alone. When it cannot be renamed, the result is false and errno says why.
bool move_read_only(const std::string& from, const std::string& to);
// Copies a file or a folder, following `from` itself when it is a link. Throws Error(input).
void copy_tree(const std::string& from, const std::string& to);

}  // namespace kfrun::run
