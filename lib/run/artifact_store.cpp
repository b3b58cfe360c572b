#include "run/artifact_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "run/local_files.h"

namespace kfrun::run {

namespace {

constexpr std::string_view kScheme = "file://";

Error fault_at(std::string_view verb, const std::string& path, int fault) {
  return make_error(fault == ENOENT || fault == ENOTDIR ? ErrorKind::not_found : ErrorKind::input, "{} {}: {}", verb, path,
                    std::strerror(fault));
}

std::string digest_of_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw fault_at("read", path, errno);
  Sha256 digest;
  std::string buffer(256 << 10, '\0');
  for (;;) {
    const auto count = ::read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int fault = errno;
      ::close(file);
      if (count < 0) throw fault_at("read", path, fault);
      return digest.finish();
    }
    digest.add({buffer.data(), static_cast<std::size_t>(count)});
  }
}

std::string target_of_link(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const auto size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) throw fault_at("read the link", path, errno);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw fault_at("look at", path, errno);
  return status;
}

// One line an entry: kind, path, and what is there; NUL between, as no path holds one.
void add_folder(const std::string& root, const std::string& below, Sha256& digest) {
  for (const auto& name : disk().list(below.empty() ? root : root + "/" + below)) {
    const std::string relative = below.empty() ? name : below + "/" + name;
    const std::string path = root + "/" + relative;
    const struct stat status = status_of(path);
    const auto line = [&](std::string_view kind, std::string_view content) {
      digest.add(kind);
      digest.add(relative + std::string(1, '\0'));
      digest.add(content);
      digest.add(std::string_view("\0\n", 2));
    };
    if (S_ISDIR(status.st_mode)) {
      line("d", {});
      add_folder(root, relative, digest);
    } else if (S_ISLNK(status.st_mode)) {
      line("l", target_of_link(path));
    } else if (S_ISREG(status.st_mode)) {
      line(status.st_mode & 0111 ? "x" : "f", digest_of_file(path));
    } else {
      throw input_error({}, "{} is neither file, folder nor link", path);
    }
  }
}

bool stays_as_it_is(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::strchr("/-._~#+@:,=", c) != nullptr;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string uri_of_path(const std::string& path) {
  std::string uri(kScheme);
  for (const char c : path) uri += c != '\0' && stays_as_it_is(c) ? std::string(1, c) : "%" + hex({&c, 1});
  return uri;
}

}  // namespace

std::string content_digest(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw fault_at("look at", path, errno);
  if (S_ISREG(status.st_mode)) return hex(digest_of_file(path));
  if (!S_ISDIR(status.st_mode)) throw input_error({}, "{} is neither a file nor a folder", path);
  Sha256 digest;
  digest.add("kfrun-folder-1\n");
  add_folder(path, "", digest);
  return hex(digest.finish());
}

std::string path_of_uri(const std::string& uri) {
  if (uri.starts_with('/')) return uri;
  if (!uri.starts_with(std::string(kScheme) + "/")) return {};
  std::string path;
  for (std::size_t i = kScheme.size(); i < uri.size(); ++i) {
    const bool escape = uri[i] == '%' && i + 2 < uri.size() && digit(uri[i + 1]) >= 0 && digit(uri[i + 2]) >= 0;
    path += escape ? static_cast<char>(digit(uri[i + 1]) * 16 + digit(uri[i + 2])) : uri[i];
    if (escape) i += 2;
  }
  return path;
}

ArtifactStore::Kept ArtifactStore::keep(const std::string& path) {
  const struct stat status = status_of(path);
  // What is also found elsewhere (a link, a second name) must not change there when it is kept here.
  if (S_ISLNK(status.st_mode) || (S_ISREG(status.st_mode) && status.st_nlink > 1)) {
    const std::string copy = path + ".copy";
    copy_tree(path, copy);
    remove_tree(path);
    if (::rename(copy.c_str(), path.c_str()) != 0) throw fault_at("rename", copy, errno);
  }
  Kept kept;
  kept.digest = content_digest(path);
  const std::string folder = folder_ + "/" + kept.digest;
  const std::string target = folder + "/" + file_name_of(path);
  kept.uri = uri_of_path(target);
  ::utimensat(AT_FDCWD, folder.c_str(), nullptr, 0);  // it is in use: see local_leftovers.h
  if (::access(target.c_str(), F_OK) == 0) {
    remove_tree(path);
    return kept;
  }
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) make_directories(folder);
  if (!move_read_only(path, target)) {
    const int fault = errno;
    if (::access(target.c_str(), F_OK) != 0) throw fault_at("move to the artifact store:", path, fault);
    remove_tree(path);  // somebody else kept the same in the meantime
  }
  return kept;
}

}  // namespace kfrun::run
