#include "base/process.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/test.h"

using namespace std::chrono_literals;

namespace kfrun {

namespace {

ProcessSpec shell(const std::string& script) { return {.command = {"sh", "-c", script}}; }

ErrorKind kind_of(const ProcessSpec& spec) {
  try {
    run_process(spec);
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("it ran");
  return ErrorKind::internal;
}

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/tmp/kfrun-process-XXXXXX";
    REQUIRE(::mkdtemp(name.data()));
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

ProcessResult wait_for(Process& process) {
  pollfd ended{process.ended, POLLIN, 0};
  REQUIRE(::poll(&ended, 1, 10'000) == 1);
  auto result = reap_process(process);
  REQUIRE(result);
  CHECK(process.ended == -1);
  return *result;
}

}  // namespace

TEST_CASE("run_process gives streams, exit code and signal") {
  const auto result = run_process(shell("cat; echo fault >&2; exit 3"), "from stdin");
  CHECK(result.output == "from stdin");
  CHECK(result.error_output == "fault\n");
  CHECK(result.exit_code == 3);
  CHECK(result.signal == 0);
  const auto killed = run_process(shell("kill -KILL $$"));
  CHECK(killed.exit_code == 137);
  CHECK(killed.signal == SIGKILL);
  CHECK(run_process(shell("cat")).output.empty());
}

TEST_CASE("run_process carries more than a pipe holds, both ways") {
  const std::string large(3'000'000, 'x');
  const auto result = run_process(shell("cat; head -c 1000000 /dev/zero >&2"), large);
  CHECK(result.output == large);
  CHECK(result.error_output.size() == 1'000'000);
  CHECK_THROWS_WITH(run_process(shell("cat"), large, std::nullopt, 1000), ContainsSubstring("more than 1000 bytes"));
}

TEST_CASE("run_process kills the whole group at its timeout") {
  const auto start = std::chrono::steady_clock::now();
  try {
    run_process(shell("sleep 20 & sleep 20"), {}, 100ms);
    FAIL("it ended");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::timed_out);
  }
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("a process that stays in the group of its parent is asked to end at its timeout") {
  ProcessSpec spec{{"sh", "-c", "trap 'echo ended >&3; exit' TERM; exec 3>$MARK; echo $(ps -o pgid= $$) >&3; sleep 30 & wait"}};
  const std::string mark = "/tmp/kfrun-process-test-" + std::to_string(::getpid());
  spec.environment = {{"MARK", mark}};
  spec.stays_in_group = true;
  CHECK_THROWS_AS(run_process(spec, {}, std::chrono::milliseconds(300)), Error);
  const std::string text = disk().read(mark);
  ::unlink(mark.c_str());
  CHECK(text == fmt::format("{}\nended\n", ::getpgrp()));
}

TEST_CASE("joined streams keep their order") {
  ProcessSpec spec{{"sh", "-c", "echo one; echo two >&2; echo three"}};
  spec.joins_streams = true;
  const auto result = run_process(spec);
  CHECK(result.output == "one\ntwo\nthree\n");
  CHECK(result.error_output.empty());
}

TEST_CASE("error output is told as it comes") {
  ProcessSpec spec = shell("echo one >&2; while [ ! -e $MARK ]; do sleep 0.02; done; echo two >&2; echo out");
  const auto mark = std::filesystem::temp_directory_path() / ("kfrun-process-mark-" + std::to_string(::getpid()));
  spec.environment = {{"MARK", mark.string()}};
  std::string told;
  spec.on_error_output = [&](std::string_view text) {
    told += text;
    if (told == "one\n") write_file(mark.string(), "");  // it goes on only because this came in time
  };
  const auto result = run_process(spec, {}, 30s);
  std::filesystem::remove(mark);
  CHECK(told == "one\ntwo\n");
  CHECK(result.error_output.empty());
  CHECK(result.output == "out\n");
}

TEST_CASE("programs are found in PATH") {
  const auto shell = find_program("sh");
  REQUIRE(shell);
  CHECK(shell->ends_with("/sh"));
  CHECK(!find_program("no-such-program-here"));
  CHECK(find_program(*shell) == shell);
}

TEST_CASE("what a program leaves in the background does not hold its end up") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(run_process(shell("sleep 5 & echo done")).output == "done\n");
  CHECK(std::chrono::steady_clock::now() - start < 4s);
}

TEST_CASE("a program that cannot be started is an error that says why") {
  const TemporaryFolder folder;
  CHECK(kind_of({.command = {"kfrun-no-such-program"}}) == ErrorKind::not_found);
  CHECK(kind_of({.command = {"/nowhere/program"}}) == ErrorKind::not_found);
  CHECK(kind_of({.command = {"true"}, .directory = "/nowhere"}) == ErrorKind::input);
  CHECK(kind_of({}) == ErrorKind::input);
  write_file(folder / "plain", "no program");
  CHECK(kind_of({.command = {folder / "plain"}}) == ErrorKind::input);
  write_file(folder / "script", "#!/nowhere/interpreter\n");
  std::filesystem::permissions(folder / "script", std::filesystem::perms::owner_all);
  CHECK_THROWS_WITH(run_process({.command = {folder / "script"}}), ContainsSubstring("interpreter"));
  // The PATH that counts is the child's.
  CHECK(kind_of({.command = {"true"}, .environment = {{"PATH", folder.path()}}}) == ErrorKind::not_found);
}

TEST_CASE("directory and environment") {
  const TemporaryFolder folder;
  CHECK(run_process({.command = {"pwd"}, .directory = "/"}).output == "/\n");
  write_file(folder / "here", "#!/bin/sh\necho here\n");
  std::filesystem::permissions(folder / "here", std::filesystem::perms::owner_all);
  CHECK(run_process({.command = {"./here"}, .directory = folder.path()}).output == "here\n");
  ::setenv("KFRUN_TEST_A", "outer", 1);
  auto spec = shell("echo $KFRUN_TEST_A $KFRUN_TEST_B");
  spec.environment = {{"KFRUN_TEST_B", "b"}};
  CHECK(run_process(spec).output == "outer b\n");
  spec.environment["KFRUN_TEST_A"] = "inner";
  CHECK(run_process(spec).output == "inner b\n");
  spec.clear_environment = true;
  spec.environment.erase("KFRUN_TEST_A");
  CHECK(run_process(spec).output == "b\n");
}

TEST_CASE("start_process leads a group, appends to files, and is told of by its descriptor") {
  const TemporaryFolder folder;
  auto spec = shell("sleep 30 & echo $!; echo two >&2; wait");
  spec.stdout_file = spec.stderr_file = folder / "log";
  auto process = start_process(spec);
  CHECK_FALSE(reap_process(process));
  const auto log = [&] { return disk().read(folder / "log"); };
  for (int i = 0; i < 1000 && !log().ends_with("\ntwo\n"); ++i) run_process(shell("sleep 0.01"));
  REQUIRE(log().ends_with("\ntwo\n"));
  signal_process_group(process, SIGTERM);
  const auto result = wait_for(process);
  CHECK(result.signal == SIGTERM);
  CHECK(result.exit_code == 143);
  // The sleep in the background went with it (a zombie where nothing reaps orphans).
  const std::string background = log().substr(0, log().find('\n'));
  CHECK(run_process(shell("sed 's/.*) \\(.\\).*/\\1/' /proc/" + background + "/stat 2>/dev/null | grep -v Z")).output.empty());
}

TEST_CASE("a child starts with default signals and nothing of ours open") {
  ::signal(SIGPIPE, SIG_IGN);
  const auto result = run_process(shell("kill -PIPE $$; echo survived"));
  ::signal(SIGPIPE, SIG_DFL);
  CHECK(result.signal == SIGPIPE);
  const auto open_files = [] { return run_process(shell("ls /proc/self/fd | wc -l")).output; };
  const auto before = open_files();
  auto other = start_process(shell("sleep 30"));
  CHECK(open_files() == before);
  signal_process_group(other, SIGKILL);
  CHECK(wait_for(other).signal == SIGKILL);
}

}  // namespace kfrun
