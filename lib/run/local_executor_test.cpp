// Attempts as real processes of this machine.
#include "run/local_executor.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "base/files.h"
#include "base/test.h"
#include "run/local_attempt.h"
#include "run/local_files.h"
#include "run/local_layout.h"
#include "run/local_sources.h"

namespace kfrun::run {

namespace {

using namespace std::chrono_literals;
using pipeline::TypeKind;

pipeline::Expression parsed(const std::string& text) { return pipeline::parse_template(text, pipeline::Dialect::native, {}); }

pipeline::Task task_of(const std::vector<std::string>& command) {
  pipeline::Task task;
  task.name = "t";
  for (const auto& word : command) task.container.command.push_back(parsed(word));
  return task;
}

pipeline::Task shell(const std::string& script) { return task_of({"sh", "-c", script}); }

pipeline::Output output(const std::string& name, TypeKind kind) {
  pipeline::Output made;
  made.name = name;
  made.type.kind = kind;
  return made;
}

// A state folder and a source folder of its own, gone at the end.
class Machine {
 public:
  explicit Machine(Duration grace = 5s, double cores = 4) {
    char name[] = "/tmp/kfrun-executor-XXXXXX";
    root_ = ::mkdtemp(name);
    make_directories(root_ + "/source");
    executor_ = std::make_unique<LocalExecutor>(RunContext{"run-1", "run", "", root_ + "/source"},
                                                LocalOptions{root_ + "/state", grace, {cores, 8.0 * (1 << 30)}, {}});
  }
  ~Machine() {
    executor_.reset();
    remove_tree(root_);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Starts a task under the name of `instance` and says how it ended.
  Outcome carry(const pipeline::Task& task, Values inputs = {}, const std::string& instance = "t") {
    executor_->start({{instance, 0}, &task, std::move(inputs), -1, ""});
    return end();
  }
  // The next end of an attempt; what was told before it is kept as news.
  Outcome end() {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (ended_.empty()) {
      if (std::chrono::steady_clock::now() >= limit) throw std::runtime_error("no attempt has ended");
      for (auto& event : executor_->wait(1s)) {
        if (auto* ended = std::get_if<AttemptEnded>(&event)) {
          ended_.push_back(*ended);
        } else {
          news.push_back(std::get<AttemptRunning>(event).message);
        }
      }
    }
    AttemptEnded first = std::move(ended_.front());
    ended_.erase(ended_.begin());
    last = first.id.instance;
    return std::move(first.outcome);
  }

  LocalExecutor& executor() { return *executor_; }
  std::string state(const std::string& path) const { return root_ + "/state/" + path; }
  std::string source(const std::string& path) const { return root_ + "/source/" + path; }
  std::string log(const std::string& instance = "t") const { return disk().read(state("runs/run-1/logs/" + instance + ".log")); }

  std::string last;  // instance of the last end
  std::vector<std::string> news;

 private:
  std::string root_;
  std::unique_ptr<LocalExecutor> executor_;
  std::vector<AttemptEnded> ended_;
};

bool is_alive(int process) { return ::kill(process, 0) == 0; }

bool dies(int process) {
  for (int i = 0; i < 200 && is_alive(process); ++i) std::this_thread::sleep_for(10ms);
  return !is_alive(process);
}

}  // namespace

TEST_CASE("a command runs and its streams are in one log, in order") {
  Machine machine;
  const auto outcome = machine.carry(shell("echo one; echo two >&2; echo three"));
  CHECK(outcome.failure == FailureClass::none);
  CHECK(outcome.exit_code == 0);
  CHECK(machine.log() == "one\ntwo\nthree\n");
  CHECK(outcome.log == machine.state("runs/run-1/logs/t.log"));
  CHECK(outcome.started <= system_clock().now());
  CHECK_FALSE(outcome.host.empty());
}

TEST_CASE("a command runs in the pipeline file's folder, with its environment") {
  Machine machine;
  auto task = shell(
      "pwd; echo $COLOUR $KFRUN_RUN_ID $KFRUN_TASK $KFRUN_ATTEMPT; test -d $KFRUN_SCRATCH && test $TMPDIR = "
      "$KFRUN_SCRATCH && echo scratch");
  task.container.environment = {{"COLOUR", parsed("deep ${{ inputs.c }}")}};
  machine.carry(task, {{"c", Value::string("blue")}}, "check#3/t");
  CHECK(machine.log("check#3/t") ==
        machine.source("").substr(0, machine.source("").size() - 1) + "\ndeep blue run-1 check#3/t 0\nscratch\n");
}

TEST_CASE("a relative working directory is below the pipeline file's folder") {
  Machine machine;
  make_directories(machine.source("sub"));
  auto task = shell("pwd");
  task.container.working_directory = "sub";
  machine.carry(task);
  CHECK(machine.log() == machine.source("sub") + "\n");
  task.container.working_directory = "/not/here";
  const auto outcome = machine.carry(task, {}, "u");
  CHECK(outcome.failure == FailureClass::configuration);
  CHECK_THAT(outcome.message, ContainsSubstring("there is no folder /not/here"));
}

TEST_CASE("a script is staged as a file behind the command, before the arguments") {
  Machine machine;
  auto task = task_of({"sh"});
  task.container.script = parsed("basename \"$0\"; echo \"$1\"");
  task.container.args = {parsed("x ${{ inputs.n }}")};
  machine.carry(task, {{"n", Value::integer(4)}});
  CHECK(machine.log() == "script\nx 4\n");
  auto own = task_of({});
  own.container.script = parsed("#!/bin/sh\necho by itself\n");
  machine.carry(own, {}, "u");
  CHECK(machine.log("u") == "by itself\n");
}

TEST_CASE("outputs are read from files as they are declared") {
  Machine machine;
  auto task = shell("printf 42 > ${{ outputs.count }}; echo hi > ${{ outputs.word }}; echo [1] > ${{ outputs.list }}");
  task.outputs = {output("count", TypeKind::integer), output("word", TypeKind::string), output("list", TypeKind::list),
                  output("left", TypeKind::number)};
  task.outputs[3].default_value = Value::number(0.5);
  const auto outcome = machine.carry(task);
  CHECK(outcome.failure == FailureClass::none);
  CHECK(outcome.outputs == Values{{"count", Value::integer(42)},
                                  {"word", Value::string("hi")},
                                  {"list", Value::sequence({Value::integer(1)})},
                                  {"left", Value::number(0.5)}});
}

TEST_CASE("an output that is missing or of another type fails the task in plain words") {
  Machine machine;
  auto task = shell("true");
  task.outputs = {output("count", TypeKind::integer)};
  auto outcome = machine.carry(task);
  CHECK(outcome.failure == FailureClass::user);
  CHECK(outcome.reason == "BadOutput");
  CHECK_THAT(outcome.message, ContainsSubstring("output count was not written"));
  task = shell("echo many > ${{ outputs.count }}");
  task.outputs = {output("count", TypeKind::integer)};
  outcome = machine.carry(task, {}, "u");
  CHECK(outcome.message == "output count: expected an integer, found 'many'");
}

TEST_CASE("a named pipe as an output is refused, and nobody waits for it") {
  Machine machine;
  for (const auto& [path, kind] : {std::pair(std::string("pipe"), TypeKind::string), {"other", TypeKind::artifact}}) {
    auto task = shell("mkfifo ${{ outputs." + path + " }}");
    task.outputs = {output(path, kind)};
    const auto outcome = machine.carry(task, {}, path);
    CHECK(outcome.failure == FailureClass::user);
    CHECK_THAT(outcome.message, ContainsSubstring("output " + path + " is neither a file nor a folder"));
  }
}

TEST_CASE("artifacts go to the store, and the next task reads them there") {
  Machine machine;
  auto make = shell("echo a,b > ${{ outputs.table }}; mkdir ${{ outputs.dir }}; echo x > ${{ outputs.dir }}/f");
  make.outputs = {output("table", TypeKind::artifact), output("dir", TypeKind::artifact)};
  make.outputs[0].file_name = "table.csv";
  make.outputs[0].type.artifact_type = "system.Dataset";
  const auto made = machine.carry(make);
  REQUIRE(made.failure == FailureClass::none);
  const auto table = pipeline::as_artifact(made.outputs.at("table")).value();
  CHECK(table.type == "system.Dataset");
  CHECK(table.digest == content_digest(path_of_uri(table.uri)));
  CHECK(table.uri == "file://" + machine.state("store/" + table.digest + "/table.csv"));
  CHECK(disk().read(machine.state("runs/run-1/artifacts/t/table")) == "a,b\n");

  auto read = shell("cat ${{ inputs.table }} ${{ inputs.dir }}/f; echo ${{ inputs.table.uri }}");
  const auto outcome = machine.carry(read, made.outputs, "read");
  CHECK(outcome.failure == FailureClass::none);
  CHECK(machine.log("read") == "a,b\nx\n" + table.uri + "\n");

  struct stat status {};
  REQUIRE(::stat(path_of_uri(table.uri).c_str(), &status) == 0);
  CHECK((status.st_mode & 0222) == 0);
}

TEST_CASE("a folder of outputs becomes a list of artifacts") {
  Machine machine;
  auto make = shell("mkdir ${{ outputs.parts }}; for i in b a; do echo $i > ${{ outputs.parts }}/$i; done");
  make.outputs = {output("parts", TypeKind::artifact_list)};
  const auto made = machine.carry(make);
  REQUIRE(made.failure == FailureClass::none);
  REQUIRE(made.outputs.at("parts").size() == 2);
  CHECK(disk().read(path_of_uri(pipeline::as_artifact(made.outputs.at("parts").items()[0])->uri)) == "a\n");
}

TEST_CASE("what stands at a fixed path is taken only when the task wrote it, and stays") {
  Machine machine;
  write_file(machine.source("old.txt"), "old");
  std::this_thread::sleep_for(60ms);
  auto task = shell("true");
  task.outputs = {output("o", TypeKind::artifact)};
  task.outputs[0].path = machine.source("old.txt");
  CHECK(machine.carry(task).failure == FailureClass::user);
  task.container.command.back() = parsed("echo new > old.txt");
  const auto outcome = machine.carry(task, {}, "u");
  REQUIRE(outcome.failure == FailureClass::none);
  CHECK(disk().read(path_of_uri(pipeline::as_artifact(outcome.outputs.at("o"))->uri)) == "new\n");
  CHECK(disk().read(machine.source("old.txt")) == "new\n");
}

TEST_CASE("an artifact of somewhere else is a configuration failure with a way out") {
  Machine machine;
  const auto task = shell("cat ${{ inputs.x }}");
  auto outcome = machine.carry(task, {{"x", pipeline::make_artifact({"s3://bucket/x", "", "", {}})}});
  CHECK(outcome.failure == FailureClass::configuration);
  CHECK(outcome.message ==
        "s3://bucket/x cannot be read on this machine; fetch it with a task of its own that writes it as an artifact");
  outcome = machine.carry(task, {{"x", pipeline::make_artifact({"missing.csv", "", "", {}})}}, "u");
  CHECK(outcome.message == "there is no artifact at " + machine.source("missing.csv"));
  write_file(machine.source("data.csv"), "1\n");
  outcome = machine.carry(task, {{"x", pipeline::make_artifact({"data.csv", "", "", {}})}}, "v");
  CHECK(outcome.failure == FailureClass::none);
  CHECK(machine.log("v") == "1\n");
}

TEST_CASE("an exit code is the user's failure, with the last line of the log") {
  Machine machine;
  const auto outcome = machine.carry(shell("echo first; echo 'ValueError: no rows'; echo; exit 3"));
  CHECK(outcome.failure == FailureClass::user);
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.reason.empty());
  CHECK(outcome.message == "ValueError: no rows");
}

TEST_CASE("a signal that is not ours is named") {
  Machine machine;
  auto outcome = machine.carry(shell("kill -9 $$"));
  CHECK(outcome.failure == FailureClass::user);
  CHECK(outcome.exit_code == 137);
  CHECK_THAT(outcome.message, ContainsSubstring("killed by signal 9 (SIGKILL)"));
  outcome = machine.carry(shell("kill -SEGV $$"), {}, "u");
  CHECK_THAT(outcome.message, ContainsSubstring("killed by signal 11 (SIGSEGV)"));
}

TEST_CASE("a command that does not exist is a configuration failure") {
  Machine machine;
  auto outcome = machine.carry(task_of({"no-such-program", "x"}));
  CHECK(outcome.failure == FailureClass::configuration);
  CHECK_THAT(outcome.message, ContainsSubstring("there is no program 'no-such-program' in PATH"));
  CHECK_THAT(outcome.message, ContainsSubstring("images are not used"));
  outcome = machine.carry(task_of({}), {}, "u");
  CHECK_THAT(outcome.message, ContainsSubstring("names no command"));
  outcome = machine.carry(shell("echo ${{ inputs.unknown }}"), {}, "v");
  CHECK(outcome.failure == FailureClass::configuration);
}

TEST_CASE("tasks that need a cluster say so") {
  Machine machine;
  pipeline::Task task;
  task.name = "ship";
  task.kind = pipeline::TaskKind::apply;
  const auto outcome = machine.carry(task);
  CHECK(outcome.failure == FailureClass::configuration);
  CHECK_THAT(outcome.message, ContainsSubstring("ship: a task of kind 'apply' needs a cluster"));
}

TEST_CASE("an overdue attempt is ended, gently first") {
  Machine machine;
  auto task = shell("trap 'echo asked; exit 7' TERM; echo on; sleep 30 & wait");
  task.timeout = 200ms;
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = machine.carry(task);
  CHECK(std::chrono::steady_clock::now() - start < 3s);
  CHECK(outcome.failure == FailureClass::user);
  CHECK(outcome.reason == "DeadlineExceeded");
  CHECK(outcome.message == "it did not end within 0.2s");
  CHECK(outcome.exit_code == 7);
  CHECK(machine.log() == "on\nasked\n");
}

TEST_CASE("who does not heed SIGTERM is killed after the grace") {
  Machine machine(200ms);
  auto task = shell("trap '' TERM; while :; do sleep 0.05; done");
  task.timeout = 100ms;
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = machine.carry(task);
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(took >= 300ms);
  CHECK(took < 3s);
  CHECK(outcome.reason == "DeadlineExceeded");
  CHECK(outcome.exit_code == 137);
}

TEST_CASE("a cancelled attempt ends as stopped, with all that it started") {
  Machine machine;
  const auto task = shell("sleep 60 & echo $! > pid; wait");
  machine.executor().start({{"t", 0}, &task, {}, -1, ""});
  for (int i = 0; i < 200 && !disk().is_file(machine.source("pid")); ++i) std::this_thread::sleep_for(10ms);
  std::this_thread::sleep_for(20ms);
  const int child = std::atoi(disk().read(machine.source("pid")).c_str());
  REQUIRE(child > 0);
  machine.executor().cancel({"t", 0});
  machine.executor().cancel({"t", 0});
  CHECK(machine.end().failure == FailureClass::stopped);
  CHECK(dies(child));
}

TEST_CASE("what an attempt leaves in the background goes with it") {
  Machine machine;
  CHECK(machine.carry(shell("sleep 60 & echo $! > pid")).failure == FailureClass::none);
  CHECK(dies(std::atoi(disk().read(machine.source("pid")).c_str())));
}

TEST_CASE("processes end with their executor") {
  int child = 0;
  {
    Machine machine;
    const auto task = shell("echo $$ > pid; exec sleep 60");
    machine.executor().start({{"t", 0}, &task, {}, -1, ""});
    for (int i = 0; i < 200 && !disk().is_file(machine.source("pid")); ++i) std::this_thread::sleep_for(10ms);
    std::this_thread::sleep_for(20ms);
    child = std::atoi(disk().read(machine.source("pid")).c_str());
  }
  REQUIRE(child > 0);
  CHECK(dies(child));
}

TEST_CASE("tasks that state their CPU share the cores, first come first served") {
  Machine machine(5s, 2);
  auto big = shell("sleep 0.2");
  big.container.requests["cpu"] = "2";
  auto small = shell("true");
  small.container.requests["cpu"] = "500m";
  const auto free = shell("true");
  const auto start = [&](const pipeline::Task& task, const std::string& name) {
    machine.executor().start({{name, 0}, &task, {}, -1, ""});
  };
  start(big, "a");
  start(big, "b");
  start(small, "c");
  start(free, "d");
  std::vector<std::string> order;
  for (int i = 0; i < 4; ++i) {
    CHECK(machine.end().failure == FailureClass::none);
    order.push_back(machine.last);
  }
  CHECK(order == std::vector<std::string>{"d", "a", "b", "c"});
  CHECK(machine.news == std::vector<std::string>{"waits for 2 free cores", "waits for 0.5 free cores", "", ""});
  start(big, "e");
  start(big, "f");
  machine.executor().cancel({"f", 0});
  machine.end();
  CHECK(machine.last == "f");
  big.container.requests["cpu"] = "64";  // more than there are: all of them
  machine.end();
  CHECK(machine.carry(big, {}, "g").failure == FailureClass::none);
}

TEST_CASE("quantities of CPU") {
  CHECK(parse_cores("2") == 2);
  CHECK(parse_cores("500m") == 0.5);
  CHECK(parse_cores("0.25") == 0.25);
  CHECK(parse_cores("") == 0);
  CHECK(parse_cores("2Gi") == 0);
}

TEST_CASE("waiting can be cut short") {
  Machine machine;
  machine.executor().wake();
  const auto start = std::chrono::steady_clock::now();
  CHECK(machine.executor().wait(10s).empty());
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("starting the same attempt twice starts it once") {
  Machine machine;
  const auto task = shell("echo x; sleep 0.1");
  machine.executor().start({{"t", 0}, &task, {}, -1, ""});
  machine.executor().start({{"t", 0}, &task, {}, -1, ""});
  machine.end();
  CHECK(machine.executor().wait(50ms).empty());
  CHECK(machine.log() == "x\n");
}

TEST_CASE("scratch space goes when the run is finished") {
  Machine machine;
  machine.carry(shell("echo x > $KFRUN_SCRATCH/big; mkdir $KFRUN_SCRATCH/d; chmod 500 $KFRUN_SCRATCH/d"));
  CHECK(disk().is_directory(machine.state("runs/run-1/scratch")));
  machine.executor().finish();
  CHECK_FALSE(disk().is_directory(machine.state("runs/run-1/scratch")));
}

TEST_CASE("files that the command names count for the cache") {
  Machine machine;
  write_file(machine.source("train.py"), "v1");
  write_file(machine.source("data.csv"), "1");
  const auto digest = [&](const std::vector<std::string>& command, Values inputs = {}) {
    const auto task = task_of(command);
    return machine.executor().source_digest({{"t", 0}, &task, std::move(inputs), -1, ""});
  };
  CHECK(digest({"echo", "hello"}).empty());
  const auto before = digest({"python3", "train.py", "--data=data.csv"});
  CHECK_FALSE(before.empty());
  CHECK(digest({"python3", "train.py", "--data=data.csv"}) == before);
  write_file(machine.source("data.csv"), "2");
  const auto after = digest({"python3", "train.py", "--data=data.csv"});
  CHECK(after != before);
  CHECK_FALSE(digest({"sh", "-c", "cat 'data.csv' | wc"}).empty());
  CHECK_FALSE(digest({"cat", "${{ inputs.f }}"}, {{"f", Value::string("data.csv")}}).empty());
  CHECK(digest({"cat", "${{ inputs.f }}"}, {{"f", Value::integer(3)}}).empty());
}

TEST_CASE("files that a program may load, and those that a script names, count for the cache") {
  Machine machine;
  make_directories(machine.source("steps"));
  write_file(machine.source("steps/train.py"), "import helper");
  write_file(machine.source("steps/helper.py"), "v1");
  write_file(machine.source("steps/notes.txt"), "v1");
  write_file(machine.source("in.txt"), "v1");
  const auto digest = [&](const pipeline::Task& task) {
    return LocalSources(machine.source("")).digest({{"t", 0}, &task, {}, -1, ""});
  };
  auto in_folder = shell("cat notes.txt");
  in_folder.container.working_directory = machine.source("steps");
  const std::vector<pipeline::Task> by_helper = {task_of({"python3", "steps/train.py"}),
                                                 task_of({"python3", "-m", "steps.train"})};
  const std::vector<pipeline::Task> by_notes = {in_folder};
  const std::vector<pipeline::Task> by_input = {shell("cat in.txt"), shell("cat " + machine.source("in.txt"))};
  const auto check_changes = [&](const std::string& file, const std::vector<pipeline::Task>& changed,
                                 const std::vector<pipeline::Task>& same) {
    std::vector<std::string> before, kept;
    for (const auto& task : changed) before.push_back(digest(task));
    for (const auto& task : same) kept.push_back(digest(task));
    write_file(machine.source(file), "second version");
    for (std::size_t at = 0; at < changed.size(); ++at) CHECK(digest(changed[at]) != before[at]);
    for (std::size_t at = 0; at < same.size(); ++at) CHECK(digest(same[at]) == kept[at]);
  };
  check_changes("steps/helper.py", by_helper, by_notes);
  check_changes("steps/notes.txt", by_notes, by_helper);
  check_changes("in.txt", by_input, by_helper);
}

}  // namespace kfrun::run
