// Simulated runs through the driver: its order of things, and that a record cut anywhere is carried on to the same end.
#include "run/driver.h"

#include <cstdlib>
#include <set>

#include "base/digest.h"
#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "run/random.h"
#include "run/random_pipeline.h"
#include "run/simulated_executor.h"

namespace kfrun::run {

namespace {

using Kind = RecordEntry::Kind;

// A record in memory; what was appended and not written is lost with it.
class MemoryRecord : public RecordWriter {
 public:
  explicit MemoryRecord(std::vector<RecordEntry> lines = {}) : lines_(std::move(lines)) {}

  void append(const RecordEntry& entry) override {
    // Through JSON, as every real record.
    const auto text = document::write_json(to_node(entry));
    pending_.push_back(record_entry_from_node(document::read_json(text, "record")));
  }
  void write() override {
    for (auto& entry : pending_) lines_.push_back(std::move(entry));
    pending_.clear();
  }
  void flush() override {
    write();
    ++flushes_;
  }

  bool holds(Kind kind, const AttemptId& id) const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const auto& line) { return line.kind == kind && line.id == id; });
  }
  const std::vector<RecordEntry>& lines() const { return lines_; }
  bool is_written() const { return pending_.empty(); }
  int flushes() const { return flushes_; }

 private:
  std::vector<RecordEntry> lines_, pending_;
  int flushes_ = 0;
};

class MemoryCache : public Cache {
 public:
  std::optional<Values> find(const std::string& key) override {
    const auto found = entries.find(key);
    return found == entries.end() ? std::nullopt : std::optional<Values>(found->second);
  }
  void keep(const std::string& key, const Values&) override { kept.insert(key); }
  std::map<std::string, Values> entries;
  std::set<std::string> kept;
};

// Says that some instances were carried out before, and looks at the order of things.
class WatchedExecutor : public SimulatedExecutor {
 public:
  WatchedExecutor(SimulatedClock& clock, std::uint64_t seed, SimulatedFaults faults, MemoryRecord& record, MemoryCache& cache)
      : SimulatedExecutor(clock, seed, faults), seed_(seed), record_(record), cache_(cache) {}

  std::string source_digest(const Work& work) const override {
    if (Random(seed_of(seed_, "cache" + work.id.instance)).percent(20)) {
      cache_.entries[sha256_hex(work.cache_key + "+" + work.id.instance)] = simulated_outputs(*work.task, work.inputs);
    }
    return work.id.instance;
  }
  void start(const Work& work) override {
    if (!record_.is_written() || !record_.holds(Kind::attempt_started, work.id)) hasty.push_back(to_string(work.id));
    ++starts[work.id];
    SimulatedExecutor::start(work);
  }
  void finish() override { is_finished = true; }

  std::vector<std::string> hasty;  // attempts that began before the record said so
  std::map<AttemptId, int> starts;
  bool is_finished = false;

 private:
  std::uint64_t seed_;
  MemoryRecord& record_;
  MemoryCache& cache_;
};

struct Ended {
  DriverResult result;
  std::map<std::string, std::pair<State, std::string>> instances;  // with outputs and attempts as text
  std::vector<RecordEntry> lines;
};

// One seed's pipeline and settings, carried from any prefix of its record.
class SimulatedRun {
 public:
  explicit SimulatedRun(std::uint64_t seed) : seed_(seed), random_(seed) {
    RandomPipelineOptions shape;
    shape.fail_fast = false;  // who fails first depends on time, and a resumed run takes another
    pipeline_ = std::make_shared<pipeline::Pipeline>(random_pipeline(seed, shape));
    if (random_.percent(25)) faults_ = {0, 0, 0, 5, 0};
    options_.max_parallel = random_.percent(50) ? 1 + random_.below(4) : 0;
    options_.infrastructure_retries = random_.below(4);
    options_.cache = random_.percent(70);
    options_.run_id = "run";
  }

