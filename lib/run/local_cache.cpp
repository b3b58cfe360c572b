#include "run/local_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"
#include "run/artifact_store.h"
#include "run/local_layout.h"
#include "run/record.h"

namespace kfrun::run {

namespace {

// Files smaller than this are left alone; larger than that they lose their older half.
constexpr std::int64_t kSmall = 1 << 20, kLarge = 64 << 20;

// Changes with every start of the machine. What was written before it may have been lost in part (nothing here waits for
// the disk), so that entries of an earlier start are believed only after their artifacts were read.
std::string start_of_machine() {
  constexpr const char* kFile = "/proc/sys/kernel/random/boot_id";
  static const std::string id = disk().is_file(kFile) ? std::string(trim(disk().read(kFile))) : "";
  return id;
}

bool is_there(const Value& value, bool verify) {
  if (const auto artifact = pipeline::as_artifact(value)) {
    const std::string path = path_of_uri(artifact->uri);
    if (path.empty()) return true;  // somebody else's to keep
    if (::access(path.c_str(), F_OK) != 0) return false;
    return !verify || artifact->digest.empty() || content_digest(path) == artifact->digest;
  }
  if (!value.is_sequence()) return true;
  return std::all_of(value.items().begin(), value.items().end(), [&](const Value& item) { return is_there(item, verify); });
}

}  // namespace

LocalCache::LocalCache(const std::string& state_directory) : path_(LocalLayout{state_directory}.cache()) {}

LocalCache::~LocalCache() {
  if (file_ >= 0) ::close(file_);
}

bool LocalCache::open(int flags) {
  if (file_ >= 0) return true;
  file_ = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | flags, 0666);
  struct stat status {};
  if (file_ >= 0 && ::fstat(file_, &status) == 0) inode_ = status.st_ino;
  return file_ >= 0;
}

std::string LocalCache::read(std::int64_t offset, std::size_t size) const {
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const auto count = ::pread(file_, text.data() + done, size - done, offset + static_cast<std::int64_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

// What was added since the last look, up to the last whole line.
void LocalCache::read_news() {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return;
  if (status.st_ino != inode_) {  // somebody has made it anew
    ::close(std::exchange(file_, -1));
    lines_.clear();
    read_to_ = 0;
    if (!open(0) || ::fstat(file_, &status) != 0) return;
  }
  if (status.st_size == read_to_) return;
  if (status.st_size < read_to_) {  // somebody has emptied it
    lines_.clear();
    read_to_ = 0;
  }
  const std::string text = read(read_to_, static_cast<std::size_t>(status.st_size - read_to_));
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin)) {
    const auto blank = text.find(' ', begin);
    if (blank >= end) continue;
    lines_[text.substr(begin, blank - begin)] = {read_to_ + static_cast<std::int64_t>(blank + 1), end - blank - 1};
  }
  read_to_ += static_cast<std::int64_t>(begin);
}

// Writes the file anew, without the lines that later ones took the place of; of a very long one, the older half goes, too. What
// others add in this moment is lost to them: that costs time, not results.
void LocalCache::compact() {
  std::int64_t live = 0;
  std::vector<std::pair<std::int64_t, std::string>> newest;
  for (const auto& [key, line] : lines_) {
    live += static_cast<std::int64_t>(key.size() + line.size + 3);
    newest.emplace_back(line.offset, key);
  }
  if (read_to_ < kSmall || (read_to_ < 2 * live && read_to_ < kLarge)) return;
  std::sort(newest.rbegin(), newest.rend());
  std::vector<std::string> kept;
  std::int64_t size = 0;
  for (const auto& [offset, key] : newest) {
    const Line& line = lines_.at(key);
    size += static_cast<std::int64_t>(key.size() + line.size + 3);
    if (size > kLarge / 2) break;
    kept.push_back("\n" + key + " " + read(offset, line.size) + "\n");
  }
  std::reverse(kept.begin(), kept.end());
  try {
    write_file(path_, join(kept, ""));
  } catch (const Error&) {
    return;  // it stays as it is
  }
  read_news();
}

std::optional<Values> LocalCache::find(const std::string& key) {
  if (!open(0)) return std::nullopt;
  read_news();
  if (!std::exchange(has_begun_, true)) compact();
  if (file_ < 0) return std::nullopt;
  const auto line = lines_.find(key);
  if (line == lines_.end()) return std::nullopt;
  try {
    const auto entry = document::read_json(read(line->second.offset, line->second.size), path_);
    const Value* kept = entry.find("outputs");
    if (!kept) return std::nullopt;
    Values outputs = values_from_node(*kept);
    const bool verify = start_of_machine().empty() || entry.text_of("start") != start_of_machine();
    for (const auto& [name, value] : outputs) {
      if (!is_there(value, verify)) return std::nullopt;
    }
    if (verify) keep(key, outputs);
    return outputs;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// In one write, so that lines of several processes do not mix; it begins with a line's end, in case that somebody's last line has
// none.
void LocalCache::keep(const std::string& key, const Values& outputs) {
  if (!open(O_CREAT)) {
    make_directories(directory_of(path_));
    if (!open(O_CREAT)) return;
  }
  const Value entry = Value::mapping({{"start", Value::string(start_of_machine())}, {"outputs", to_node(outputs)}});
  const std::string line = "\n" + key + " " + document::write_json(entry) + "\n";
  [[maybe_unused]] const auto size = ::write(file_, line.data(), line.size());
}

}  // namespace kfrun::run
