#include "run/simulated_executor.h"

#include "document/writer.h"
#include "run/random.h"

namespace kfrun::run {

using std::chrono::milliseconds;

Values simulated_outputs(const pipeline::Task& task, const Values& inputs) {
  std::string text;
  for (const auto& [name, value] : inputs) text += name + "=" + document::write_json(value) + "\n";
  Values outputs;
  for (const auto& output : task.outputs) {
    Random random(seed_of(seed_of(0, text), task.name + output.name));
    if (output.type.kind == pipeline::TypeKind::integer) outputs[output.name] = Value::integer(random.below(1000));
    if (output.type.kind == pipeline::TypeKind::boolean) outputs[output.name] = Value::boolean(random.percent(50));
    if (output.type.kind == pipeline::TypeKind::list) {
      Value list = Value::sequence();
      for (int i = random.below(4); i > 0; --i) list.push_back(Value::integer(random.below(10)));
      outputs[output.name] = std::move(list);
    }
  }
  return outputs;
}

SimulatedFate simulated_fate(std::uint64_t seed, const SimulatedFaults& faults, const Work& work) {
  Random random(seed_of(seed, to_string(work.id)));
  SimulatedFate fate;
  fate.takes = milliseconds(1 + random.below(8000));
  int roll = random.below(100);
  const auto is = [&](int chance) { return (roll -= chance) < 0; };
  if (is(faults.user)) {
    fate.outcome.failure = FailureClass::user;
    fate.outcome.exit_code = 1 + random.below(3);
  } else if (is(faults.infrastructure)) {
    fate.outcome.failure = FailureClass::infrastructure;
    fate.outcome.reason = "Evicted";
  } else if (is(faults.configuration)) {
    fate.outcome.failure = FailureClass::configuration;
    fate.outcome.reason = "InvalidImageName";
    fate.takes = milliseconds(0);
  } else if (is(faults.late)) {
    fate.outcome.failure = random.percent(50) ? FailureClass::unschedulable : FailureClass::image_pull;
  } else if (work.task->timeout && fate.takes > *work.task->timeout) {
    fate.takes = std::chrono::ceil<milliseconds>(*work.task->timeout);
    fate.outcome.failure = FailureClass::user;
    fate.outcome.reason = "DeadlineExceeded";
    fate.outcome.exit_code = 143;
  } else {
    fate.outcome.outputs = simulated_outputs(*work.task, work.inputs);
  }
  return fate;
}

void SimulatedExecutor::tell(TimePoint at, ExecutorEvent event) {
  // Order among events of one moment must not matter: it is shuffled by the seed.
  const Key key{at, Random(seed_ + ++told_).next()};
  if (const auto* ended = std::get_if<AttemptEnded>(&event)) ends_.emplace(ended->id, key);
  if (Random(key.second).percent(faults_.echoes)) {
    events_.emplace(Key{at + milliseconds(Random(key.second + 1).below(3000)), key.second + 1}, event);
  }
  events_.emplace(key, std::move(event));
}

void SimulatedExecutor::start(const Work& work) {
  SimulatedFate fate = simulated_fate(seed_, faults_, work);
  const TimePoint now = clock_.now();
  fate.outcome.started = now;
  tell(now, AttemptRunning{work.id, now, "pulling image"});
  const TimePoint end = now + fate.takes;
  tell(now + fate.takes / 3, AttemptRunning{work.id, now + fate.takes / 3, ""});
  tell(end, AttemptEnded{work.id, end, std::move(fate.outcome)});
}

void SimulatedExecutor::cancel(const AttemptId& id) {
  const auto found = ends_.find(id);
  if (found == ends_.end()) return;  // it has ended; the engine will hear of it
  const TimePoint end = clock_.now() + milliseconds(Random(seed_of(seed_, "cancel" + to_string(id))).below(2000));
  if (end >= found->second.first) return;  // it ends by itself before it heeds us
  events_.erase(found->second);
  ends_.erase(found);
  Outcome outcome;
  outcome.failure = FailureClass::stopped;
  outcome.exit_code = 143;
  tell(end, AttemptEnded{id, end, std::move(outcome)});
}

std::vector<ExecutorEvent> SimulatedExecutor::wait(Duration wait) {
  const TimePoint limit = clock_.now() + std::chrono::ceil<milliseconds>(wait);
  if (events_.empty() || events_.begin()->first.first > limit) {
    clock_.advance_to(limit);
    return {};
  }
  const TimePoint at = events_.begin()->first.first;
  clock_.advance_to(at);
  std::vector<ExecutorEvent> list;
  while (!events_.empty() && events_.begin()->first.first <= at) {
    const auto first = events_.begin();
    if (const auto* ended = std::get_if<AttemptEnded>(&first->second)) {
      const auto end = ends_.find(ended->id);
      if (end != ends_.end() && end->second == first->first) ends_.erase(end);
    }
    list.push_back(std::move(first->second));
    events_.erase(first);
  }
  return list;
}

}  // namespace kfrun::run