  Ended carry(const std::vector<RecordEntry>& prefix, bool retry = false) const {
    SimulatedClock clock;
    if (!prefix.empty()) clock.advance_to(prefix.back().at + std::chrono::seconds(7));
    MemoryRecord record(prefix);
    MemoryCache cache;
    WatchedExecutor executor(clock, seed_, faults_, record, cache);
    Engine engine(pipeline_, {}, options_);
    auto unfinished = replay(engine, prefix);
    unfinished.retry = retry;
    Ended ended;
    ended.result = drive(engine, {executor, record, cache, clock, {}, {}}, std::move(unfinished));
    CHECK(executor.hasty.empty());
    CHECK(executor.is_finished);
    for (const auto& [id, count] : executor.starts) {
      if (count != 1) FAIL("started twice: " + to_string(id));
    }
    for (const auto& view : engine.instances()) {
      ended.instances[view.path] = {view.state, fmt::format("{} {}", view.attempts, document::write_json(to_node(view.outputs)))};
    }
    ended.lines = record.lines();
    return ended;
  }

  // A whole record leaves nothing to do.
  void check_replay(const Ended& ended) const {
    Engine engine(pipeline_, {}, options_);
    const auto unfinished = replay(engine, ended.lines);
    CHECK(unfinished.missing.empty());
    CHECK(unfinished.live.empty());
    CHECK(unfinished.look_ups.empty());
    REQUIRE(unfinished.result);
    CHECK(unfinished.result->state == ended.result.state);
    CHECK(unfinished.result->outputs == ended.result.outputs);
  }

  std::string text() const { return pipeline::to_text(*pipeline_); }

 private:
  std::uint64_t seed_;
  Random random_;
  std::shared_ptr<pipeline::Pipeline> pipeline_;
  SimulatedFaults faults_;
  EngineOptions options_;
};

// What a summary says of every task, but for times.
std::map<std::string, std::string> told(const std::vector<RecordEntry>& lines) {
  std::map<std::string, std::string> tasks;
  for (const auto& task : summarise({}, lines).tasks) {
    tasks[task.path] = fmt::format("{} {} {}", to_string(task.state), task.attempts, document::write_json(to_node(task.outputs)));
  }
  return tasks;
}

std::uint64_t setting(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : fallback;
}

pipeline::Task container(const std::string& name) {
  pipeline::Task task;
  task.name = name;
  return task;
}

std::shared_ptr<pipeline::Pipeline> pipeline_of(std::vector<pipeline::Task> tasks) {
  auto made = std::make_shared<pipeline::Pipeline>();
  made->dags.emplace_back();
  made->dags[0].tasks = std::move(tasks);
  return made;
}

}  // namespace

TEST_CASE("a record cut at any line is carried on to the same end", "[resume]") {
  const auto first = setting("KFRUN_SEED", 1);
  const auto last = std::getenv("KFRUN_SEED") ? first : setting("KFRUN_SEEDS", 150);
  for (auto seed = first; seed <= last; ++seed) {
    const SimulatedRun run(seed);
    INFO("KFRUN_SEED=" << seed << "\n" << run.text());
    const Ended whole = run.carry({});
    run.check_replay(whole);
    for (std::size_t count = 0; count < whole.lines.size(); ++count) {
      INFO("cut behind line " << count);
      const Ended resumed = run.carry({whole.lines.begin(), whole.lines.begin() + static_cast<long>(count)});
      CHECK(resumed.result.state == whole.result.state);
      CHECK(resumed.result.outputs == whole.result.outputs);
      CHECK(resumed.instances == whole.instances);
      CHECK(told(resumed.lines) == told(whole.lines));
      run.check_replay(resumed);
    }
  }
}

