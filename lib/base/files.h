// Files: what a build may read, behind an interface with an in-memory twin, and writing that leaves nothing half-written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kfrun {

// What the library reads files through, so that a test can hand it a tree in memory. Paths are UTF-8, '/'-separated.
// Not for writing. Implementations may be used from several threads at once.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // The whole file. Throws Error(not_found) when there is none, Error(input) when it cannot be read (a folder, no right).
  virtual std::string read(const std::string& path) const = 0;
  virtual bool is_file(const std::string& path) const = 0;
  virtual bool is_directory(const std::string& path) const = 0;
  // The names in a folder, sorted bytewise; throws Error(not_found) when it is none.
  virtual std::vector<std::string> list(const std::string& path) const = 0;
  // The absolute path with every symbolic link resolved, as realpath(3); nothing when it does not exist.
  virtual std::optional<std::string> resolve(const std::string& path) const = 0;
  // Whether it is a symbolic link itself; nothing when it does not exist.
  virtual std::optional<bool> is_link(const std::string& path) const = 0;
};

// The machine's files.
const FileSystem& disk();

// A tree in memory. Folders exist by having files; there are no links; relative paths are taken from "/".
class MemoryFileSystem : public FileSystem {
 public:
  void add(const std::string& path, std::string text);
  std::string read(const std::string& path) const override;
  bool is_file(const std::string& path) const override;
  bool is_directory(const std::string& path) const override;
  std::vector<std::string> list(const std::string& path) const override;
  std::optional<std::string> resolve(const std::string& path) const override;
  std::optional<bool> is_link(const std::string& path) const override;

 private:
  std::map<std::string, std::string> files_;
};

// Writes to a temporary file beside `path` and renames it, so that `path` is either the old or the whole new text. With
// `durable` both the file and its folder are flushed to the disk. Throws Error(input) with the system's words.
void write_file(const std::string& path, std::string_view text, bool durable = false);
// Makes a folder and those above it. Throws Error(input).
void make_directories(const std::string& path);

// Textual path work, no disk: join("a", "/b") is "/b"; clean("a/../b/.") is "b", clean("") is ".", as Go's path package.
std::string join_path(std::string_view base, std::string_view path);
std::string clean_path(std::string_view path);
std::string directory_of(std::string_view path);
std::string file_name_of(std::string_view path);

}  // namespace kfrun
