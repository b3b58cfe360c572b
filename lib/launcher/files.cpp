#include "launcher/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "launcher/sha256.h"

namespace kfrun::launcher {

namespace {

constexpr std::size_t kPiece = 256 * 1024;

// An open descriptor, closed at the end of its scope.
class Open {
 public:
  Open(const std::string& path, int flags, unsigned mode = 0) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Open() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// Reads a file piece by piece.
template <typename Use>
int for_each_piece(int descriptor, Use use) {
  std::string piece(kPiece, '\0');
  for (;;) {
    const auto count = ::read(descriptor, piece.data(), piece.size());
    if (count == 0) return 0;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (const int fault = use(std::string_view(piece.data(), static_cast<std::size_t>(count)))) return fault;
  }
}

int read_link(const std::string& path, std::string& target) {
  target.resize(4096);
  const auto length = ::readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return errno;
  target.resize(static_cast<std::size_t>(length));
  return 0;
}

int copy_file(const std::string& from, const std::string& to) {
  struct stat status = {};
  const Open source(from, O_RDONLY);
  if (source.get() < 0 || ::fstat(source.get(), &status) < 0) return errno;
  const Open target(to, O_WRONLY | O_CREAT | O_EXCL, 0600 | (status.st_mode & 0777));
  if (target.get() < 0) return errno;
  return for_each_piece(source.get(), [&](std::string_view piece) { return write_all(target.get(), piece); });
}

int file_digest(const std::string& path, std::string& digest) {
  const Open file(path, O_RDONLY);
  if (file.get() < 0) return errno;
  Sha256 sum;
  const int fault = for_each_piece(file.get(), [&](std::string_view piece) {
    sum.add(piece);
    return 0;
  });
  if (fault != 0) return fault;
  ::fsync(file.get());  // a file system that cannot flush is no reason to fail
  digest = sum.finish();
  return 0;
}

bool is_executable(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & 0111) != 0;
}

// One line an entry: kind, path, and what is there; NUL between, as no path holds one.
int describe_folder(const std::string& root, const std::string& below, Sha256& sum) {
  std::vector<std::string> names;
  if (const int fault = list(root + "/" + below, names)) return fault;
  for (const auto& name : names) {
    const std::string relative = below.empty() ? name : below + "/" + name;
    const std::string path = root + "/" + relative;
    const auto kind = kind_of(path, false);
    std::string content;
    char letter = 'd';
    int fault = 0;
    if (kind == PathKind::file) {
      letter = is_executable(path) ? 'x' : 'f';
      fault = file_digest(path, content);
    } else if (kind == PathKind::link) {
      letter = 'l';
      fault = read_link(path, content);
    } else if (kind != PathKind::folder) {
      fault = EINVAL;
    }
    if (fault != 0) return fault;
    sum.add(letter + relative + std::string(1, '\0') + content + std::string("\0\n", 2));
    if (kind == PathKind::folder) fault = describe_folder(root, relative, sum);
    if (fault != 0) return fault;
  }
  return 0;
}

}  // namespace

int content_digest(const std::string& path, std::string& digest) {
  const auto kind = kind_of(path);
  std::string bytes;
  int fault = kind == PathKind::absent ? ENOENT : kind == PathKind::other ? EINVAL : 0;
  if (kind == PathKind::file) fault = file_digest(path, bytes);
  if (kind == PathKind::folder) {
    Sha256 sum;
    sum.add("kfrun-folder-1\n");
    fault = describe_folder(path, "", sum);
    bytes = sum.finish();
  }
  digest = hex(bytes);
  return fault;
}

PathKind kind_of(const std::string& path, bool follow) {
  struct stat status = {};
  if ((follow ? ::stat : ::lstat)(path.c_str(), &status) < 0) return PathKind::absent;
  if (S_ISREG(status.st_mode)) return PathKind::file;
  if (S_ISDIR(status.st_mode)) return PathKind::folder;
  return S_ISLNK(status.st_mode) ? PathKind::link : PathKind::other;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string last_part_of(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

int resolve(const std::string& path, std::string& real) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (!resolved) return errno;
  real = resolved;
  std::free(resolved);
  return 0;
}

std::string words_of(int fault) { return ::strerror(fault); }

int read_file(const std::string& path, std::size_t limit, std::string& bytes) {
  const Open file(path, O_RDONLY);
  if (file.get() < 0) return errno;
  bytes.clear();
  return for_each_piece(file.get(), [&](std::string_view piece) {
    if (bytes.size() + piece.size() > limit) return EFBIG;
    bytes += piece;
    return 0;
  });
}

int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

int write_file(const std::string& path, std::string_view bytes, unsigned mode) {
  const Open file(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  return file.get() < 0 ? errno : write_all(file.get(), bytes);
}

int make_directories(const std::string& path, unsigned mode) {
  if (path.empty() || kind_of(path) == PathKind::folder) return 0;
  if (const int fault = make_directories(path == "/" ? std::string() : parent_of(path), mode)) return fault;
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return kind_of(path) == PathKind::folder ? 0 : ENOTDIR;
  return errno;
}

int list(const std::string& path, std::vector<std::string>& names) {
  DIR* folder = ::opendir(path.c_str());
  if (!folder) return errno;
  while (const auto* entry = ::readdir(folder)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(folder);
  std::sort(names.begin(), names.end());
  return 0;
}

int copy_tree(const std::string& from, const std::string& to) {
  const auto kind = kind_of(from, false);
  if (kind == PathKind::file) return copy_file(from, to);
  if (kind == PathKind::link) {
    std::string target;
    if (const int fault = read_link(from, target)) return fault;
    return ::symlink(target.c_str(), to.c_str()) < 0 ? errno : 0;
  }
  if (kind != PathKind::folder) return kind == PathKind::absent ? ENOENT : EINVAL;
  if (::mkdir(to.c_str(), 0755) < 0) return errno;
  std::vector<std::string> names;
  if (const int fault = list(from, names)) return fault;
  for (const auto& name : names) {
    if (const int fault = copy_tree(from + "/" + name, to + "/" + name)) return fault;
  }
  return 0;
}

void remove_tree(const std::string& path) {
  if (kind_of(path, false) == PathKind::folder) {
    std::vector<std::string> names;
    list(path, names);
    for (const auto& name : names) remove_tree(path + "/" + name);
    ::rmdir(path.c_str());
  } else {
    ::unlink(path.c_str());
  }
}

int make_read_only(const std::string& path) {
  const auto kind = kind_of(path, false);
  if (kind == PathKind::link) return 0;
  if (kind != PathKind::folder) return ::chmod(path.c_str(), is_executable(path) ? 0555 : 0444) < 0 ? errno : 0;
  std::vector<std::string> names;
  if (const int fault = list(path, names)) return fault;
  for (const auto& name : names) {
    if (const int fault = make_read_only(path + "/" + name)) return fault;
  }
  return ::chmod(path.c_str(), 0755) < 0 ? errno : 0;
}

}  // namespace kfrun::launcher
