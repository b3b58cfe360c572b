// What the launcher is to do around its command, as the run's driver wrote it (JSON, see README.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kfrun::launcher {

// Why the launcher itself fails: an exit code of exit_code.h, a word for programs, a sentence for people.
struct Failure {
  int exit_code = 0;
  std::string reason;
  std::string message;
};
using Problem = std::optional<Failure>;  // nothing: all is well

struct StagedFile {
  std::string path;
  std::string text;
};

struct PlannedOutput {
  std::string name;
  std::string path;
  bool is_artifact = false;
  bool is_list = false;      // of artifacts: each entry of the folder that was written is one
  bool is_optional = false;  // may be left unwritten
  bool is_results = false;   // the executor output of the KFP SDK, whose artifacts may name paths of their own
};

struct Plan {
  std::vector<std::string> directories;  // to make
  std::vector<StagedFile> files;         // to write: scripts
  std::vector<std::string> inputs;       // artifacts that must be there
  std::vector<PlannedOutput> outputs;
  std::string store;    // folder of artifacts by digest
  std::string staging;  // this attempt's folder beside it, on the same file system; gone at the end
  std::string message_file = "/dev/termination-log";
  std::size_t message_limit = 4096;
  std::size_t parameters_limit = 256 * 1024;  // of all parameters together
};

Problem read_plan(std::string_view json, Plan& plan);

}  // namespace kfrun::launcher
