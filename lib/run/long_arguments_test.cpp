#include "run/long_arguments.h"

#include "base/files.h"
#include "base/test.h"
#include "run/temporary_folder.h"

namespace kfrun::run {

namespace {

// Ends with a newline and has what a shell might take for its own.
const std::string kLong = std::string(200'000, 'x') + " $HOME 'q' \"ü\" \\ \n";

// What a command prints, whose long arguments were put into files.
std::string printed(std::vector<std::string> command, std::map<std::string, std::string> environment = {}) {
  TemporaryFolder folder;
  ProcessSpec process;
  process.command = std::move(command);
  process.environment = std::move(environment);
  shorten_arguments(process, folder / "it's");
  for (const auto& word : process.command) CHECK(word.size() < 131'072);
  const auto result = run_process(process, {}, std::chrono::seconds(30));
  INFO(result.error_output);
  CHECK(result.exit_code == 0);
  return result.output;
}

}  // namespace

TEST_CASE("short arguments stay where they are") {
  ProcessSpec process;
  process.command = {"sh", "-c", "echo", "a", std::string(131'071, 'x')};
  const auto before = process.command;
  shorten_arguments(process, "/nowhere");
  CHECK(process.command == before);
}

TEST_CASE("a shell's script finds its long arguments, to the last byte") {
  CHECK(printed({"sh", "-ec", "printf '%s|%s|%s|%s' \"$0\" \"$1\" \"$2\" \"$3\"", "name", "a b", kLong, ""}) ==
        "name|a b|" + kLong + "|");
  CHECK(printed({"sh", "-c", "printf %s \"$1\"\n#" + kLong, "sh", "b"}) == "b");
}

TEST_CASE("Python finds its long arguments, and runs code that is long") {
  const std::string print = "import sys; sys.stdout.buffer.write('|'.join(sys.argv).encode())";
  CHECK(printed({"python3", "-u", "-c", "from __future__ import annotations\n" + print, "a", kLong}) == "-c|a|" + kLong);
  CHECK(printed({"python3", "-c", print + "\n#" + kLong, "a"}) == "-c|a");
  TemporaryFolder folder;
  write_file(folder / "main.py", "import other\n" + print);
  write_file(folder / "other.py", "");
  CHECK(printed({"python3", folder / "main.py", kLong}) == folder / "main.py|" + kLong);
  CHECK(printed({"python3", "-m", "main", kLong}, {{"PYTHONPATH", folder / ""}}) == folder / "main.py|" + kLong);
}

TEST_CASE("the runtime of the KFP SDK gets long sources and executor inputs") {
  TemporaryFolder folder;
  make_directories(folder / "kfp/dsl");
  write_file(folder / "kfp/dsl/executor_main.py",
             "import sys; sys.stdout.buffer.write(open(sys.argv[2], newline='').read().encode() + b'|' + sys.argv[4].encode())");
  const std::string launcher =
      "program_path=$(mktemp -d)\n\nprintf \"%s\" \"$0\" > \"$program_path/ephemeral_component.py\"\n"
      "_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main --component_module_path "
      "\"$program_path/ephemeral_component.py\" \"$@\"\n";
  const std::map<std::string, std::string> environment{{"PYTHONPATH", folder / ""}, {"TMPDIR", folder / ""}};
  CHECK(printed({"sh", "-ec", launcher, "source", "--executor_input", kLong}, environment) == "source|" + kLong);
  CHECK(printed({"sh", "-ec", launcher, kLong, "--executor_input", "{}"}, environment) == kLong + "|{}");
  CHECK(printed({"sh", "-c", "true && \"$0\" \"$@\"", "sh", "-ec", launcher, kLong, "--executor_input", kLong}, environment) ==
        kLong + "|" + kLong);
}

}  // namespace kfrun::run
