// Outputs of earlier attempts in a file of this machine: a line a key, shared by all runs. Lines are only added; once a
// process, a long file with many lines that count no more is written anew. (A file a key would cost the file system more than
// many a task.)
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "run/cache.h"

namespace kfrun::run {

class LocalCache : public Cache {
 public:
  // `state_directory` is LocalRecordStore's.
  explicit LocalCache(const std::string& state_directory);
  ~LocalCache() override;
  LocalCache(const LocalCache&) = delete;
  LocalCache& operator=(const LocalCache&) = delete;

  // Sees what other processes have kept in the meantime. Nothing when an artifact among the outputs is no longer in the store. A
  // line that cannot be read counts as none. After the machine was started anew, artifacts count only when their bytes have the
  // digest that was kept with them.
  std::optional<Values> find(const std::string& key) override;
  // What cannot be written is not kept: a full disk costs the cache, not the run.
  void keep(const std::string& key, const Values& outputs) override;

 private:
  struct Line {
    std::int64_t offset = 0;  // of what is behind the key
    std::size_t size = 0;
  };
  bool open(int flags);
  void read_news();
  void compact();
  std::string read(std::int64_t offset, std::size_t size) const;

  std::string path_;
  int file_ = -1;
  std::uint64_t inode_ = 0;  // of the file that is open
  std::int64_t read_to_ = 0;
  bool has_begun_ = false;
  std::unordered_map<std::string, Line> lines_;  // the last one of each key
};

}  // namespace kfrun::run