TEST_CASE("a run that is cut again and again still ends the same", "[resume]") {
  for (std::uint64_t seed = 500; seed < 560; ++seed) {
    const SimulatedRun run(seed);
    INFO("seed " << seed << "\n" << run.text());
    const Ended whole = run.carry({});
    Random random(seed);
    std::vector<RecordEntry> lines;
    for (int i = 0; i < 6; ++i) {
      const Ended resumed = run.carry(lines);
      CHECK(resumed.instances == whole.instances);
      CHECK(told(resumed.lines) == told(whole.lines));
      lines = resumed.lines;
      lines.resize(static_cast<std::size_t>(random.below(static_cast<int>(lines.size()))));
    }
  }
}

TEST_CASE("a run that is tried again keeps what succeeded, and can be cut like any other", "[resume]") {
  int tried_again = 0;
  for (std::uint64_t seed = 1; seed < 120; ++seed) {
    const SimulatedRun run(seed);
    INFO("seed " << seed << "\n" << run.text());
    const Ended first = run.carry({});
    const Ended second = run.carry(first.lines, true);
    if (first.result.state == State::succeeded) {
      CHECK(second.lines.size() == first.lines.size());
      continue;
    }
    ++tried_again;
    run.check_replay(second);
    std::set<AttemptId> begun;
    for (const auto& line : second.lines) {
      if (line.kind == Kind::attempt_started) CHECK(begun.insert(line.id).second);
    }
    for (std::size_t count = first.lines.size() + 1; count < second.lines.size(); ++count) {
      INFO("cut behind line " << count);
      const Ended resumed = run.carry({second.lines.begin(), second.lines.begin() + static_cast<long>(count)});
      CHECK(resumed.result.state == second.result.state);
      CHECK(resumed.instances == second.instances);
      CHECK(told(resumed.lines) == told(second.lines));
    }
  }
  CHECK(tried_again > 20);
}

TEST_CASE("a run that is suspended goes on with what runs, and with the rest when it is continued") {
  SimulatedClock clock;
  MemoryRecord record;
  NoCache cache;
  SimulatedExecutor executor(clock, 3, {0, 0, 0, 0});
  auto after = container("b");
  after.dependencies = {0};
  const auto pipeline = pipeline_of({container("a"), after});
  Engine engine(pipeline, {}, {});
  const auto left = drive(engine, {executor, record, cache, clock, {}, {}, [] { return Suspension{"by hand", true}; }});
  CHECK(left.state == State::running);
  CHECK(record.holds(Kind::attempt_ended, {"a", 0}));
  CHECK_FALSE(record.holds(Kind::attempt_started, {"b", 0}));
  CHECK(summarise({}, record.lines()).reason == "suspended: by hand");

  Engine again(pipeline, {}, {});
  auto unfinished = replay(again, record.lines());
  CHECK(again.suspended());
  const auto result = drive(again, {executor, record, cache, clock, {}, {}, [] { return Suspension{}; }}, std::move(unfinished));
  CHECK(result.state == State::succeeded);
  CHECK(record.holds(Kind::attempt_ended, {"b", 0}));
}

