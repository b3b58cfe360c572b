#include "cli/follow.h"

#include <thread>

namespace kfrun::cli {

namespace {

using Kind = run::RecordEntry::Kind;

constexpr auto kLook = std::chrono::milliseconds(300);

run::State state_of(const run::RecordEntry& entry) {
  switch (entry.kind) {
    case Kind::attempt_ended:
      return entry.outcome.failure == run::FailureClass::none ? run::State::succeeded : run::State::pending;
    case Kind::cache_hit:
      return run::State::cached;
    case Kind::instance:
    case Kind::run_ended:
      return entry.state;
    default:
      return run::State::running;
  }
}

std::string message_of(const run::RecordEntry& entry) {
  if (entry.kind == Kind::suspended) return "suspended: " + entry.reason;
  if (entry.kind == Kind::continued) return "continued";
  if (entry.kind == Kind::retry_requested) return "what failed runs again";
  if (entry.kind == Kind::attempt_ended) return entry.outcome.message.empty() ? entry.outcome.reason : entry.outcome.message;
  return entry.reason;
}

}  // namespace

bool RecordFollower::look(ProgressScreen& screen) {
  const auto entries = store_.entries(run_);
  for (; shown_ < entries.size(); ++shown_) {
    const auto& entry = entries[shown_];
    const auto* outcome = entry.kind == Kind::attempt_ended ? &entry.outcome : nullptr;
    auto& turn = turns_[entry.id.instance];
    if (!entry.turn.empty()) turn = entry.turn;
    screen.show({entry.at, entry.id.instance, state_of(entry), entry.id.attempt, message_of(entry), outcome, turn});
  }
  screen.tick(system_clock().now());
  return run::is_final(run::summarise({}, entries).state);
}

bool follow(run::RecordStore& store, const std::string& run, ProgressScreen& screen, const std::function<bool()>& is_over) {
  RecordFollower follower(store, run);
  while (!follower.look(screen)) {
    if (is_over()) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace kfrun::cli
