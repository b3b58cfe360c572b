// Attempts that only pretend to run, on a clock that jumps from event to event. What becomes of an attempt depends on the seed
// and its name alone, so an evaluation that knows nothing of time can say what a run must come to.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "run/executor.h"

namespace kfrun::run {

class SimulatedClock : public Clock {
 public:
  TimePoint now() override { return now_; }
  void advance_to(TimePoint time) { now_ = std::max(now_, time); }

 private:
  TimePoint now_{std::chrono::seconds(1'700'000'000)};
};

struct SimulatedFaults {
  int user = 12;           // percent of attempts that exit with a code of 1 to 3
  int infrastructure = 8;  // ... that are lost
  int configuration = 2;   // ... that can never start
  int echoes = 5;          // percent of events that are told twice
  int late = 2;            // percent of attempts that wait in vain for a node or an image
};

// What becomes of an attempt: its outcome (with outputs, of a success), and how long it takes.
struct SimulatedFate {
  Outcome outcome;
  std::chrono::milliseconds takes{};
};
SimulatedFate simulated_fate(std::uint64_t seed, const SimulatedFaults& faults, const Work& work);
// The outputs that a container task gives for its inputs.
Values simulated_outputs(const pipeline::Task& task, const Values& inputs);

class SimulatedExecutor : public Executor {
 public:
  SimulatedExecutor(SimulatedClock& clock, std::uint64_t seed, SimulatedFaults faults = {})
      : clock_(clock), seed_(seed), faults_(faults) {}

  void start(const Work& work) override;
  void cancel(const AttemptId& id) override;
  // Jumps to the next event, or by `wait` when that is sooner.
  std::vector<ExecutorEvent> wait(Duration wait) override;
  void wake() override {}
  int default_parallelism() const override { return 0; }
  bool idle() const { return events_.empty(); }

 private:
  using Key = std::pair<TimePoint, std::uint64_t>;
  void tell(TimePoint at, ExecutorEvent event);

  SimulatedClock& clock_;
  std::uint64_t seed_;
  SimulatedFaults faults_;
  std::uint64_t told_ = 0;
  std::map<Key, ExecutorEvent> events_;
  std::map<AttemptId, Key> ends_;  // of attempts that have not ended
};

}  // namespace kfrun::run