TEST_CASE("attempts of an earlier process are adopted, those of this one are started") {
  struct Adopting : SimulatedExecutor {
    using SimulatedExecutor::SimulatedExecutor;
    void adopt(const Work& work) override {
      adopted.push_back(work.id.instance);
      start(work);
    }
    std::vector<std::string> adopted;
  };
  SimulatedClock clock;
  MemoryRecord record;
  NoCache cache;
  Adopting executor(clock, 1, SimulatedFaults{0, 0, 0, 0, 0});
  const auto pipeline = pipeline_of({container("a"), container("b")});
  RecordEntry begun, start;
  begun.at = start.at = TimePoint(std::chrono::seconds(1'700'000'000));
  start.kind = Kind::attempt_started;
  start.id = {"a", 0};
  Engine engine(pipeline, {}, {});
  auto unfinished = replay(engine, {begun, start});
  drive(engine, {executor, record, cache, clock, {}, {}}, std::move(unfinished));
  CHECK(executor.adopted == std::vector<std::string>{"a"});
}

TEST_CASE("the driver tells what happens after it was recorded") {
  SimulatedClock clock;
  MemoryRecord record;
  MemoryCache cache;
  SimulatedExecutor executor(clock, 1, {0, 0, 0, 0});
  auto task = container("a");
  task.outputs.emplace_back().name = "n";  // without outputs nothing would be kept
  Engine engine(pipeline_of({task}), {}, {});
  std::vector<std::string> told_lines;
  const auto result = drive(engine, {executor,
                                     record,
                                     cache,
                                     clock,
                                     [&](const Progress& progress) {
                                       CHECK(record.is_written());
                                       told_lines.push_back(fmt::format("{} {}{}", progress.instance, to_string(progress.state),
                                                                        progress.outcome ? " with outcome" : ""));
                                     },
                                     {}});
  CHECK(result.state == State::succeeded);
  const std::vector<std::string> expected{" running",  "a running", "a running", "a running", "a succeeded with outcome",
                                          " succeeded"};
  CHECK(told_lines == expected);
  CHECK(cache.kept.size() == 1);
  CHECK(record.lines().back().kind == Kind::run_ended);
}

TEST_CASE("a reason to stop ends the run") {
  SimulatedClock clock;
  MemoryRecord record;
  NoCache cache;
  SimulatedExecutor executor(clock, 3, {0, 0, 0, 0});
  Engine engine(pipeline_of({container("a"), container("b")}), {}, {});
  int asked = 0;
  const auto result = drive(engine, {executor, record, cache, clock, {}, [&] { return ++asked < 2 ? "" : "enough"; }});
  CHECK(result.state == State::stopped);
  CHECK(result.reason == "enough");
  const auto summary = summarise({}, record.lines());
  CHECK(summary.state == State::stopped);
  CHECK(summary.tasks.at(0).state == State::stopped);
  CHECK(asked == 2);
}

TEST_CASE("what is to run once is on the disk before it begins") {
  for (const bool once : {false, true}) {
    SimulatedClock clock;
    MemoryRecord record;
    NoCache cache;
    SimulatedExecutor executor(clock, 1, {0, 0, 0, 0});
    auto task = container("a");
    task.once = once;
    Engine engine(pipeline_of({task}), {}, {});
    drive(engine, {executor, record, cache, clock, {}, {}});
    CHECK(record.flushes() >= (once ? 3 : 1));
  }
}

TEST_CASE("a task that is to run once is given up where its attempt cannot be found again") {
  struct Forgetful : SimulatedExecutor {
    using SimulatedExecutor::SimulatedExecutor;
    bool adopts() const override { return false; }
  };
  auto task = container("a");
  task.once = true;
  const auto pipeline = pipeline_of({task});
  RecordEntry begun, start;
  begun.at = start.at = TimePoint(std::chrono::seconds(1'700'000'000));
  start.kind = Kind::attempt_started;
  start.id = {"a", 0};
  for (const bool was_started : {false, true}) {
    SimulatedClock clock;
    MemoryRecord record;
    NoCache cache;
    Forgetful executor(clock, 1, SimulatedFaults{0, 0, 0, 0, 0});
    Engine engine(pipeline, {}, {});
    auto unfinished = replay(engine, was_started ? std::vector{begun, start} : std::vector{begun});
    const auto result = drive(engine, {executor, record, cache, clock, {}, {}}, std::move(unfinished));
    CHECK(result.state == (was_started ? State::failed : State::succeeded));
  }
}

TEST_CASE("a record of another pipeline is refused") {
  Engine engine(pipeline_of({container("a")}), {}, {});
  RecordEntry begun, end;
  end.kind = Kind::attempt_ended;
  end.id = {"b", 0};
  CHECK_THROWS_AS(replay(engine, {begun, end}), Error);
}

}  // namespace kfrun::run
