// Time as text, as Go and Kubernetes write it, and a clock that tests can turn.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace kfrun {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

// Go's time.ParseDuration ("1h30m", "500ms", "1.5s"); a bare number is not a duration, "0" is. Nothing when it is not one.
std::optional<Duration> parse_duration(std::string_view text);
// Short form for people: "0.4s", "12s", "3m05s", "2h10m".
std::string to_string(Duration duration);

// RFC 3339 in UTC with milliseconds when they are not zero: "2026-11-24T04:58:05.120Z".
std::string to_rfc3339(TimePoint time);
// RFC 3339 with any offset and fraction; nothing when it is not a time.
std::optional<TimePoint> parse_rfc3339(std::string_view text);

// Where the time comes from. The engine never asks; its events carry times.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() = 0;
};

// The machine's clock.
Clock& system_clock();

}  // namespace kfrun
