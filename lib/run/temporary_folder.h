// A folder for one test, gone with it.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "run/local_files.h"

namespace kfrun::run {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/kfrun-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TemporaryFolder() { remove_tree(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace kfrun::run
