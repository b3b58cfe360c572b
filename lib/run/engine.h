// The run engine: a pure state machine from events to commands. No input or output, no clock, no threads.
//
// The driver (driver.h) feeds it what executors and the user report and carries out what it asks for. A simulated executor
// drives it through random pipelines with random faults from a seed. The same events in the same order give the same state,
// so a run is resumed by replaying its record.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pipeline/dag.h"
#include "run/state.h"

namespace kfrun::run {

// What the engine is told. Every event carries its time; times never go backwards.
struct RunStarted {
  TimePoint at;
};
struct AttemptRunning {
  AttemptId id;
  TimePoint at;
  std::string message;
};  // its command began; or news while it waits ("pulling image")
struct AttemptEnded {
  AttemptId id;
  TimePoint at;
  Outcome outcome;
};
struct CacheAnswered {
  std::string instance;
  TimePoint at;
  std::optional<Values> outputs;
};
struct TimePassed {
  TimePoint at;
};
struct StopRequested {
  TimePoint at;
  std::string why;
};  // running attempts are cancelled, then `finally` runs
struct Suspended {
  TimePoint at;
  std::string why;
};  // nothing new starts; what runs goes on to its end. A stop ends it too
struct Continued {
  TimePoint at;
};
// A run that ended without success goes on: what succeeded and does not follow from anything that runs again is kept, all else
// runs again, with attempts that count on from the last ones. Finals always run again.
struct RetryRequested {
  TimePoint at;
};
using EngineEvent = std::variant<RunStarted, AttemptRunning, AttemptEnded, CacheAnswered, TimePassed, StopRequested, Suspended,
                                 Continued, RetryRequested>;

// What one attempt is to do, everything resolved but the paths that the executor chooses.
struct Work {
  AttemptId id;
  const pipeline::Task* task = nullptr;  // lives as long as the Engine
  Values inputs;
  int loop_index = -1;
  std::string cache_key;  // "" when the task is not cached
  std::string turn = {};  // of a loop, for people: "rate=0.1,depth=3"; "" outside of loops
};

// What the engine asks for. Each command is given exactly once.
struct StartAttempt {
  Work work;
};
struct CancelAttempt {
  AttemptId id;
};  // answered by AttemptEnded with FailureClass::stopped (or what it became)
struct LookUpCache {
  Work work;
};  // answered by CacheAnswered
struct WakeAt {
  TimePoint at;
};  // answered by TimePassed at or after that time
struct InstanceChanged {
  std::string instance;
  State state;
  std::string reason;
  std::string turn = {};  // see Work
};                        // for screens and records
struct RunEnded {
  State state;
  Values outputs;
  std::string reason;
};
using EngineCommand = std::variant<StartAttempt, CancelAttempt, LookUpCache, WakeAt, InstanceChanged, RunEnded>;

struct EngineOptions {
  std::string run_id;
  std::string run_name;
  std::string name_space;
  std::string workspace;           // the folder that the run's tasks share, as they see it
  int max_parallel = 0;            // attempts at a time; 0: no limit
  int infrastructure_retries = 5;  // free retries of one instance
  bool cache = true;
  bool fail_fast = false;
};

// What is known about one instance (a task, one turn of a loop, a task inside a sub-dag).
struct InstanceView {
  std::string path;
  const pipeline::Task* task = nullptr;
  State state = State::pending;
  int attempts = 0;             // started so far
  std::string reason;           // why it is in that state, for people
  std::optional<Outcome> last;  // of the last ended attempt
  Values outputs;
  std::optional<TimePoint> started, ended;
};

class Engine {
 public:
  // `arguments` come from pipeline::bind_arguments(). The pipeline is kept.
  Engine(std::shared_ptr<const pipeline::Pipeline> pipeline, Values arguments, EngineOptions options);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  // Events that no longer matter (an attempt that is already recorded, a stale timer) change nothing.
  void apply(const EngineEvent& event);
  // The commands that arose since the last call, in order.
  std::vector<EngineCommand> next();

  bool ended() const;
  bool suspended() const;
  State state() const;
  // Every instance that exists so far, in order of appearance.
  std::vector<InstanceView> instances() const;
  // The state as text, for tests and bug reports.
  std::string to_text() const;

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace kfrun::run
