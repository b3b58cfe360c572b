// Outputs of earlier attempts in a folder of this machine, a JSON file a key.
#pragma once

#include <string>

#include "run/cache.h"

namespace kfrun::run {

class LocalCache : public Cache {
 public:
  // `state_directory` is LocalRecordStore's.
  explicit LocalCache(const std::string& state_directory);
  // Nothing when an artifact among the outputs is no longer in the store. A file that cannot be read counts as none.
  std::optional<Values> find(const std::string& key) override;
  void keep(const std::string& key, const Values& outputs) override;

 private:
  std::string folder_;
};

}  // namespace kfrun::run
