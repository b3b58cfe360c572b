#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/text.h"

namespace kfrun {

namespace {

Error file_error(std::string_view verb, const std::string& path, int fault) {
  const auto kind = fault == ENOENT || fault == ENOTDIR ? ErrorKind::not_found : ErrorKind::input;
  return Error(kind, fmt::format("{} {}: {}", verb, path, std::strerror(fault)));
}

// An open file that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

class Disk : public FileSystem {
 public:
  std::string read(const std::string& path) const override {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.number() < 0) throw file_error("read", path, errno);
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) throw file_error("read", path, errno);
    std::string text(status.st_size > 0 ? static_cast<std::size_t>(status.st_size) + 1 : 65536, '\0');
    std::size_t size = 0;
    for (;;) {
      if (size == text.size()) text.resize(size * 2);
      const auto count = ::read(file.number(), text.data() + size, text.size() - size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw file_error("read", path, errno);
      if (count == 0) break;
      size += static_cast<std::size_t>(count);
    }
    text.resize(size);
    return text;
  }

  bool is_file(const std::string& path) const override {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode);
  }

  bool is_directory(const std::string& path) const override {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  }

  std::vector<std::string> list(const std::string& path) const override {
    std::error_code fault;
    std::vector<std::string> names;
    for (auto entry = std::filesystem::directory_iterator(path, fault); !fault && entry != std::filesystem::directory_iterator();
         entry.increment(fault)) {
      names.push_back(entry->path().filename().string());
    }
    if (fault) throw file_error("list", path, fault.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  std::optional<std::string> resolve(const std::string& path) const override {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    return real ? std::optional<std::string>(real.get()) : std::nullopt;
  }

  std::optional<bool> is_link(const std::string& path) const override {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? std::optional<bool>(S_ISLNK(status.st_mode)) : std::nullopt;
  }
};

std::string memory_path(const std::string& path) { return clean_path(join_path("/", path)); }

}  // namespace

const FileSystem& disk() {
  static const Disk instance;
  return instance;
}

void MemoryFileSystem::add(const std::string& path, std::string text) { files_[memory_path(path)] = std::move(text); }

std::string MemoryFileSystem::read(const std::string& path) const {
  const auto found = files_.find(memory_path(path));
  if (found == files_.end()) throw file_error("read", path, is_directory(path) ? EISDIR : ENOENT);
  return found->second;
}

bool MemoryFileSystem::is_file(const std::string& path) const { return files_.count(memory_path(path)) > 0; }

bool MemoryFileSystem::is_directory(const std::string& path) const {
  const std::string clean = memory_path(path);
  const std::string prefix = clean == "/" ? clean : clean + "/";
  const auto next = files_.lower_bound(prefix);
  return next != files_.end() && next->first.starts_with(prefix);
}

std::vector<std::string> MemoryFileSystem::list(const std::string& path) const {
  if (!is_directory(path)) throw file_error("list", path, ENOENT);
  const std::string clean = memory_path(path);
  const std::string prefix = clean == "/" ? clean : clean + "/";
  std::vector<std::string> names;
  for (auto file = files_.lower_bound(prefix); file != files_.end() && file->first.starts_with(prefix); ++file) {
    std::string name = file->first.substr(prefix.size(), file->first.find('/', prefix.size()) - prefix.size());
    if (names.empty() || names.back() != name) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::optional<std::string> MemoryFileSystem::resolve(const std::string& path) const {
  return is_file(path) || is_directory(path) ? std::optional<std::string>(memory_path(path)) : std::nullopt;
}

std::optional<bool> MemoryFileSystem::is_link(const std::string& path) const {
  return is_file(path) || is_directory(path) ? std::optional<bool>(false) : std::nullopt;
}

void write_file(const std::string& path, std::string_view text, bool durable) {
  std::string temporary = path + ".XXXXXX";
  const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.number() < 0) throw file_error("write", path, errno);
  const auto fail = [&](int fault) {
    ::unlink(temporary.c_str());
    return file_error("write", path, fault);
  };
  struct stat old {};
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(file.number(), ::stat(path.c_str(), &old) == 0 ? old.st_mode & 07777 : 0666 & ~mask);
  while (!text.empty()) {
    const auto count = ::write(file.number(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw fail(errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (durable && ::fsync(file.number()) != 0) throw fail(errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) throw fail(errno);
  if (durable) {
    const Descriptor folder(::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.number() >= 0) ::fsync(folder.number());
  }
}

void make_directories(const std::string& path) {
  std::error_code fault;
  std::filesystem::create_directories(path, fault);
  if (fault) throw file_error("create directory", path, fault.value());
}

std::string join_path(std::string_view base, std::string_view path) {
  if (base.empty() || path.starts_with('/')) return std::string(path);
  if (path.empty()) return std::string(base);
  return fmt::format("{}{}{}", base, base.ends_with('/') ? "" : "/", path);
}

std::string clean_path(std::string_view path) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string> kept;
  for (auto& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      kept.push_back(std::move(part));
    } else if (!kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (!absolute) {
      kept.push_back("..");
    }
  }
  const std::string clean = (absolute ? "/" : "") + join(kept, "/");
  return clean.empty() ? "." : clean;
}

std::string directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string file_name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

}  // namespace kfrun
