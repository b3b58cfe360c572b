#include "run/local_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.h"
#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"
#include "run/artifact_store.h"
#include "run/local_layout.h"
#include "run/record.h"

namespace kfrun::run {

namespace {

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

// No detour over a temporary file: what is there in part is no JSON, and counts as none.
void write_whole(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  if (!written) ::unlink(path.c_str());
}

}  // namespace

LocalCache::LocalCache(const std::string& state_directory) : folder_(LocalLayout{state_directory}.cache()) {}

std::optional<Values> LocalCache::find(const std::string& key) {
  const std::string path = folder_ + "/" + key + ".json";
  if (::access(path.c_str(), R_OK) != 0) return std::nullopt;
  try {
    const auto entry = document::read_json(disk().read(path), path);
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

void LocalCache::keep(const std::string& key, const Values& outputs) {
  if (!folder_is_there_) make_directories(folder_);
  folder_is_there_ = true;
  const Value entry = Value::mapping({{"start", Value::string(start_of_machine())}, {"outputs", to_node(outputs)}});
  write_whole(folder_ + "/" + key + ".json", document::write_json(entry));
}

}  // namespace kfrun::run
