#include "run/local_leftovers.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "base/files.h"
#include "base/text.h"
#include "run/container_engine.h"
#include "run/local_files.h"
#include "run/local_layout.h"

namespace kfrun::run {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigest = 64;                // hex digits of SHA-256
constexpr std::string_view kRemoved = "removed-";  // before the digest while it is being removed

using Digests = std::set<std::string, std::less<>>;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_digest(std::string_view name) { return name.size() == kDigest && std::all_of(name.begin(), name.end(), is_hex); }

// Whatever looks like a digest counts, wherever it stands: also in a line that cannot be read.
void add_digests(std::string_view text, Digests& digests) {
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    std::size_t end = begin;
    while (end < text.size() && is_hex(text[end])) ++end;
    if (end - begin == kDigest) digests.emplace(text.substr(begin, kDigest));
    begin = end;
  }
}

// Nothing of a file that is not there (any more).
std::string text_of(const std::string& path) {
  try {
    return disk().read(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    return {};
  }
}

void add_named_by_runs(const LocalLayout& layout, Digests& digests) {
  if (!disk().is_directory(layout.runs())) return;
  for (const auto& run : disk().list(layout.runs())) {
    for (const char* file : {"/head.json", "/plan.json", "/record.ndjson"}) add_digests(text_of(layout.run(run) + file), digests);
  }
}

// The last line of a key is the one that counts.
void add_named_by_cache(const LocalLayout& layout, Digests& digests) {
  const std::string text = text_of(layout.cache());
  std::unordered_map<std::string_view, std::string_view> last;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = std::string_view(text).substr(begin, end - begin);
    const auto blank = line.find(' ');
    if (blank != line.npos) last[line.substr(0, blank)] = line.substr(blank);
    begin = end + 1;
  }
  for (const auto& [key, outputs] : last) add_digests(outputs, digests);
}

// keep() sets the folder's time when it finds its artifact there.
std::optional<bool> is_young(const std::string& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return std::nullopt;
  return std::time(nullptr) - status.st_mtime < std::chrono::seconds(kYoung).count();
}

std::uint64_t size_of(const std::string& folder) {
  std::uint64_t size = 0;
  std::error_code fault;
  for (fs::recursive_directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
    std::error_code ignored;
    if (entry->symlink_status(ignored).type() != fs::file_type::regular) continue;
    const auto bytes = entry->file_size(ignored);
    if (!ignored) size += bytes;
  }
  return size;
}

void find_artifacts(const LocalLayout& layout, LocalLeftovers& found) {
  if (!disk().is_directory(layout.store())) return;
  // First the artifacts, then what names them: what comes to be named in between counts.
  const auto names = disk().list(layout.store());
  Digests named;
  add_named_by_runs(layout, named);
  add_named_by_cache(layout, named);
  for (const auto& name : names) {
    const bool is_half_removed = name.starts_with(kRemoved);
    const auto digest = std::string_view(name).substr(is_half_removed ? kRemoved.size() : 0);
    if (!is_digest(digest) || (!is_half_removed && named.count(digest))) continue;
    const std::string folder = layout.store() + "/" + name;
    const auto young = is_young(folder);
    if (!young) continue;
    if (*young) {
      ++found.young;
      continue;
    }
    const std::string files = join(disk().list(folder), ",");
    found.list.push_back({LocalLeftover::Kind::artifact,
                          fmt::format("artifact {}/{}", digest, files),
                          "no run and no cached result names it",
                          folder,
                          {},
                          size_of(folder)});
  }
}

void find_containers(const LocalLayout& layout, const std::vector<std::string>& engines, LocalLeftovers& found,
                     Diagnostics& faults) {
  std::set<std::string> seen;  // "docker" may be podman
  for (const auto& program : engines) {
    try {
      for (const auto& [name, run] : containers_by_run({program, {}}, layout.root)) {
        if (disk().is_file(layout.run(run) + "/head.json") || !seen.insert(name).second) continue;
        found.list.push_back({LocalLeftover::Kind::container, "container " + name, "its run is gone", name, program, 0});
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::not_found) continue;  // not installed
      faults.push_back({Severity::warning, {}, fmt::format("containers are not looked for: {}", error.message()), {}});
    }
  }
}

bool remove_artifact(const std::string& folder) {
  const std::string name(file_name_of(folder));
  if (name.starts_with(kRemoved)) {
    remove_tree(folder);
    return true;
  }
  const std::string aside = directory_of(folder) + "/" + std::string(kRemoved) + name;
  if (is_young(folder).value_or(true) || std::rename(folder.c_str(), aside.c_str()) != 0) return false;
  // A run that found it just before has set its time. Where one has made it anew since, it has no need of this one.
  if (is_young(aside).value_or(false) && std::rename(aside.c_str(), folder.c_str()) == 0) return false;
  remove_tree(aside);
  return true;
}

}  // namespace

LocalLeftovers find_local_leftovers(const std::string& state_directory, const std::vector<std::string>& engines,
                                    Diagnostics& faults) {
  const LocalLayout layout{state_directory};
  LocalLeftovers found;
  find_artifacts(layout, found);
  find_containers(layout, engines, found, faults);
  return found;
}

bool remove_leftover(const LocalLeftover& leftover) {
  if (leftover.kind == LocalLeftover::Kind::artifact) return remove_artifact(leftover.place);
  remove_containers({leftover.engine, {}}, {leftover.place});
  return true;
}

}  // namespace kfrun::run
