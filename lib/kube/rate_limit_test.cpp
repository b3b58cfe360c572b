#include "kube/rate_limit.h"

#include "base/test.h"

namespace kfrun::kube {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = RateLimit::Time;

// Begins requests as fast as is allowed until `until`; how many.
int begin_all(RateLimit& limit, Time& now, Time until) {
  int count = 0;
  for (now = std::max(now, limit.next()); now < until; now = std::max(now + milliseconds(1), limit.next())) {
    limit.begin(now);
    ++count;
  }
  now = until;
  return count;
}

}  // namespace

TEST_CASE("without a ceiling nothing waits until the server says 429") {
  RateLimit limit(std::nullopt);
  Time now{seconds(1000)};
  CHECK(begin_all(limit, now, now + seconds(1)) == 1000);
  CHECK_FALSE(limit.rate());
}

TEST_CASE("a ceiling holds over time, with a short burst at the beginning") {
  RateLimit limit(50);
  Time now{seconds(1000)};
  const int first = begin_all(limit, now, now + seconds(1));
  CHECK(first >= 50);
  CHECK(first <= 56);
  const int second = begin_all(limit, now, now + seconds(10));
  CHECK(second >= 498);
  CHECK(second <= 502);
}

TEST_CASE("a 429 halves the rate once for all that were on their way, and Retry-After holds everybody") {
  RateLimit limit(std::nullopt);
  Time now{seconds(1000)};
  begin_all(limit, now, now + seconds(1));
  limit.refuse(now - milliseconds(20), now, seconds(2));
  limit.refuse(now - milliseconds(10), now + milliseconds(5), seconds(1));
  REQUIRE(limit.rate());
  CHECK(*limit.rate() >= 490);
  CHECK(*limit.rate() <= 500);
  CHECK(limit.next() == now + seconds(2));
  limit.refuse(now + seconds(3), now + seconds(3), seconds(0));
  CHECK(*limit.rate() < 250);
}

TEST_CASE("after a 429 the rate grows slowly, and the limit is forgotten in the end") {
  RateLimit limit(std::nullopt);
  Time now{seconds(1000)};
  begin_all(limit, now, now + seconds(1));
  limit.refuse(now - milliseconds(1), now, seconds(0));
  const double halved = *limit.rate();
  const int soon = begin_all(limit, now, now + seconds(1));
  CHECK(soon < halved * 1.3);
  begin_all(limit, now, now + seconds(9));
  REQUIRE(limit.rate());
  CHECK(*limit.rate() > halved * 1.8);
  CHECK(*limit.rate() < halved * 2.2);
  begin_all(limit, now, now + seconds(30));
  CHECK_FALSE(limit.rate());
}

TEST_CASE("the rate grows back to the ceiling and not beyond") {
  RateLimit limit(20);
  Time now{seconds(1000)};
  begin_all(limit, now, now + seconds(2));
  limit.refuse(now - milliseconds(1), now, seconds(0));
  CHECK(*limit.rate() <= 11);
  begin_all(limit, now, now + seconds(60));
  CHECK(limit.rate() == 20);
}

TEST_CASE("however often the server refuses, one request a second is tried") {
  RateLimit limit(std::nullopt);
  Time now{seconds(1000)};
  for (int i = 0; i < 50; ++i, now += seconds(1)) {
    limit.begin(now);
    limit.refuse(now, now, seconds(0));
  }
  CHECK(limit.rate() == 1);
}

}  // namespace kfrun::kube
