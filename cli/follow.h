// Following a run by its record, while somebody else carries it.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "cli/screen.h"
#include "run/record.h"

namespace kfrun::cli {

// Shows the lines of a record, each once.
class RecordFollower {
 public:
  RecordFollower(run::RecordStore& store, std::string run) : store_(store), run_(std::move(run)) {}
  // Shows what is new; whether the run has ended.
  bool look(ProgressScreen& screen);

 private:
  run::RecordStore& store_;
  const std::string run_;
  std::size_t shown_ = 0;
  std::map<std::string, std::string> turns_;  // by instance, as the record tells of them
};

// Until the run has ended (true), or `is_over` says so (false), which is asked all the time.
bool follow(run::RecordStore& store, const std::string& run, ProgressScreen& screen, const std::function<bool()>& is_over);

}  // namespace kfrun::cli
