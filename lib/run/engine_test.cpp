#include "run/engine.h"

#include <chrono>

#include "base/test.h"

using namespace std::chrono_literals;

namespace kfrun::run {

namespace {

pipeline::Expression parsed(const std::string& text) { return pipeline::parse_expression(text, pipeline::Dialect::native, {}); }

pipeline::Task container(const std::string& name, std::vector<int> dependencies = {}) {
  pipeline::Task task;
  task.name = name;
  task.dependencies = std::move(dependencies);
  task.cache = false;
  return task;
}

pipeline::Output output(const std::string& name, pipeline::TypeKind kind = pipeline::TypeKind::integer) {
  pipeline::Output made;
  made.name = name;
  made.type.kind = kind;
  return made;
}

pipeline::Input input(const std::string& name, const std::string& binding, bool optional = false) {
  pipeline::Input made;
  made.name = name;
  made.binding = parsed(binding);
  made.optional = optional;
  return made;
}

pipeline::Loop loop_over(const std::string& values) {
  pipeline::Loop loop;
  loop.axes.push_back({"x", parsed(values)});
  return loop;
}

std::shared_ptr<pipeline::Pipeline> pipeline_of(std::vector<pipeline::Task> tasks, std::vector<pipeline::Task> finals = {}) {
  auto made = std::make_shared<pipeline::Pipeline>();
  made->name = "test";
  made->dags.emplace_back();
  made->dags[0].tasks = std::move(tasks);
  made->dags[0].finals = std::move(finals);
  return made;
}

EngineOptions with_retries(int count) {
  EngineOptions options;
  options.infrastructure_retries = count;
  return options;
}

EngineOptions at_most(int attempts) {
  EngineOptions options;
  options.max_parallel = attempts;
  return options;
}

// An engine that is led by hand; what it asks for is kept as lines of text.
class Led {
 public:
  explicit Led(std::shared_ptr<const pipeline::Pipeline> pipeline, EngineOptions options = {}, Values arguments = {})
      : engine_(std::move(pipeline), std::move(arguments), std::move(options)) {
    tell(RunStarted{now_});
  }

  // Every command as a line, without the announcements.
  std::vector<std::string> commands() {
    std::vector<std::string> lines;
    for (auto& command : engine_.next()) {
      if (auto* start = std::get_if<StartAttempt>(&command)) {
        lines.push_back("start " + to_string(start->work.id));
        works_[start->work.id.instance] = start->work;
      } else if (auto* cancel = std::get_if<CancelAttempt>(&command)) {
        lines.push_back("cancel " + to_string(cancel->id));
      } else if (auto* wake = std::get_if<WakeAt>(&command)) {
        lines.push_back(fmt::format("wake in {}ms", (wake->at - now_).count()));
      } else if (auto* look_up = std::get_if<LookUpCache>(&command)) {
        lines.push_back("look up " + look_up->work.id.instance);
      } else if (auto* ended = std::get_if<RunEnded>(&command)) {
        lines.push_back(fmt::format("ended {}", to_string(ended->state)));
        outputs_ = ended->outputs;
        reason_ = ended->reason;
      }
    }
    return lines;
  }

  void tell(const EngineEvent& event) { engine_.apply(event); }
  void pass(std::chrono::milliseconds time) { now_ += time, tell(TimePassed{now_}); }
  void succeed(const std::string& instance, Values outputs = {}) { end(instance, FailureClass::none, 0, std::move(outputs)); }
  void end(const std::string& instance, FailureClass failure, int exit_code = 1, Values outputs = {}) {
    Outcome outcome;
    outcome.failure = failure;
    outcome.exit_code = exit_code;
    outcome.outputs = std::move(outputs);
    tell(AttemptEnded{{instance, view(instance).attempts - 1}, now_, std::move(outcome)});
  }
  void stop() { tell(StopRequested{now_, "by hand"}); }

