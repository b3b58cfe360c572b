#include "run/local_runner.h"

#include <signal.h>

namespace kfrun::run {

std::optional<ProcessSpec> LocalRunner::terminate(const LocalAttempt&, const Process& process) {
  signal_process_group(process, SIGTERM);
  return {};
}

std::optional<ProcessSpec> LocalRunner::kill(const LocalAttempt&, const Process& process) {
  signal_process_group(process, SIGKILL);
  return {};
}

}  // namespace kfrun::run
