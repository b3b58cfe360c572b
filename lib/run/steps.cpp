#include "run/steps.h"

namespace kfrun::run {

namespace {

using Kind = RecordEntry::Kind;

TimePoint time_of(const EngineEvent& event) {
  return std::visit([](const auto& e) { return e.at; }, event);
}

RecordEntry entry_of(Kind kind, TimePoint at, AttemptId id = {}) {
  RecordEntry entry;
  entry.kind = kind;
  entry.at = at;
  entry.id = std::move(id);
  return entry;
}

std::optional<RecordEntry> entry_of(const EngineEvent& event, const Work* work) {
  const TimePoint at = time_of(event);
  if (std::holds_alternative<RunStarted>(event)) return entry_of(Kind::run_started, at);
  if (const auto* ended = std::get_if<AttemptEnded>(&event)) {
    RecordEntry entry = entry_of(Kind::attempt_ended, at, ended->id);
    entry.outcome = ended->outcome;
    return entry;
  }
  if (const auto* stop = std::get_if<StopRequested>(&event)) {
    RecordEntry entry = entry_of(Kind::stop_requested, at);
    entry.reason = stop->why;
    return entry;
  }
  if (const auto* suspended = std::get_if<Suspended>(&event)) {
    RecordEntry entry = entry_of(Kind::suspended, at);
    entry.reason = suspended->why;
    return entry;
  }
  if (std::holds_alternative<Continued>(event)) return entry_of(Kind::continued, at);
  if (std::holds_alternative<RetryRequested>(event)) return entry_of(Kind::retry_requested, at);
  const auto* answer = std::get_if<CacheAnswered>(&event);
  if (!answer || !answer->outputs || !work) return std::nullopt;
  RecordEntry entry = entry_of(Kind::cache_hit, at, {answer->instance, 0});
  entry.cache_key = work->cache_key;
  entry.turn = work->turn;
  entry.inputs = work->inputs;
  entry.outputs = *answer->outputs;
  return entry;
}

bool is_implied(const InstanceChanged& changed, const EngineEvent& event, const EngineCommand* next) {
  if (changed.state == State::running) {
    const auto* start = next ? std::get_if<StartAttempt>(next) : nullptr;
    return start && start->work.id.instance == changed.instance;
  }
  if (changed.state == State::succeeded) {
    const auto* ended = std::get_if<AttemptEnded>(&event);
    return ended && ended->id.instance == changed.instance;
  }
  if (changed.state == State::cached) {
    const auto* answer = std::get_if<CacheAnswered>(&event);
    return answer && answer->instance == changed.instance;
  }
  return false;
}

}  // namespace

void Steps::apply(EngineEvent event) {
  const TimePoint at = std::max(last, time_of(event));
  std::visit([at](auto& e) { e.at = at; }, event);
  pass_time(at);
  step(event, nullptr);
  answer_look_ups();
}

void Steps::pass_time(TimePoint now) {
  while (!timers.empty() && *timers.begin() <= now) {
    const TimePoint due = *timers.begin();
    timers.erase(due);
    step(TimePassed{std::max(last, due)}, nullptr);
    answer_look_ups();
  }
}

void Steps::answer_look_ups() {
  while (!look_ups.empty()) {
    Work& work = look_ups.front();
    Answer answer = look_up_(work);
    if (!answer.is_known) return;
    const Work answered = std::move(work);
    look_ups.pop_front();
    step(CacheAnswered{answered.id.instance, last, std::move(answer.outputs)}, &answered);
  }
}

void Steps::step(const EngineEvent& event, const Work* work) {
  last = time_of(event);
  engine_.apply(event);
  std::vector<EngineCommand> others;
  for (auto& command : engine_.next()) {
    if (const auto* wake = std::get_if<WakeAt>(&command)) {
      timers.insert(wake->at);
    } else if (auto* look_up = std::get_if<LookUpCache>(&command)) {
      look_ups.push_back(std::move(look_up->work));
    } else {
      others.push_back(std::move(command));
    }
  }
  sink_(event, work, std::move(others));
}

std::vector<RecordEntry> record_entries(const EngineEvent& event, const Work* work, const std::vector<EngineCommand>& commands) {
  const TimePoint at = time_of(event);
  std::vector<RecordEntry> entries;
  if (auto entry = entry_of(event, work)) entries.push_back(std::move(*entry));
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (const auto* start = std::get_if<StartAttempt>(&commands[i])) {
      RecordEntry& entry = entries.emplace_back(entry_of(Kind::attempt_started, at, start->work.id));
      entry.task = start->work.task->name;
      entry.turn = start->work.turn;
      entry.cache_key = start->work.cache_key;
      entry.inputs = start->work.inputs;
    } else if (const auto* changed = std::get_if<InstanceChanged>(&commands[i])) {
      if (is_implied(*changed, event, i + 1 < commands.size() ? &commands[i + 1] : nullptr)) continue;
      RecordEntry& entry = entries.emplace_back(entry_of(Kind::instance, at, {changed->instance, 0}));
      entry.state = changed->state;
      entry.reason = changed->reason;
      entry.turn = changed->turn;
    } else if (const auto* ended = std::get_if<RunEnded>(&commands[i])) {
      RecordEntry& entry = entries.emplace_back(entry_of(Kind::run_ended, at));
      entry.state = ended->state;
      entry.reason = ended->reason;
      entry.outputs = ended->outputs;
    }
  }
  return entries;
}

}  // namespace kfrun::run
