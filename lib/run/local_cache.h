// Outputs of earlier attempts in a folder of this machine, a JSON file a key.
#pragma once

#include <string>

#include "run/cache.h"

namespace kfrun::run {

class LocalCache : public Cache {
 public:
  // `state_directory` is LocalRecordStore's.
  explicit LocalCache(const std::string& state_directory);
  // Nothing when an artifact among the outputs is no longer in the store. A file that cannot be read counts as none. After the
  // machine was started anew, artifacts count only when their bytes have the digest that was kept with them.
  std::optional<Values> find(const std::string& key) override;
  // What cannot be written is not kept: a full disk costs the cache, not the run.
  void keep(const std::string& key, const Values& outputs) override;

 private:
  std::string folder_;
  bool folder_is_there_ = false;
};

}  // namespace kfrun::run
