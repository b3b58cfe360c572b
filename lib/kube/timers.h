// What is to be called when: a queue of actions by time.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace kfrun::kube {

class Timers {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Id = std::pair<Time, unsigned long long>;

  Id add(Time at, std::function<void()> action) {
    const Id id{at, ++count_};
    actions_.emplace(id, std::move(action));
    return id;
  }
  // Nothing happens when it was called already.
  void cancel(const Id& id) { actions_.erase(id); }
  std::optional<Time> next() const {
    return actions_.empty() ? std::nullopt : std::optional<Time>(actions_.begin()->first.first);
  }
  // The earliest action that is due, taken out; empty when none is.
  std::function<void()> take_due(Time now) {
    if (actions_.empty() || actions_.begin()->first.first > now) return {};
    auto action = std::move(actions_.begin()->second);
    actions_.erase(actions_.begin());
    return action;
  }

 private:
  std::map<Id, std::function<void()>> actions_;
  unsigned long long count_ = 0;
};

}  // namespace kfrun::kube
