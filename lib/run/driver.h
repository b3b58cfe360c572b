// Carries a run to its end: engine, executor, record and cache in one loop. Nothing here decides anything about graphs or
// processes; it only keeps the order that makes a run resumable: record, then act.
//
// What happened is written before anything follows from it, so that it survives a kill of this process. It reaches the disk in
// batches, at the latest a second later, except where losing it could do harm: around attempts of tasks that are to
// run once, and at the end of the run. A machine that loses power costs the last attempts before it, which run again.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

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
  std::string turn = {};             // of a loop, "rate=0.1,depth=3"
};
using ProgressSink = std::function<void(const Progress&)>;

struct DriverResult {
  State state = State::failed;
  std::string reason;
  Values outputs;
};

struct Suspension {
  std::string why;     // "": there is none
  bool leave = false;  // return when the attempts that run have ended
};

// Parts that a run needs, owned by the caller and outliving the call.
struct DriverParts {
  Executor& executor;
  RecordWriter& record;
  Cache& cache;
  Clock& clock;
  ProgressSink progress;
  // Asked at every turn, at least once a second: an empty string to go on, else why to stop (`kfrun stop`, --timeout).
  std::function<std::string()> stop_reason;
  // Asked likewise, once it need not stop: whether new attempts are to be held back (Ctrl-C, `kfrun suspend`).
  std::function<Suspension()> suspension = {};
};

// What a record that breaks off leaves to be done.
struct Unfinished {
  std::vector<RecordEntry> missing;  // lines that the record should hold by now
  std::vector<Work> live;            // attempts that have begun or were about to; to be started (adopted) again
  std::vector<AttemptId> cancelled;  // those of them that were told to end
  std::multiset<TimePoint> timers;
  std::deque<Work> look_ups;  // not yet answered
  TimePoint last;             // the time that the run has come to
  std::optional<DriverResult> result;
  bool retry = false;  // for the caller to set: begin another round, of what failed and what follows from it
};

// Brings a fresh engine (of the same pipeline, arguments and options) to where a record leaves off. The record may end after
// any of its lines. Throws Error(input) when the record is not of this pipeline.
Unfinished replay(Engine& engine, const std::vector<RecordEntry>& entries);

// Carries a fresh engine, or one that replay() brought on, to its end. The result's state is State::running when it was left
// before (Suspension::leave); the record then says how to go on. Throws Error(conflict) when another driver took the run over.
DriverResult drive(Engine& engine, DriverParts parts, Unfinished unfinished = {});

}  // namespace kfrun::run
