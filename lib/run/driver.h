// Carries a run to its end: engine, executor, record and cache in one loop. Nothing here decides anything about graphs or
// processes; it only keeps the order that makes a run resumable (record, flush, then act).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "run/cache.h"
#include "run/engine.h"
#include "run/executor.h"
#include "run/record.h"

namespace kfrun::run {

// What happens, for screens: one call an event, after it was recorded.
struct Progress {
  TimePoint at;
  std::string instance;  // "" for the run itself
  State state = State::pending;
  int attempt = 0;
  std::string message;
  const Outcome* outcome = nullptr;  // of an attempt that just ended
};
using ProgressSink = std::function<void(const Progress&)>;

struct DriverResult {
  State state = State::failed;
  std::string reason;
  Values outputs;
};

// Parts that a run needs, owned by the caller and outliving the call.
struct DriverParts {
  Executor& executor;
  RecordWriter& record;
  Cache& cache;
  Clock& clock;
  ProgressSink progress;
  // Asked at every turn: an empty string to go on, else why to stop (Ctrl-C, `kfrun stop`, --timeout).
  std::function<std::string()> stop_reason;
};

DriverResult drive(Engine& engine, DriverParts parts);

}  // namespace kfrun::run