  InstanceView view(const std::string& path) const {
    for (auto& one : engine_.instances()) {
      if (one.path == path) return one;
    }
    return {};
  }
  State state(const std::string& path) const { return view(path).state; }
  bool exists(const std::string& path) const { return view(path).task != nullptr; }
  const Work& work(const std::string& instance) const { return works_.at(instance); }
  const Values& outputs() const { return outputs_; }
  const std::string& reason() const { return reason_; }
  TimePoint now() const { return now_; }
  Engine& engine() { return engine_; }

 private:
  TimePoint now_{1000s};
  Engine engine_;
  std::map<std::string, Work> works_;
  Values outputs_;
  std::string reason_;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("tasks start when what they need has ended, with its outputs") {
  auto first = container("first");
  first.outputs = {output("n")};
  auto second = container("second", {0});
  second.inputs = {input("n", "tasks.first.outputs.n * 2"), input("fixed", "params.p")};
  auto made = pipeline_of({first, second});
  made->dags[0].outputs.push_back({"all", {}, parsed("tasks.first.outputs.n + 1"), {}});
  Led led(made, {}, {{"p", Value::string("x")}});
  CHECK(led.commands() == Lines{"start first"});
  led.succeed("first", {{"n", Value::integer(4)}, {"undeclared", Value::integer(1)}});
  CHECK(led.view("first").outputs == Values{{"n", Value::integer(4)}});
  CHECK(led.commands() == Lines{"start second"});
  CHECK(led.work("second").inputs == Values{{"fixed", Value::string("x")}, {"n", Value::integer(8)}});
  led.succeed("second");
  CHECK(led.commands() == Lines{"ended succeeded"});
  CHECK(led.outputs() == Values{{"all", Value::integer(5)}});
}

TEST_CASE("a failure omits what needs it, and fails the run when the rest is done") {
  Led led(pipeline_of({container("a"), container("b", {0}), container("c", {1}), container("d")}));
  CHECK(led.commands() == Lines{"start a", "start d"});
  led.end("a", FailureClass::user, 3);
  CHECK(led.state("b") == State::omitted);
  CHECK(led.view("b").reason == "a failed");
  CHECK(led.state("c") == State::omitted);
  CHECK(led.commands().empty());
  led.succeed("d");
  CHECK(led.commands() == Lines{"ended failed"});
  CHECK(led.reason() == "a: exit code 3");
}

TEST_CASE("a condition with default() around a skipped task's output is asked, a bare one is not") {
  auto skipped = container("skipped");
  skipped.condition = parsed("1 > 2");
  skipped.outputs = {output("n")};
  auto guarded = container("guarded", {0}), refused = container("refused", {0}), bare = container("bare", {0});
  guarded.condition = parsed("default(tasks.skipped.outputs.n, 7) > 5");
  refused.condition = parsed("default(tasks.skipped.outputs.n, 3) > 5");
  bare.condition = parsed("default(tasks.skipped.outputs.n, 7) > 5 && tasks.skipped.outputs.n > 5");
  Led led(pipeline_of({skipped, guarded, refused, bare}));
  CHECK(led.commands() == Lines{"start guarded"});
  CHECK(led.state("refused") == State::skipped);
  CHECK(led.state("bare") == State::omitted);
}

TEST_CASE("a skipped task omits its dependents but for those with an optional input") {
  auto skipped = container("skipped");
  skipped.condition = parsed("1 > 2");
  auto needs = container("needs", {0});
  auto may = container("may", {0});
  may.inputs = {input("n", "tasks.skipped.outputs.n", true)};
  Led led(pipeline_of({skipped, needs, may}));
  CHECK(led.commands() == Lines{"start may"});
  CHECK(led.work("may").inputs.at("n").is_null());
  CHECK(led.state("skipped") == State::skipped);
  CHECK(led.state("needs") == State::omitted);
  led.succeed("may");
  CHECK(led.commands() == Lines{"ended succeeded"});
}

TEST_CASE("retries back off by factor up to their cap, in the user's budget") {
  auto task = container("t");
  task.retry = {.limit = 3, .backoff = 2s, .factor = 3, .max_backoff = 10s, .condition = parsed("retry.exit_code != 9")};
  Led led(pipeline_of({task}));
  CHECK(led.commands() == Lines{"start t"});
  led.end("t", FailureClass::user);
  CHECK(led.commands() == Lines{"wake in 2000ms"});
  CHECK(led.state("t") == State::pending);
  led.pass(1999ms);
  CHECK(led.commands().empty());
  led.pass(1ms);
  CHECK(led.commands() == Lines{"start t (attempt 2)"});
  led.end("t", FailureClass::user);
  CHECK(led.commands() == Lines{"wake in 6000ms"});
  led.pass(6s);
  CHECK(led.commands() == Lines{"start t (attempt 3)"});
  SECTION("capped, then over") {
    led.end("t", FailureClass::user);
    CHECK(led.commands() == Lines{"wake in 10000ms"});
    led.pass(10s);
    CHECK(led.commands() == Lines{"start t (attempt 4)"});
    led.end("t", FailureClass::user);
    CHECK(led.commands() == Lines{"ended failed"});
  }
  SECTION("not when the condition says no") {
    led.end("t", FailureClass::user, 9);
    CHECK(led.commands() == Lines{"ended failed"});
  }
  SECTION("configuration failures fail at once") {
    led.end("t", FailureClass::configuration);
    CHECK(led.commands() == Lines{"ended failed"});
  }
}

TEST_CASE("infrastructure failures are retried free of charge, within bounds") {
  auto task = container("t");
  SECTION("not of the user's budget") {
    Led led(pipeline_of({task}), with_retries(2));
    led.commands();
    led.end("t", FailureClass::infrastructure);
    CHECK(led.commands() == Lines{"wake in 1000ms"});
    led.pass(1s);
    led.end("t", FailureClass::infrastructure);
    CHECK(led.commands() == Lines{"start t (attempt 2)", "wake in 2000ms"});
    led.pass(2s);
    led.end("t", FailureClass::infrastructure);
    CHECK(led.commands() == Lines{"start t (attempt 3)", "ended failed"});
  }
  SECTION("without a bound where an attempt may never have begun") {
    Led led(pipeline_of({task}), with_retries(0));
    led.commands();
    for (int i = 0; i < 3; ++i) {
      Outcome outcome;
      outcome.failure = FailureClass::infrastructure;
      outcome.unseen = true;
      led.tell(AttemptEnded{{"t", i}, led.view("t").started.value(), outcome});
      CHECK(led.commands() == Lines{"wake in 1000ms"});
      led.pass(1s);
      CHECK(led.commands() == Lines{fmt::format("start t (attempt {})", i + 2)});
    }
    led.end("t", FailureClass::infrastructure);
    CHECK(led.commands() == Lines{"ended failed"});
  }
  SECTION("never for what is to run once") {
    task.once = true;
    Led led(pipeline_of({task}));
    led.commands();
    led.end("t", FailureClass::infrastructure);
    CHECK(led.commands() == Lines{"ended failed"});
    CHECK_THAT(led.view("t").reason, ContainsSubstring("once"));
  }
}

TEST_CASE("a loop runs its turns in row-major order and hands lists on") {
  auto looped = container("l");
  looped.loop = pipeline::Loop{};
  looped.loop->axes = {{"a", parsed("['p', 'q']")}, {"b", parsed("3")}};
  looped.loop->max_parallel = 4;
  looped.inputs = {input("v", "[loop.a, loop.b, loop.index]")};
  looped.outputs = {output("n")};
  looped.condition = parsed("loop.index != 2");
  auto next = container("next", {0});
  next.inputs = {input("n", "tasks.l.outputs.n"), input("a", "tasks.l.matrix.a")};
  Led led(pipeline_of({looped, next}));
  CHECK(led.commands() == Lines{"start l#0", "start l#1", "start l#3", "start l#4"});
  CHECK(led.work("l#4").inputs.at("v") == Value::sequence({Value::string("q"), Value::integer(1), Value::integer(4)}));
  CHECK(led.work("l#4").loop_index == 4);
  CHECK(led.state("l#2") == State::skipped);
  for (const int i : {4, 3, 1, 0}) led.succeed(fmt::format("l#{}", i), {{"n", Value::integer(i)}});
  CHECK(led.commands() == Lines{"start l#5"});
  led.succeed("l#5", {{"n", Value::integer(5)}});
  CHECK(led.commands() == Lines{"start next"});
  Value expected = Value::sequence();
  for (const int i : {0, 1, 2, 3, 4, 5}) expected.push_back(i == 2 ? Value::null() : Value::integer(i));
  CHECK(led.work("next").inputs.at("n") == expected);
  CHECK(led.work("next").inputs.at("a") == Value::strings({"p", "p", "p", "q", "q", "q"}));
}

TEST_CASE("an empty loop succeeds with empty lists; a loop over something else fails") {
  auto looped = container("l");
  looped.loop = loop_over("params.list");
  auto next = container("next", {0});
  next.inputs = {input("n", "tasks.l.outputs.n")};
  Led led(pipeline_of({looped, next}), {}, {{"list", Value::sequence()}});
  CHECK(led.commands() == Lines{"start next"});
  CHECK(led.work("next").inputs.at("n") == Value::sequence());
  Led wrong(pipeline_of({looped}), {}, {{"list", Value::string("no")}});
  CHECK(wrong.commands() == Lines{"ended failed"});
  CHECK_THAT(wrong.reason(), ContainsSubstring("a list or a count"));
}

TEST_CASE("fail_fast of a loop keeps further turns from starting") {
  auto looped = container("l");
  looped.loop = loop_over("4");
  looped.loop->max_parallel = 2;
  Led led(pipeline_of({looped}));
  CHECK(led.commands() == Lines{"start l#0", "start l#1"});
  led.end("l#0", FailureClass::user);
  CHECK(led.state("l#2") == State::omitted);
  CHECK(led.state("l#3") == State::omitted);
  CHECK(led.commands().empty());  // l#1 goes on
  led.succeed("l#1");
  CHECK(led.commands() == Lines{"ended failed"});
}

TEST_CASE("sub-dags: paths, params, outputs, finals and limits") {
  auto made = pipeline_of({});
  made->dags.resize(2);
  auto fit = container("fit");
  fit.inputs = {input("n", "params.n")};
  fit.outputs = {output("m")};
  made->dags[1].tasks = {fit};
  made->dags[1].finals = {container("sweep")};
  made->dags[1].outputs.push_back({"m", {}, parsed("tasks.fit.outputs.m"), {}});
  auto check = container("check");
  check.kind = pipeline::TaskKind::sub_dag;
  check.body = 1;
  check.loop = loop_over("[10, 20]");
  check.inputs = {input("n", "loop.x")};
  check.outputs = {output("m")};
  made->dags[0].tasks = {check};
  made->dags[0].outputs.push_back({"all", {}, parsed("tasks.check.outputs.m"), {}});
  Led led(made);
  CHECK(led.commands() == Lines{"start check#0/fit", "start check#1/fit"});
  CHECK(led.work("check#1/fit").inputs.at("n") == Value::integer(20));
  led.succeed("check#1/fit", {{"m", Value::integer(2)}});
  CHECK(led.commands() == Lines{"start check#1/sweep"});
  led.succeed("check#1/sweep");
  led.end("check#0/fit", FailureClass::user);
  CHECK(led.commands() == Lines{"start check#0/sweep"});
  led.succeed("check#0/sweep");
  CHECK(led.commands() == Lines{"ended failed"});
  CHECK(led.reason() == "check#0/fit: exit code 1");
  CHECK(led.outputs().at("all") == Value::sequence({Value::null(), Value::integer(2)}));
}

TEST_CASE("recursion without an end is cut") {
  auto made = pipeline_of({});
  auto again = container("again");
  again.kind = pipeline::TaskKind::sub_dag;
  again.body = 0;
  made->dags[0].tasks = {again};
  Led led(made);
  CHECK(led.commands() == Lines{"ended failed"});
  CHECK_THAT(led.reason(), ContainsSubstring("nested deeper"));
}

TEST_CASE("a stop cancels what runs, starts nothing, and runs the finals") {
  auto retried = container("retried");
  retried.retry.limit = 1;
  retried.retry.backoff = 1h;
  auto last = container("last");
  last.condition = parsed("run.state == 'stopped'");
  Led led(pipeline_of({container("a"), retried, container("b", {0})}, {last}));
  led.commands();
  led.end("retried", FailureClass::user);
  led.commands();
  led.stop();
  CHECK(led.commands() == Lines{"cancel a"});
  CHECK(led.state("retried") == State::stopped);
  led.stop();
  CHECK(led.commands().empty());
  led.end("a", FailureClass::stopped);
  CHECK(led.state("b") == State::stopped);
  CHECK(led.commands() == Lines{"start last"});
  led.stop();
  CHECK(led.commands().empty());
  led.succeed("last");
  CHECK(led.commands() == Lines{"ended stopped"});
  CHECK(led.reason() == "by hand");
}

TEST_CASE("a sub-dag that takes too long is stopped and fails") {
  auto made = pipeline_of({});
  made->dags.resize(2);
  made->dags[1].tasks = {container("slow"), container("later", {0})};
  auto body = container("body");
  body.kind = pipeline::TaskKind::sub_dag;
  body.body = 1;
  body.timeout = 5s;
  made->dags[0].tasks = {body};
  Led led(made);
  CHECK(led.commands() == Lines{"wake in 5000ms", "start body/slow"});
  led.pass(5s);
  CHECK(led.commands() == Lines{"cancel body/slow"});
  led.end("body/slow", FailureClass::stopped);
  CHECK(led.commands() == Lines{"ended failed"});
  CHECK(led.state("body/later") == State::stopped);
  CHECK_THAT(led.reason(), ContainsSubstring("body: its time was over"));
}

TEST_CASE("fail_fast of a dag starts no more tasks") {
  auto made = pipeline_of({container("a"), container("b"), container("c", {1})}, {container("last")});
  made->dags[0].fail_fast = true;
  Led led(made);
  led.commands();
  led.end("a", FailureClass::user);
  led.succeed("b");
  CHECK(led.state("c") == State::omitted);
  CHECK(led.commands() == Lines{"start last"});
}

TEST_CASE("an ignored failure neither fails the run nor holds up what needs no output of it") {
  auto ignored = container("ignored");
  ignored.ignore_failure = true;
  ignored.outputs = {output("n")};
  auto needs = container("needs", {0});
  needs.inputs = {input("n", "tasks.ignored.outputs.n")};
  Led led(pipeline_of({ignored, needs, container("after", {0})}));
  led.commands();
  led.end("ignored", FailureClass::user);
  CHECK(led.state("needs") == State::omitted);
  CHECK(led.commands() == Lines{"start after"});
  led.succeed("after");
  CHECK(led.commands() == Lines{"ended succeeded"});
}

TEST_CASE("faults in expressions fail their task and leave the engine well") {
  auto bad_input = container("bad_input");
  bad_input.inputs = {input("n", "1 / 0")};
  auto bad_when = container("bad_when");
  bad_when.condition = parsed("'text'");
  auto bad_loop = container("bad_loop");
  bad_loop.loop = loop_over("params.missing");
  auto bad_uri = container("bad_uri");
  bad_uri.kind = pipeline::TaskKind::importer;
  bad_uri.importer_uri = parsed("inputs.missing");
  Led led(pipeline_of({bad_input, bad_when, bad_loop, bad_uri}));
  CHECK(led.commands() == Lines{"ended failed"});
  for (const char* name : {"bad_input", "bad_when", "bad_loop", "bad_uri"}) CHECK(led.state(name) == State::failed);
  CHECK_THAT(led.view("bad_input").reason, ContainsSubstring("input n: division by zero"));
}

TEST_CASE("cache: asked once before the first attempt") {
  auto task = container("t");
  task.cache = true;
  task.outputs = {output("n")};
  auto last = container("last");
  last.cache = true;
  Led led(pipeline_of({task}, {last}));
  CHECK(led.commands() == Lines{"look up t"});
  SECTION("hit") {
    led.tell(CacheAnswered{"t", led.now(), Values{{"n", Value::integer(3)}}});
    CHECK(led.state("t") == State::cached);
    CHECK(led.view("t").outputs.at("n") == Value::integer(3));
    CHECK(led.commands() == Lines{"start last"});  // finals are not looked up
  }
  SECTION("miss") {
    led.tell(CacheAnswered{"t", led.now(), std::nullopt});
    CHECK(led.commands() == Lines{"start t"});
    led.tell(CacheAnswered{"t", led.now(), Values{}});  // too late
    CHECK(led.state("t") == State::running);
  }
}

TEST_CASE("suspend goes on by itself; importers give their URI") {
  auto pause = container("pause");
  pause.kind = pipeline::TaskKind::suspend;
  pause.pause = 90s;
  auto importer = container("importer", {0});
  importer.kind = pipeline::TaskKind::importer;
  importer.inputs = {input("bucket", "'b'")};
  importer.importer_uri = pipeline::parse_template("s3://${{ inputs.bucket }}/x", pipeline::Dialect::native, {});
  importer.outputs = {output("a", pipeline::TypeKind::artifact)};
  Led led(pipeline_of({pause, importer}));
  CHECK(led.commands() == Lines{"wake in 90000ms"});
  led.pass(90s);
  CHECK(led.commands() == Lines{"ended succeeded"});
  CHECK(pipeline::as_artifact(led.view("importer").outputs.at("a"))->uri == "s3://b/x");
}

TEST_CASE("events that no longer matter change nothing") {
  auto task = container("t");
  task.retry.limit = 1;
  Led led(pipeline_of({task}));
  led.commands();
  led.end("t", FailureClass::user);
  CHECK(led.commands() == Lines{"start t (attempt 2)"});
  const std::string before = led.engine().to_text();
  led.tell(AttemptEnded{{"t", 0}, led.now(), {}});
  led.tell(AttemptEnded{{"t", 7}, led.now(), {}});
  led.tell(AttemptEnded{{"nobody", 0}, led.now(), {}});
  led.tell(CacheAnswered{"t", led.now(), Values{}});
  led.tell(RunStarted{led.now()});
  CHECK(led.engine().to_text() == before);
  CHECK(led.commands().empty());
}

TEST_CASE("ten thousand instances, wide and chained, cost little") {
  const auto start = std::chrono::steady_clock::now();
  auto wide = container("wide");
  wide.loop = loop_over("10000");
  wide.outputs = {output("n")};
  std::vector<pipeline::Task> tasks{wide};
  for (int i = 1; i < 10'000; ++i) tasks.push_back(container(fmt::format("t{}", i), {i - 1}));
  Engine engine(pipeline_of(std::move(tasks)), {}, at_most(100));
  engine.apply(RunStarted{TimePoint(0s)});
  std::size_t started = 0;
  while (!engine.ended()) {
    for (const auto& command : engine.next()) {
      if (const auto* attempt = std::get_if<StartAttempt>(&command)) {
        ++started;
        engine.apply(AttemptEnded{attempt->work.id, TimePoint(1s), {}});
      }
    }
  }
  CHECK(started == 19'999);
  CHECK(engine.state() == State::succeeded);
  CHECK(std::chrono::steady_clock::now() - start < 5s);  // about 0.1 s on an idle machine
}

TEST_CASE("a long chain of omitted tasks needs no stack") {
  std::vector<pipeline::Task> tasks{container("t0")};
  for (int i = 1; i < 100'000; ++i) tasks.push_back(container(fmt::format("t{}", i), {i - 1}));
  Led led(pipeline_of(std::move(tasks)));
  led.commands();
  Outcome hopeless;
  hopeless.failure = FailureClass::configuration;
  led.tell(AttemptEnded{{"t0", 0}, led.now(), hopeless});
  CHECK(led.commands() == Lines{"ended failed"});
}

}  // namespace kfrun::run
