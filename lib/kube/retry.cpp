#include "kube/retry.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/text.h"

namespace kfrun::kube {

namespace {

constexpr Duration kFirstDelay = std::chrono::milliseconds(100);
constexpr Duration kLongestDelay = std::chrono::seconds(30);
constexpr Duration kLongestRetryAfter = std::chrono::minutes(5);

// Texts of 500s that pass by themselves (the list of Argo's util/errors and kubectl's issues).
bool is_transient_server_fault(std::string_view message) {
  for (const std::string_view text :
       {"etcdserver: leader changed", "etcdserver: request timed out", "etcdserver: too many requests",
        "resource quota evaluation timed out", "the server is currently unable to handle the request"}) {
    if (message.find(text) != std::string_view::npos) return true;
  }
  return false;
}

// The quota controller lost a race against itself: nothing was created, and no object of the caller is in conflict.
bool is_quota_race(std::string_view message) {
  return message.find("Operation cannot be fulfilled on resourcequotas") != std::string_view::npos;
}

std::optional<TimePoint> parse_http_date(std::string_view value) {
  std::tm time{};
  const char* end = ::strptime(std::string(value).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (end == nullptr) return std::nullopt;
  return TimePoint(std::chrono::seconds(::timegm(&time)));
}

}  // namespace

bool should_retry(const Outcome& outcome) {
  switch (outcome.transport) {
    case Transport::hopeless:
      return false;
    case Transport::unsent:
      return true;
    case Transport::broken:
    case Transport::timed_out:
      return outcome.repeatable;
    case Transport::answered:
      break;
  }
  switch (outcome.status) {
    case 429:
    case 503:
      return true;
    case 409:
      return is_quota_race(outcome.message);
    case 500:
      return outcome.repeatable && (outcome.any_fault || is_transient_server_fault(outcome.message));
    case 502:
    case 504:
      return outcome.repeatable;
    default:
      return false;
  }
}

Duration retry_delay(int failures, std::optional<Duration> retry_after, double random) {
  const double longest = static_cast<double>(kFirstDelay.count()) * std::pow(2.0, std::clamp(failures - 1, 0, 20));
  const double bound = std::min(longest, static_cast<double>(kLongestDelay.count()));
  const Duration jitter(static_cast<Duration::rep>(bound * random));
  return retry_after.value_or(Duration::zero()) + jitter;
}

std::optional<Duration> parse_retry_after(std::string_view value, TimePoint now) {
  value = trim(value);
  Duration delay{};
  if (const auto seconds = parse_integer(value)) {
    if (*seconds < 0) return std::nullopt;
    delay = std::chrono::seconds(std::min<long long>(*seconds, 86400));
  } else if (const auto date = parse_http_date(value)) {
    delay = std::max<Duration>(*date - now, Duration::zero());
  } else {
    return std::nullopt;
  }
  return std::min(delay, kLongestRetryAfter);
}

}  // namespace kfrun::kube
