// Where attempts run: processes on this machine, pods of a cluster, or a simulation. Executors know nothing of graphs,
// retries or caches; they start one attempt, cancel it, and tell how it ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "run/engine.h"
#include "run/state.h"

namespace kfrun::run {

// The run an executor works for.
struct RunContext {
  std::string id;                // unique: lower-case letters and digits, a valid DNS label of at most 30 characters
  std::string name;              // for people: the pipeline's name
  std::string name_space;        // cluster only
  std::string source_directory;  // where the pipeline file stands: local tasks find their scripts there
};

// News from an executor, in the order in which it happened.
using ExecutorEvent = std::variant<AttemptRunning, AttemptEnded>;

class Executor {
 public:
  virtual ~Executor() = default;

  // Starts an attempt; returns at once. Starting the same attempt again is harmless: it is adopted (a pod of that name is
  // accepted when its labels and input hash match). What goes wrong comes as AttemptEnded, never as an exception.
  virtual void start(const Work& work) = 0;
  // Starts an attempt that an earlier process was about to start or had started. One that is gone without a result ends as an
  // infrastructure failure: its command may have run.
  virtual void adopt(const Work& work) { start(work); }
  // Asks an attempt to end; it is given a grace period. Its end comes as AttemptEnded.
  virtual void cancel(const AttemptId& id) = 0;
  // Waits at most `wait` and gives what happened (possibly nothing). What an earlier call gave has been recorded when it is
  // called again. wake() makes it return early; it may be called from a signal handler.
  virtual std::vector<ExecutorEvent> wait(Duration wait) = 0;
  virtual void wake() = 0;
  // Whether start() finds an attempt again that an earlier process started. Where not, it begins anew, and tasks that are to run
  // once are given up.
  virtual bool adopts() const { return true; }
  // How many attempts may run at a time on this executor by default; 0: no limit.
  virtual int default_parallelism() const = 0;
  // What else decides this attempt's outputs here, beside its cache key: a digest of the files that its command names on this
  // machine, "" when there are none. Asked before the attempt is looked up in the cache.
  virtual std::string source_digest(const Work&) const { return {}; }
  // An attempt is spared because an earlier one made the same: for what an executor shows of a run's outputs.
  virtual void show_cached(const Work&, const Values& /*outputs*/) {}
  // Called once after the run ended and was recorded: scratch space goes.
  virtual void finish() {}
};

}  // namespace kfrun::run
