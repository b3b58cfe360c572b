#include "run/driver.h"

#include "base/digest.h"
#include "run/steps.h"

namespace kfrun::run {

namespace {

using Steady = std::chrono::steady_clock;

// How long what was written may wait for the disk.
constexpr auto kFlushDelay = std::chrono::seconds(1);
// How often to ask whether to stop.
constexpr auto kStopInterval = std::chrono::seconds(1);
constexpr auto kLongWait = std::chrono::hours(1);

class Driver {
 public:
  Driver(Engine& engine, DriverParts& parts)
      : engine_(engine),
        parts_(parts),
        steps_(
            engine, [this](Work& work) { return look_up(work); },
            [this](const EngineEvent& event, const Work* work, std::vector<EngineCommand> commands) {
              take(event, work, std::move(commands));
            }) {}

  DriverResult run(Unfinished unfinished) {
    if (engine_.state() == State::pending) {
      steps_.apply(RunStarted{parts_.clock.now()});
    } else {
      resume(std::move(unfinished));
    }
    for (;;) {
      commit();
      if (result_) break;
      parts_.record.hold();
      ask_for_stop();
      if (ask_for_suspension()) return leave();
      if (!has_lines_) wait();
    }
    parts_.record.flush();
    parts_.cache.settle();
    parts_.executor.finish();
    return std::move(*result_);
  }

 private:
  // An attempt that was started and has not ended.
  struct Live {
    int attempt = 0;
    bool once = false;
    std::string cache_key;
  };
  struct News {
    Progress progress;
    std::optional<Outcome> outcome;
  };

  void resume(Unfinished unfinished) {
    steps_.timers = std::move(unfinished.timers);
    steps_.look_ups = std::move(unfinished.look_ups);
    steps_.last = unfinished.last;
    result_ = std::move(unfinished.result);
    for (const auto& entry : unfinished.missing) append(entry);
    std::set<AttemptId> begun_now;
    for (const auto& entry : unfinished.missing) {
      if (entry.kind == RecordEntry::Kind::attempt_started) begun_now.insert(entry.id);
    }
    std::vector<AttemptId> lost;
    for (auto& work : unfinished.live) {
      const bool is_new = begun_now.contains(work.id);
      const bool is_lost = work.task->once && !parts_.executor.adopts() && !is_new;
      if (is_lost) lost.push_back(work.id);
      if (!work.cache_key.empty()) keys_[work.id.instance] = work.cache_key;
      if (!is_new) adopted_.insert(work.id);
      start(std::move(work));
      if (is_lost) commands_.pop_back();
    }
    for (auto& id : unfinished.cancelled) commands_.push_back(CancelAttempt{std::move(id)});
    steps_.answer_look_ups();
    for (auto& id : lost) lose(std::move(id));
    if (!unfinished.retry || !result_ || result_->state == State::succeeded) return;
    result_.reset();
    steps_.apply(RetryRequested{parts_.clock.now()});
  }

  void lose(AttemptId id) {
    Outcome outcome;
    outcome.failure = FailureClass::infrastructure;
    outcome.reason = "Lost";
    outcome.message = "kfrun ended while it ran";
    steps_.apply(AttemptEnded{std::move(id), parts_.clock.now(), std::move(outcome)});
  }

  // All that wait for an answer are asked for together.
  void expect_look_ups() {
    std::vector<std::string> keys;
    for (auto& work : steps_.look_ups) {
      // The engine's key says nothing of this machine's files; a key that the task names says all there is to say.
      const std::string digest = work.task->cache_key.empty() ? parts_.executor.source_digest(work) : std::string();
      if (!digest.empty()) work.cache_key = sha256_hex(work.cache_key + "+" + digest);
      keys.push_back(work.cache_key);
    }
    expected_ = keys.size();
    try {
      parts_.cache.expect(keys);
    } catch (const Error&) {
      // find() will say so
    }
  }

