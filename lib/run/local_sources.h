// What a task's command names on this machine: scripts and data beside the pipeline file, by content.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/files.h"
#include "run/executor.h"

namespace kfrun::run {

class LocalSources {
 public:
  explicit LocalSources(const std::string& source_directory) : directory_(clean_path(source_directory)) {}

  // SHA-256 in hex over the regular files that words of the command, of the arguments, of the script and of inputs name, alone
  // ("train.py"), as a module ("-m steps.train", "import helper"), behind a '=' ("--table=data.csv") or inside of a line for a
  // shell ("python train.py | tee log"), from the source folder or the working directory. With a program's file come the files
  // of the same ending in its folder and below, since it may load them. Files below the source folder count by their bytes,
  // others by path, size and time of change. "" when there are none.
  // What else those files read (data, settings) is not seen: a task that depends on such says `cache: false`.
  std::string digest(const Work& work);

 private:
  bool is_below(const std::string& path) const { return path.starts_with(directory_ + "/"); }
  std::string place_of(const std::string& file) const;
  std::string digest_of_file(const std::string& path);
  // The files of that ending in the folder and below; a list is believed for a second.
  const std::set<std::string>& files_below(const std::string& folder, const std::string& ending);

  struct Known {
    std::string stamp;
    std::string digest;
  };
  std::string directory_;
  std::map<std::string, Known> known_;
  struct Listing {
    std::chrono::steady_clock::time_point made;
    std::set<std::string> files;
  };
  std::map<std::pair<std::string, std::string>, Listing> listings_;
};

}  // namespace kfrun::run
