#include "run/record.h"

#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"

namespace kfrun::run {

namespace {

using Kind = RecordEntry::Kind;

TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(1'700'000'000 + seconds)); }

RecordEntry entry(Kind kind, int seconds, const std::string& instance = {}, int attempt = 0) {
  RecordEntry made;
  made.kind = kind;
  made.at = at(seconds);
  made.id = {instance, attempt};
  return made;
}

RecordEntry changed(int seconds, const std::string& instance, State state, const std::string& reason = {}) {
  RecordEntry made = entry(Kind::instance, seconds, instance);
  made.state = state;
  made.reason = reason;
  return made;
}

RecordEntry ended(int seconds, const std::string& instance, int attempt, FailureClass failure, int exit_code = 0) {
  RecordEntry made = entry(Kind::attempt_ended, seconds, instance, attempt);
  made.outcome.failure = failure;
  made.outcome.exit_code = exit_code;
  made.outcome.log = "/logs/" + instance;
  return made;
}

std::string line_of(const RecordEntry& entry) { return document::write_json(to_node(entry)); }

RecordEntry through_json(const RecordEntry& entry) {
  return record_entry_from_node(document::read_json(line_of(entry), "record"));
}

}  // namespace

TEST_CASE("a record's entries come back from their lines") {
  RecordEntry start = entry(Kind::attempt_started, 1, "check#3/fit", 2);
  start.task = "fit";
  start.cache_key = "abc";
  start.inputs = {{"rate", Value::number(0.5)},
                  {"data", pipeline::make_artifact({"file:///x", "system.Model", "d1", {}})},
                  {"names", Value::strings({"a", "b"})}};
  CHECK(line_of(start) == R"({"at":"2023-11-14T22:13:21Z","event":"attempt_started","instance":"check#3/fit","attempt":2,)"
                          R"("task":"fit","cacheKey":"abc","inputs":{"data":{"$artifact":"file:///x","type":"system.Model",)"
                          R"("digest":"d1"},"names":["a","b"],"rate":0.5}})");
  const RecordEntry again = through_json(start);
  CHECK(again.kind == Kind::attempt_started);
  CHECK(again.at == start.at);
  CHECK(again.id == start.id);
  CHECK(again.inputs == start.inputs);
  CHECK(line_of(again) == line_of(start));

  RecordEntry end = ended(2, "load", 0, FailureClass::user, 3);
  end.outcome.reason = "DeadlineExceeded";
  end.outcome.message = "did not end within 2s";
  end.outcome.outputs = {{"count", Value::integer(7)}};
  end.outcome.host = "here";
  end.outcome.pod = "p";
  end.outcome.started = at(1);
  CHECK(through_json(end).outcome == end.outcome);

  CHECK(through_json(changed(3, "x", State::skipped, "not so")).state == State::skipped);
  CHECK(through_json(changed(3, "x", State::skipped, "not so")).reason == "not so");
}

TEST_CASE("values survive JSON: infinities, and texts that look like something else") {
  const Values values{{"inf", Value::scalar(".inf", document::Tag::floating)}, {"text", Value::string("1e3")}};
  const auto again = values_from_node(document::read_json(document::write_json(to_node(values)), "v"));
  CHECK(again == values);
}

TEST_CASE("a message that is no text does not make the record unreadable") {
  RecordEntry end = ended(1, "a", 0, FailureClass::user, 1);
  end.outcome.message = "caf\xC3\xA9 \xFF\xFE!";
  CHECK(through_json(end).outcome.message == "caf\xC3\xA9 \xEF\xBF\xBD\xEF\xBF\xBD!");
}

TEST_CASE("what is no record is refused") {
  for (const auto* text :
       {R"({})", R"([1])", R"({"event":"nonsense","at":"2023-11-14T22:13:21Z"})", R"({"event":"run_started","at":"now"})",
        R"({"event":"instance","attempt":"x"})", R"({"event":"instance","attempt":99999999999})"}) {
    INFO(text);
    CHECK_THROWS_AS(record_entry_from_node(document::read_json(text, "record")), Error);
  }
}

TEST_CASE("a run's head comes back from its file") {
  RunHead head{"digits-1", "digits", "lab", "kubernetes", "/p/pipeline.yaml", at(0), {{"seed", Value::integer(7)}}};
  const auto again = run_head_from_node(document::read_json(document::write_json(to_node(head)), "head.json"));
  CHECK(again.id == head.id);
  CHECK(again.name_space == head.name_space);
  CHECK(again.created == head.created);
  CHECK(again.arguments == head.arguments);
  CHECK_THROWS_AS(run_head_from_node(document::read_json("{}", "head.json")), Error);
}

TEST_CASE("a summary tells what became of every task") {
  RecordEntry hit = entry(Kind::cache_hit, 2, "load");
  hit.outputs = {{"count", Value::integer(7)}};
  RecordEntry end = ended(9, "train", 1, FailureClass::none);
  end.outcome.outputs = {{"score", Value::number(0.5)}};
  RecordEntry over = entry(Kind::run_ended, 10);
  over.state = State::failed;
  over.reason = "check: exit code 3";
  over.outputs = {{"best", Value::integer(1)}};
  const auto summary = summarise(
      {"r", "r", "", "local", "", at(0), {}},
      {entry(Kind::run_started, 0), hit, entry(Kind::attempt_started, 3, "train"), ended(4, "train", 0, FailureClass::user, 1),
       changed(4, "train", State::pending, "tried again"), entry(Kind::attempt_started, 5, "train", 1), end,
       entry(Kind::attempt_started, 9, "check"), ended(10, "check", 0, FailureClass::user, 3),
       changed(10, "check", State::failed, "exit code 3"), changed(10, "ship", State::omitted, "check failed"), over});
  CHECK(summary.state == State::failed);
  CHECK(summary.reason == "check: exit code 3");
  CHECK(summary.ended == at(10));
  CHECK(summary.outputs.at("best") == Value::integer(1));
  REQUIRE(summary.tasks.size() == 4);
  CHECK(summary.tasks[0].path == "load");
  CHECK(summary.tasks[0].state == State::cached);
  CHECK(summary.tasks[0].attempts == 0);
  CHECK(summary.tasks[0].outputs.at("count") == Value::integer(7));
  CHECK(summary.tasks[1].state == State::succeeded);
  CHECK(summary.tasks[1].attempts == 2);
  CHECK(summary.tasks[1].started == at(3));
  CHECK(summary.tasks[1].ended == at(9));
  CHECK(summary.tasks[1].reason.empty());
  CHECK(summary.tasks[1].outputs.at("score").as_number() == 0.5);
  CHECK(summary.tasks[2].state == State::failed);
  CHECK(summary.tasks[2].reason == "exit code 3");
  CHECK(summary.tasks[2].log == "/logs/check");
  CHECK(summary.tasks[3].state == State::omitted);
}

TEST_CASE("a summary of a record that breaks off shows what was going on") {
  const auto summary = summarise({}, {entry(Kind::run_started, 0), entry(Kind::attempt_started, 1, "a"),
                                      entry(Kind::attempt_started, 1, "b"), ended(2, "b", 0, FailureClass::infrastructure)});
  CHECK(summary.state == State::running);
  CHECK_FALSE(summary.ended);
  CHECK(summary.tasks[0].state == State::running);
  CHECK(summary.tasks[1].state == State::pending);
  CHECK_FALSE(summary.tasks[1].ended);
  CHECK(summary.last == ended(2, "b", 0, FailureClass::infrastructure).at);
}

TEST_CASE("a run is suspended until it goes on or ends") {
  const auto is_suspended = [](std::vector<RecordEntry> entries) {
    RunningOverview kept;
    for (const auto& each : entries) kept.add(each);
    const bool is = summarise({}, entries).suspended;
    CHECK(kept.overview({}).suspended == is);
    return is;
  };
  CHECK_FALSE(is_suspended({entry(Kind::run_started, 0)}));
  CHECK(is_suspended({entry(Kind::run_started, 0), entry(Kind::suspended, 1), entry(Kind::attempt_started, 2, "a")}));
  CHECK_FALSE(is_suspended({entry(Kind::suspended, 1), entry(Kind::continued, 2)}));
  CHECK_FALSE(is_suspended({entry(Kind::suspended, 1), entry(Kind::run_ended, 2)}));
}

TEST_CASE("an overview kept while a record is written is that of its summary, wherever the record ends") {
  RecordEntry over = entry(Kind::run_ended, 5);
  over.state = State::failed;
  over.reason = "check: exit code 3";
  RecordEntry over_again = entry(Kind::run_ended, 9);
  over_again.state = State::succeeded;
  const std::vector<RecordEntry> entries = {entry(Kind::run_started, 0),
                                            entry(Kind::cache_hit, 1, "load"),
                                            entry(Kind::attempt_started, 2, "train"),
                                            ended(3, "train", 0, FailureClass::none),
                                            entry(Kind::attempt_started, 3, "check"),
                                            ended(4, "check", 0, FailureClass::user, 3),
                                            changed(4, "check", State::failed, "exit code 3"),
                                            changed(4, "ship", State::omitted, "check failed"),
                                            over,
                                            entry(Kind::retry_requested, 6),
                                            entry(Kind::attempt_started, 7, "check", 1),
                                            ended(8, "check", 1, FailureClass::none),
                                            changed(8, "ship", State::skipped),
                                            over_again};
  RunningOverview running;
  std::vector<RecordEntry> written;
  for (const auto& each : entries) {
    running.add(each);
    written.push_back(each);
    const auto kept = running.overview({}), made = overview_of(summarise({}, written));
    CHECK(kept.state == made.state);
    CHECK(kept.reason == made.reason);
    CHECK(kept.ended == made.ended);
    CHECK(kept.done == made.done);
    CHECK(kept.tasks == made.tasks);
    CHECK(kept.suspended == made.suspended);
  }
  CHECK(running.overview({}).done == 4);
}

}  // namespace kfrun::run