  Steps::Answer look_up(Work& work) {
    if (expected_ == 0) expect_look_ups();
    --expected_;
    keys_[work.id.instance] = work.cache_key;
    try {
      auto outputs = parts_.cache.find(work.cache_key);
      if (outputs) parts_.executor.show_cached(work, *outputs);
      return {true, std::move(outputs)};
    } catch (const Error&) {
      return {true, std::nullopt};  // a cache out of reach costs time, not the run
    }
  }

  // Notes down what is to be recorded, told and done; nothing is done yet.
  void take(const EngineEvent& event, const Work* work, std::vector<EngineCommand> commands) {
    for (auto& command : commands) {
      if (auto* start = std::get_if<StartAttempt>(&command)) start->work.cache_key = key_of(start->work);
    }
    for (const auto& entry : record_entries(event, work, commands)) append(entry);
    if (std::holds_alternative<RunStarted>(event)) tell(InstanceChanged{"", State::running, ""}, nullptr);
    const auto* ended = std::get_if<AttemptEnded>(&event);
    if (ended) end(*ended);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      auto& command = commands[i];
      // An attempt is announced before it is started.
      const auto* next = i + 1 < commands.size() ? std::get_if<StartAttempt>(&commands[i + 1]) : nullptr;
      if (next) attempts_[next->work.id.instance] = next->work.id.attempt;
      if (auto* begun = std::get_if<StartAttempt>(&command)) {
        start(std::move(begun->work));
      } else if (std::holds_alternative<CancelAttempt>(command)) {
        commands_.push_back(std::move(command));
      } else if (const auto* changed = std::get_if<InstanceChanged>(&command)) {
        tell(*changed, ended);
      } else if (auto* over = std::get_if<RunEnded>(&command)) {
        tell(InstanceChanged{"", over->state, over->reason}, nullptr);
        result_ = DriverResult{over->state, over->reason, std::move(over->outputs)};
        must_flush_ = true;
      }
    }
  }

  std::string key_of(const Work& work) const {
    if (work.cache_key.empty()) return {};
    const auto key = keys_.find(work.id.instance);
    return key == keys_.end() ? work.cache_key : key->second;
  }

  void append(const RecordEntry& entry) {
    parts_.record.append(entry);
    has_lines_ = true;
  }

  void start(Work work) {
    attempts_[work.id.instance] = work.id.attempt;
    live_[work.id.instance] = {work.id.attempt, work.task->once, work.cache_key};
    must_flush_ = must_flush_ || work.task->once;
    commands_.push_back(StartAttempt{std::move(work)});
  }

  void end(const AttemptEnded& ended) {
    const auto live = live_.find(ended.id.instance);
    must_flush_ = must_flush_ || live->second.once;
    if (ended.outcome.failure == FailureClass::none) {
      if (!live->second.cache_key.empty()) kept_.emplace_back(std::move(live->second.cache_key), ended.outcome.outputs);
      keys_.erase(ended.id.instance);
    }
    live_.erase(live);
  }

  void tell(const InstanceChanged& changed, const AttemptEnded* ended) {
    if (!parts_.progress) return;
    News& news = news_.emplace_back();
    const auto attempt = attempts_.find(changed.instance);
    news.progress = {steps_.last,    changed.instance, changed.state, attempt == attempts_.end() ? 0 : attempt->second,
                     changed.reason, nullptr,          changed.turn};
    const bool is_its_end = ended && ended->id.instance == changed.instance && changed.state != State::running;
    if (is_its_end) news.outcome = ended->outcome;
  }

