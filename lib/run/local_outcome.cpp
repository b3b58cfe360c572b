#include "run/local_outcome.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/local_resources.h"

namespace kfrun::run {

namespace {

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string with_hints(const Error& error) {
  std::string text = error.what();
  for (const auto& hint : error.hints()) text += "; " + hint;
  return text;
}

}  // namespace

std::string tail_of(const std::string& path, std::size_t most) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  struct stat status {};
  std::string text;
  if (::fstat(file, &status) == 0) {
    const auto size = static_cast<std::size_t>(status.st_size);
    text.resize(std::min(size, most));
    const auto count = ::pread(file, text.data(), text.size(), static_cast<off_t>(size - text.size()));
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  ::close(file);
  return text;
}

Outcome outcome_of_exit(const ProcessResult& result, const std::string& log) {
  Outcome outcome;
  outcome.exit_code = result.exit_code;
  if (result.exit_code == 0) return outcome;
  outcome.failure = FailureClass::user;
  const std::string line = last_line(tail_of(log, 4096));
  if (result.signal == 0) {
    outcome.message = line;
    return outcome;
  }
  outcome.reason = "Killed";
  outcome.message = fmt::format("killed by signal {} ({})", result.signal, signal_name(result.signal));
  if (result.signal == SIGKILL) outcome.message += ", perhaps for want of memory: see the kernel's log";
  if (!line.empty()) outcome.message += ": " + line;
  return outcome;
}

Outcome outcome_of_deadline(const ProcessResult& result, Duration timeout) {
  Outcome outcome;
  outcome.failure = FailureClass::user;
  outcome.reason = "DeadlineExceeded";
  outcome.exit_code = result.exit_code;
  outcome.message = fmt::format("it did not end within {}", kfrun::to_string(timeout));
  return outcome;
}

Outcome outcome_of_stop(const ProcessResult& result) {
  Outcome outcome;
  outcome.failure = FailureClass::stopped;
  outcome.exit_code = result.exit_code;
  return outcome;
}

Outcome outcome_of_start(const Error& error) {
  Outcome outcome;
  // Only a machine that has no room for another process may have it later.
  outcome.failure = error.kind() == ErrorKind::failed ? FailureClass::infrastructure : FailureClass::configuration;
  outcome.reason = "CannotStart";
  outcome.message = with_hints(error);
  if (error.kind() == ErrorKind::not_found && error.message().starts_with("there is no program")) {
    outcome.reason = "CommandNotFound";
    outcome.message += "; on this machine images are not used: what tasks run must be installed here";
  }
  return outcome;
}

Outcome outcome_of_size(double wanted, double there_is) {
  Outcome outcome;
  outcome.failure = FailureClass::unschedulable;
  outcome.reason = "TooLarge";
  outcome.message =
      fmt::format("it asks for {} of memory, and there are {} on this machine", bytes_to_text(wanted), bytes_to_text(there_is));
  return outcome;
}

Outcome outcome_of_outputs(const Error& error) {
  Outcome outcome;
  outcome.failure = FailureClass::user;
  outcome.reason = "BadOutput";
  outcome.message = with_hints(error);
  return outcome;
}

}  // namespace kfrun::run
