// The order in which events reach a run's engine. It is the same when they happen and when a record of them is replayed, so
// that a record need not hold what follows from it: timers that are due come before an event, look-ups are answered right after
// the event they arose from, and times never go backwards.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "run/engine.h"
#include "run/record.h"

namespace kfrun::run {

class Steps {
 public:
  // Told of every event that was applied, and of what the engine asks for because of it; timers and look-ups stay here. `work` is
  // what a CacheAnswered answers, else nullptr.
  using Sink = std::function<void(const EngineEvent& event, const Work* work, std::vector<EngineCommand> commands)>;
  struct Answer {
    bool is_known = true;  // else the look-up, and those behind it, stay open
    std::optional<Values> outputs;
  };
  using LookUp = std::function<Answer(Work& work)>;

  Steps(Engine& engine, LookUp look_up, Sink sink) : engine_(engine), look_up_(std::move(look_up)), sink_(std::move(sink)) {}

  void apply(EngineEvent event);
  // Fires the timers that are due.
  void pass_time(TimePoint now);
  void answer_look_ups();

  std::multiset<TimePoint> timers;
  std::deque<Work> look_ups;
  TimePoint last{};  // time of the last event

 private:
  void step(const EngineEvent& event, const Work* work);

  Engine& engine_;
  LookUp look_up_;
  Sink sink_;
};

// The lines of a record for an event and what the engine asked for because of it. What lines imply is left out: an attempt's
// start says that its instance runs, its success and a cache hit that it succeeded.
std::vector<RecordEntry> record_entries(const EngineEvent& event, const Work* work, const std::vector<EngineCommand>& commands);

}  // namespace kfrun::run
