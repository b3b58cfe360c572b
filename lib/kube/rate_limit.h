// How closely requests may follow one another: no faster than a ceiling, and slower for a while where the server says 429.
// Pure policy: halved with each 429, then growing by a little each second (additive increase, multiplicative decrease).
#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "base/time.h"

namespace kfrun::kube {

class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Requests a second at most; absent: as many as the server takes.
  explicit RateLimit(std::optional<double> ceiling) : ceiling_(ceiling), rate_(ceiling) {}

  // When the next request may begin; not after `now`: at once.
  Time next() const;
  // A request begins, by permission or without.
  void begin(Time now);
  // A request that began at `began` was answered 429. Nothing begins before `retry_after` (at most 30 s of it) is over; the rate
  // is half of what it was, unless that request is older than the last halving.
  void refuse(Time began, Time now, Duration retry_after);
  // Requests a second at present; absent: no limit.
  std::optional<double> rate() const { return rate_; }

 private:
  void grow(Time now);
  double seen(Time now);

  std::optional<double> ceiling_, rate_;
  double refused_ = 0;  // the rate at which the server last said 429
  Time slot_{};         // when the next request would begin if all were evenly spaced
  Time held_{};         // the end of the last Retry-After
  Time halved_{}, grown_{};
  std::deque<Time> begun_;  // in the last second
};

}  // namespace kfrun::kube
