// Work on whole trees of this machine's files.
#pragma once

#include <string>

namespace kfrun::run {

// Removes a file or a folder with all in it, read-only folders too. What cannot be removed stays; nothing is thrown.
void remove_tree(const std::string& path);
// Takes the rights to write from a file, or from a folder and all in it. Files that have other names elsewhere are left alone.
void make_read_only(const std::string& path);
// Copies a file or a folder, following `from` itself when it is a link. Throws Error(input).
void copy_tree(const std::string& from, const std::string& to);

}  // namespace kfrun::run
