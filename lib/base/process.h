// Child processes: run one to its end (helm, git, exec credential plugins), or start one in a process group of its own and
// be told when it ends (local tasks).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace kfrun {

struct ProcessSpec {
  std::vector<std::string> command{};                // command[0] is looked up in PATH unless it has a '/'
  std::string directory{};                           // "" = this process's
  std::map<std::string, std::string> environment{};  // added to (or instead of, see below) this process's environment
  bool clear_environment = false;
  // Files the streams are written to (created, appended to); "" = /dev/null. The same path for both keeps their order.
  std::string stdout_file{};
  std::string stderr_file{};
  // For run_process(): the error output comes with the output, in the order it was written.
  bool joins_streams = false;
  // The child stays in this process's group: Ctrl-C reaches it too, and it may ask its user on the terminal (git for a password).
  bool stays_in_group = false;
  // For run_process(): called with the error output as it comes, which is then not kept.
  std::function<void(std::string_view)> on_error_output{};
};

struct ProcessResult {
  int exit_code = 0;  // 128 + signal when it was killed by one, as shells count
  int signal = 0;     // 0 = it exited by itself
  std::string output;
  std::string error_output;
};

// Where a shell would find a program in this process's PATH; nothing when it is not there. A name with a '/' is itself.
std::optional<std::string> find_program(const std::string& name);

// Runs to the end with `input` on stdin and both streams captured (each at most `limit` bytes; more is an Error). Throws
// Error(not_found) when the program does not exist, Error(timed_out) after `timeout` (the process group is killed; of a process
// that stays in this one's group, only itself).
ProcessResult run_process(const ProcessSpec& spec, std::string_view input = {}, std::optional<Duration> timeout = std::nullopt,
                          std::size_t limit = 64u << 20);

// A started child. Its process group id is its process id, so that a signal reaches what it started itself.
struct Process {
  int pid = 0;
  // A file descriptor that becomes readable when the process ends (pidfd); owned by whoever started it, closed by reap().
  int ended = -1;
};

// Starts without waiting; stdin is /dev/null. Throws Error(not_found) when the program does not exist, Error(input) for a
// folder that is not there or a command that cannot be executed.
Process start_process(const ProcessSpec& spec);
// Takes the result of a process that has ended; nothing while it still runs.
std::optional<ProcessResult> reap_process(Process& process);
// Sends a signal to the whole process group; nothing happens when it is gone.
void signal_process_group(const Process& process, int signal);

}  // namespace kfrun
