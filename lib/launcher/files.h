// Files and folders by system calls alone. Functions that can fail give 0 or an errno value.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kfrun::launcher {

enum class PathKind { absent, file, folder, link, other };

// What is at a path; a link at its end is followed only on demand.
PathKind kind_of(const std::string& path, bool follow = true);

std::string parent_of(const std::string& path);
std::string last_part_of(const std::string& path);
// The path with every link in it followed.
int resolve(const std::string& path, std::string& real);
// The system's words for an errno value.
std::string words_of(int fault);

// Reads at most `limit` bytes; EFBIG for more.
int read_file(const std::string& path, std::size_t limit, std::string& bytes);
// Makes or replaces a file.
int write_file(const std::string& path, std::string_view bytes, unsigned mode);
// Writes to what is already open: standard output.
int write_all(int descriptor, std::string_view bytes);

// Makes a folder and those above it.
int make_directories(const std::string& path, unsigned mode = 0777);
// The names in a folder, sorted bytewise.
int list(const std::string& path, std::vector<std::string>& names);
// Copies a file or a folder with all that is in it; links stay links.
int copy_tree(const std::string& from, const std::string& to);
void remove_tree(const std::string& path);
// Readable for all, writable for nobody; folders stay writable for their owner, so that they can be removed.
int make_read_only(const std::string& path);

// The digest of a file's bytes, or of a folder's sorted entries, as run/artifact_store.h defines it; flushes what it reads to
// the disk.
int content_digest(const std::string& path, std::string& digest);

}  // namespace kfrun::launcher
