// From a record back to the state of its run, and to what is left to be done.
#include <algorithm>
#include <tuple>

#include "run/driver.h"
#include "run/steps.h"

namespace kfrun::run {

namespace {

using Kind = RecordEntry::Kind;

// The lines that brought something new; all others follow from them.
bool is_event(const RecordEntry& entry) {
  switch (entry.kind) {
    case Kind::run_started:
    case Kind::attempt_ended:
    case Kind::stop_requested:
    case Kind::suspended:
    case Kind::continued:
    case Kind::retry_requested:
      return true;
    case Kind::attempt_started:
    case Kind::cache_hit:
    case Kind::instance:
    case Kind::run_ended:
      return false;
  }
  return false;
}

EngineEvent event_of(const RecordEntry& entry) {
  switch (entry.kind) {
    case Kind::run_started:
      return RunStarted{entry.at};
    case Kind::stop_requested:
      return StopRequested{entry.at, entry.reason};
    case Kind::suspended:
      return Suspended{entry.at, entry.reason};
    case Kind::continued:
      return Continued{entry.at};
    case Kind::retry_requested:
      return RetryRequested{entry.at};
    default:
      return AttemptEnded{entry.id, entry.at, entry.outcome};
  }
}

// What tells the lines that follow from one event.
using Line = std::tuple<Kind, AttemptId, State>;
Line line_of(const RecordEntry& entry) { return {entry.kind, entry.id, entry.state}; }

class Replay {
 public:
  Replay(Engine& engine, const std::vector<RecordEntry>& entries)
      : entries_(entries),
        steps_(
            engine, [this](Work& work) { return answer(work); },
            [this](const EngineEvent& event, const Work* work, std::vector<EngineCommand> commands) {
              note(event, work, std::move(commands));
            }) {
    int round = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (is_event(entries[i])) last_event_ = i;
      if (entries[i].kind == Kind::retry_requested) ++round;
      if (entries[i].kind == Kind::cache_hit) hits_.emplace(std::pair(round, entries[i].id.instance), &entries[i]);
      if (entries[i].kind == Kind::attempt_started) {
        keys_.emplace(std::pair(round, entries[i].id.instance), &entries[i].cache_key);
      }
    }
  }

  Unfinished run() {
    if (entries_.empty()) return {};
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!is_event(entries_[i])) continue;
      at_tail_ = i == last_event_;
      steps_.pass_time(entries_[i].at);
      lines_.clear();
      if (entries_[i].kind == Kind::retry_requested) {
        ++round_;
        unfinished_.result.reset();
      }
      steps_.apply(event_of(entries_[i]));
      if (entries_[i].kind == Kind::attempt_ended && !ended_.count(entries_[i].id)) refuse(entries_[i]);
    }
    // A line's time says that the timers up to it have been heard.
    if (steps_.look_ups.empty()) steps_.pass_time(entries_.back().at);
    return take();
  }

 private:
  [[noreturn]] static void refuse(const RecordEntry& entry) {
    throw input_error({}, "the record is not of this pipeline: {} ended without having been started", to_string(entry.id));
  }

  // Hits are in the record; what is not there was a miss, except that the last look-ups may not have been made.
  Steps::Answer answer(Work& work) {
    const std::string& instance = work.id.instance;
    if (at_tail_ && made_ == 0) count_made();
    const bool is_made = std::exchange(made_, made_ > 0 ? made_ - 1 : 0) > 0;
    if (const auto hit = hits_.find({round_, instance}); hit != hits_.end()) {
      work.cache_key = hit->second->cache_key;
      return {true, hit->second->outputs};
    }
    return {!at_tail_ || is_made, std::nullopt};
  }

  // Look-ups are made in order: of those that are open, up to the last one that the record knows of.
  void count_made() {
    const auto& open = steps_.look_ups;
    const auto last = std::find_if(open.rbegin(), open.rend(), [&](const Work& work) { return is_known(work.id.instance); });
    made_ = static_cast<std::size_t>(open.rend() - last);
  }

  bool is_known(const std::string& instance) const {
    return hits_.count({round_, instance}) > 0 || keys_.count({round_, instance}) > 0;
  }

  void note(const EngineEvent& event, const Work* work, std::vector<EngineCommand> commands) {
    if (const auto* ended = std::get_if<AttemptEnded>(&event)) {
      if (live_.erase(ended->id) > 0) ended_.insert(ended->id);
    }
    for (auto& command : commands) {
      if (auto* start = std::get_if<StartAttempt>(&command)) {
        // With what this machine's files add to it; see Executor::source_digest().
        if (const auto key = keys_.find({round_, start->work.id.instance}); key != keys_.end())
          start->work.cache_key = *key->second;
        live_.emplace(start->work.id, start->work);
      } else if (const auto* cancel = std::get_if<CancelAttempt>(&command)) {
        unfinished_.cancelled.push_back(cancel->id);
      } else if (const auto* ended = std::get_if<RunEnded>(&command)) {
        unfinished_.result = DriverResult{ended->state, ended->reason, ended->outputs};
      }
    }
    auto lines = record_entries(event, work, commands);
    lines_.insert(lines_.end(), std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end()));
  }

  Unfinished take() {
    std::set<Line> tail;
    for (auto entry = last_event_; entry < entries_.size(); ++entry) tail.insert(line_of(entries_[entry]));
    for (auto& line : lines_) {
      if (!tail.contains(line_of(line))) unfinished_.missing.push_back(std::move(line));
    }
    for (auto& [id, work] : live_) unfinished_.live.push_back(std::move(work));
    std::erase_if(unfinished_.cancelled, [&](const AttemptId& id) { return live_.count(id) == 0; });
    unfinished_.timers = std::move(steps_.timers);
    unfinished_.look_ups = std::move(steps_.look_ups);
    unfinished_.last = std::max(steps_.last, entries_.back().at);
    return std::move(unfinished_);
  }

  const std::vector<RecordEntry>& entries_;
  Steps steps_;
  std::size_t last_event_ = 0;
  bool at_tail_ = false;
  std::size_t made_ = 0;                      // at the tail: how many of the open look-ups, from the front, were made
  using Place = std::pair<int, std::string>;  // the round, and an instance in it
  std::map<Place, const RecordEntry*> hits_;
  std::map<Place, const std::string*> keys_;  // of instances that were started
  int round_ = 0;
  std::map<AttemptId, Work> live_;
  std::set<AttemptId> ended_;
  std::vector<RecordEntry> lines_;  // since the last event
  Unfinished unfinished_;
};

}  // namespace

Unfinished replay(Engine& engine, const std::vector<RecordEntry>& entries) { return Replay(engine, entries).run(); }

}  // namespace kfrun::run
