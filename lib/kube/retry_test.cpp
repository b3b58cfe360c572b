#include "kube/retry.h"

#include "base/test.h"

namespace kfrun::kube {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("what the server surely did not act on is sent again, writes included") {
  for (const bool repeatable : {false, true}) {
    CHECK(should_retry({.status = 429, .repeatable = repeatable}));
    CHECK(should_retry({.status = 503, .repeatable = repeatable}));
    CHECK(should_retry({.transport = Transport::unsent, .repeatable = repeatable}));
    CHECK(should_retry({.status = 409,
                        .message = "Operation cannot be fulfilled on resourcequotas \"q\": the object has been modified",
                        .repeatable = repeatable}));
  }
}

TEST_CASE("an ambiguous end is followed by another try only where that is safe") {
  for (const bool repeatable : {false, true}) {
    CHECK(should_retry({.transport = Transport::broken, .repeatable = repeatable}) == repeatable);
    CHECK(should_retry({.transport = Transport::timed_out, .repeatable = repeatable}) == repeatable);
    CHECK(should_retry({.status = 502, .repeatable = repeatable}) == repeatable);
    CHECK(should_retry({.status = 504, .repeatable = repeatable}) == repeatable);
    CHECK(should_retry({.status = 500, .message = "etcdserver: leader changed", .repeatable = repeatable}) == repeatable);
  }
}

TEST_CASE("who would rather wait than give up repeats what fails for reasons that may last") {
  for (const bool repeatable : {false, true}) {
    CHECK(should_retry({.status = 500, .message = "failed calling webhook", .repeatable = repeatable, .any_fault = true}) ==
          repeatable);
  }
  CHECK_FALSE(should_retry({.status = 422, .repeatable = true, .any_fault = true}));
}

TEST_CASE("a lasting answer is not asked for twice") {
  for (const int status : {200, 201, 400, 401, 403, 404, 409, 410, 413, 422, 501}) {
    CAPTURE(status);
    CHECK_FALSE(should_retry({.status = status, .repeatable = true}));
  }
  CHECK_FALSE(should_retry({.status = 500, .message = "failed to create typed patch object", .repeatable = true}));
  CHECK_FALSE(should_retry({.status = 409, .message = "pods \"x\" already exists", .repeatable = true}));
  CHECK_FALSE(should_retry({.transport = Transport::hopeless, .repeatable = true}));
}

TEST_CASE("back-off doubles to 30 s, spread over its whole length") {
  CHECK(retry_delay(1, {}, 0) == milliseconds(0));
  CHECK(retry_delay(1, {}, 0.5) == milliseconds(50));
  CHECK(retry_delay(2, {}, 0.5) == milliseconds(100));
  CHECK(retry_delay(5, {}, 0.5) == milliseconds(800));
  CHECK(retry_delay(9, {}, 0.5) == milliseconds(12800));
  CHECK(retry_delay(10, {}, 0.5) == seconds(15));
  CHECK(retry_delay(1000000, {}, 0.5) == seconds(15));
  CHECK(retry_delay(1, seconds(2), 0.5) == milliseconds(2050));
}

TEST_CASE("Retry-After is seconds or a date") {
  const auto now = *parse_rfc3339("2026-11-24T05:00:00Z");
  CHECK(parse_retry_after("3", now) == seconds(3));
  CHECK(parse_retry_after(" 0 ", now) == seconds(0));
  CHECK(parse_retry_after("Tue, 24 Nov 2026 05:00:20 GMT", now) == seconds(20));
  CHECK(parse_retry_after("Tue, 24 Nov 2026 04:00:00 GMT", now) == seconds(0));
  CHECK(parse_retry_after("99999999", now) == std::chrono::minutes(5));
  CHECK(parse_retry_after("-1", now) == std::nullopt);
  CHECK(parse_retry_after("soon", now) == std::nullopt);
  CHECK(parse_retry_after("", now) == std::nullopt);
}

}  // namespace kfrun::kube
