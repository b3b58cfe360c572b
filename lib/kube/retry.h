// When a request is tried again, and after how long: pure policy, no clock and no random source of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace kfrun::kube {

// How one try ended below HTTP.
enum class Transport {
  answered,   // a whole answer came
  unsent,     // refused, no such host, TLS handshake broken off: the server surely did not see the request
  broken,     // reset, closed or truncated after it may have been seen
  timed_out,  // no answer in time after it may have been seen
  hopeless,   // wrong certificate, bad URL: the next try would end the same way
};

// What the policy looks at.
struct Outcome {
  Transport transport = Transport::answered;
  int status = 0;
  std::string_view message{};  // of the Status object: tells transient 409s and 500s from lasting ones
  std::optional<Duration> retry_after{};
  bool repeatable = false;  // a GET, or a request said to be idempotent
  bool any_fault = false;   // a 500 is retried whatever it says
};

// Whether another try can help and cannot do harm.
bool should_retry(const Outcome& outcome);

// Full jitter: a random part of 100 ms x 2^(failures-1), at most 30 s; on top of the server's Retry-After when it gave one.
// `failures` counts from 1, `random` is in [0, 1).
Duration retry_delay(int failures, std::optional<Duration> retry_after, double random);

// The value of a Retry-After header: seconds, or an HTTP date relative to `now`. At most 5 minutes. Nothing when unreadable.
std::optional<Duration> parse_retry_after(std::string_view value, TimePoint now);

}  // namespace kfrun::kube
