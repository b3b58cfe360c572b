#include "run/run_id.h"

#include <set>

#include "base/test.h"

namespace kfrun::run {

namespace {

TimePoint at(const char* text) { return parse_rfc3339(text).value(); }

}  // namespace

TEST_CASE("run ids are DNS labels that begin with the pipeline's name") {
  const auto now = at("2026-11-24T18:00:00Z");
  CHECK(make_run_id("digits", now).starts_with("digits-"));
  CHECK(make_run_id("digits", now).size() == std::string("digits-").size() + 11);
  CHECK(make_run_id("My Pipeline (v2)!", now).starts_with("my-pipeline-v2-"));
  CHECK(make_run_id("a-very-long-name-that-goes-on", now).size() <= 30);
  CHECK(make_run_id("a-very-long-name-x-y", now).starts_with("a-very-long-name-x-"));
  CHECK(make_run_id("", now).starts_with("run-"));
  CHECK(make_run_id("\xED\x95\x9C\xEA\xB5\xAD", now).starts_with("run-"));
  for (const char c : make_run_id("Aé_Z", now)) CHECK(((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'));
}

TEST_CASE("run ids of one name sort by time, and those of one second differ") {
  CHECK(make_run_id("x", at("2026-11-24T18:00:00Z")) < make_run_id("x", at("2026-11-24T18:00:01Z")));
  CHECK(make_run_id("x", at("2026-11-24T18:00:00Z")) < make_run_id("x", at("2053-01-01T00:00:00Z")));
  std::set<std::string> ids;
  for (int i = 0; i < 200; ++i) ids.insert(make_run_id("x", at("2026-11-24T18:00:00Z")));
  CHECK(ids.size() == 200);
}

}  // namespace kfrun::run
