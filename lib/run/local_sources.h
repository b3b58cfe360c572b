// What a task's command names on this machine: scripts and data beside the pipeline file, by content.
#pragma once

#include <map>
#include <string>

#include "run/executor.h"

namespace kfrun::run {

class LocalSources {
 public:
  explicit LocalSources(std::string source_directory) : directory_(std::move(source_directory)) {}

  // SHA-256 in hex over the regular files that words of the command, of the arguments and of inputs name, alone ("train.py"),
  // behind a '=' ("--table=data.csv") or inside of a line for a shell ("python train.py | tee log"). Files below the source
  // folder count by their bytes, others by path, size and time of change. "" when there are none.
  // What those files read in their turn (modules, settings) is not seen: a task that depends on such says `cache: false`.
  std::string digest(const Work& work);

 private:
  std::string digest_of_file(const std::string& path);

  struct Known {
    std::string stamp;
    std::string digest;
  };
  std::string directory_;
  std::map<std::string, Known> known_;
};

}  // namespace kfrun::run