  // Record, then act.
  void commit() {
    if (has_lines_) {
      if (must_flush_) {
        parts_.record.flush();
        unflushed_since_.reset();
      } else {
        parts_.record.write();
        if (!unflushed_since_) unflushed_since_ = Steady::now();
      }
    }
    has_lines_ = must_flush_ = false;
    for (const auto& command : std::exchange(commands_, {})) {
      if (const auto* begun = std::get_if<StartAttempt>(&command)) {
        adopted_.erase(begun->work.id) > 0 ? parts_.executor.adopt(begun->work) : parts_.executor.start(begun->work);
      }
      if (const auto* cancel = std::get_if<CancelAttempt>(&command)) parts_.executor.cancel(cancel->id);
    }
    // While they run:
    for (auto& news : std::exchange(news_, {})) {
      if (news.outcome) news.progress.outcome = &*news.outcome;
      parts_.progress(news.progress);
    }
    for (const auto& [key, outputs] : std::exchange(kept_, {})) keep(key, outputs);
    if (unflushed_since_ && Steady::now() - *unflushed_since_ >= kFlushDelay) {
      parts_.record.flush();
      unflushed_since_.reset();
    }
  }

  void keep(const std::string& key, const Values& outputs) {
    try {
      parts_.cache.keep(key, outputs);
    } catch (const Error&) {
      // not kept
    }
  }

  void ask_for_stop() {
    if (is_stopping_ || !parts_.stop_reason) return;
    const std::string why = parts_.stop_reason();
    if (why.empty()) return;
    is_stopping_ = true;
    steps_.apply(StopRequested{parts_.clock.now(), why});
  }

  // Whether to leave the run.
  bool ask_for_suspension() {
    if (!parts_.suspension) return false;
    const Suspension wish = parts_.suspension();
    const bool is_held = !wish.why.empty() && (wish.leave || !is_stopping_);
    if (is_held && !engine_.suspended()) steps_.apply(Suspended{parts_.clock.now(), wish.why});
    if (!is_held && engine_.suspended()) steps_.apply(Continued{parts_.clock.now()});
    return is_held && wish.leave && live_.empty();
  }

  DriverResult leave() {
    commit();
    parts_.record.flush();
    parts_.cache.settle();
    parts_.executor.wait(Duration(0));  // nothing runs any more: this says that all has been recorded
    return result_ ? std::move(*result_) : DriverResult{State::running, "left before its end", {}};
  }

  void wait() {
    const TimePoint now = parts_.clock.now();
    Duration wait = kLongWait;
    if (!steps_.timers.empty()) wait = std::min<Duration>(wait, *steps_.timers.begin() - now);
    if (unflushed_since_) wait = std::min<Duration>(wait, kFlushDelay);
    if (parts_.stop_reason || parts_.suspension) wait = std::min<Duration>(wait, kStopInterval);
    for (auto& event : parts_.executor.wait(std::max(wait, Duration(0)))) {
      const auto& id = std::visit([](const auto& e) -> const AttemptId& { return e.id; }, event);
      const auto live = live_.find(id.instance);
      if (live == live_.end() || live->second.attempt != id.attempt) continue;  // told twice
      std::visit([this](auto& e) { steps_.apply(std::move(e)); }, event);
    }
    steps_.pass_time(parts_.clock.now());
  }

  Engine& engine_;
  DriverParts& parts_;
  Steps steps_;
  std::unordered_map<std::string, Live> live_;         // by instance
  std::unordered_map<std::string, int> attempts_;      // the last of each instance
  std::unordered_map<std::string, std::string> keys_;  // cache keys of instances that were looked up
  std::set<AttemptId> adopted_;                        // to be adopted, not started
  std::vector<EngineCommand> commands_;                // starts and cancellations to carry out, in order
  std::vector<News> news_;
  std::vector<std::pair<std::string, Values>> kept_;
  std::size_t expected_ = 0;  // of the look-ups, from the front
  std::optional<DriverResult> result_;
  std::optional<Steady::time_point> unflushed_since_;
  bool has_lines_ = false, must_flush_ = false, is_stopping_ = false;
};

}  // namespace

DriverResult drive(Engine& engine, DriverParts parts, Unfinished unfinished) {
  return Driver(engine, parts).run(std::move(unfinished));
}

}  // namespace kfrun::run
