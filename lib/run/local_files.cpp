#include "run/local_files.h"

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "base/error.h"

namespace kfrun::run {

namespace fs = std::filesystem;

namespace {

constexpr auto kWriteRights = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;

void open_folders(const fs::path& folder) {
  std::error_code fault;
  fs::permissions(folder, fs::perms::owner_all, fs::perm_options::add, fault);
  for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
    std::error_code ignored;
    if (entry->symlink_status(ignored).type() == fs::file_type::directory) open_folders(entry->path());
  }
}

void take_write_rights(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || S_ISLNK(status.st_mode)) return;
  if (!S_ISDIR(status.st_mode) && status.st_nlink > 1) return;
  std::error_code ignored;
  fs::permissions(path, kWriteRights, fs::perm_options::remove, ignored);
}

}  // namespace

void remove_tree(const std::string& path) {
  std::error_code fault;
  fs::remove_all(path, fault);
  if (!fault) return;
  open_folders(path);
  fs::remove_all(path, fault);
}

bool move_read_only(const std::string& from, const std::string& to) {
  std::error_code fault;
  const bool is_folder = fs::symlink_status(from, fault).type() == fs::file_type::directory;
  if (is_folder) {
    for (fs::recursive_directory_iterator entry(from, fault), end; !fault && entry != end; entry.increment(fault)) {
      if (!entry->is_directory(fault)) take_write_rights(entry->path());
    }
    fs::permissions(from, fs::perms::owner_write, fs::perm_options::add, fault);  // who may not write in it may not move it
  } else {
    take_write_rights(from);
  }
  if (std::rename(from.c_str(), to.c_str()) != 0) return false;
  if (is_folder) take_write_rights(to);
  return true;
}

void copy_tree(const std::string& from, const std::string& to) {
  std::error_code fault;
  const fs::path source = fs::canonical(from, fault);
  if (!fault) fs::copy(source, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks, fault);
  if (fault) throw make_error(ErrorKind::input, "copy {} to {}: {}", from, to, fault.message());
}

}  // namespace kfrun::run
