#include "run/local_layout.h"

#include <fmt/core.h>

#include "base/digest.h"

namespace kfrun::run {

namespace {

constexpr std::size_t kMaxName = 180;  // file systems allow 255 bytes, and suffixes follow

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '#';
}

// One part of an instance's path as a file name: no dots, so that suffixes cannot be mistaken, and no way out of the folder.
std::string file_name(std::string_view part) {
  std::string name;
  for (const char c : part) name += is_plain(c) ? std::string(1, c) : "%" + hex({&c, 1});
  if (name.size() <= kMaxName) return name;
  return name.substr(0, kMaxName) + "-" + base32(sha256(part)).substr(0, 10);
}

std::string file_path(const std::string& instance) {
  std::string path;
  for (std::size_t begin = 0;;) {
    const auto end = instance.find('/', begin);
    path += file_name(std::string_view(instance).substr(begin, end - begin));
    if (end == std::string::npos) return path;
    path += '/';
    begin = end + 1;
  }
}

}  // namespace

std::string LocalLayout::log(const std::string& id, const AttemptId& attempt) const {
  const std::string path = run(id) + "/logs/" + file_path(attempt.instance);
  return attempt.attempt == 0 ? path + ".log" : path + "." + std::to_string(attempt.attempt + 1) + ".log";
}

std::string LocalLayout::container(const std::string& id, const AttemptId& attempt) const {
  const std::string key = root + '\0' + id + '\0' + attempt.instance + '\0' + std::to_string(attempt.attempt);
  std::string task;
  for (const char c : attempt.instance.substr(0, 40)) task += is_plain(c) && c != '#' ? c : '-';
  return fmt::format("kfrun-{}-{}-{}", id, task, base32(sha256(key)).substr(0, 10));
}

std::string LocalLayout::artifacts(const std::string& id, const std::string& instance) const {
  return run(id) + "/artifacts/" + file_path(instance);
}

}  // namespace kfrun::run
