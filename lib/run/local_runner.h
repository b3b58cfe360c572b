// How an attempt on this machine is carried: as a chain of processes, of which the next follows from how the last one ended. A
// plain process is a chain of one; a container is run, looked at and copied from by its engine's program.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/process.h"
#include "run/local_attempt.h"

namespace kfrun::run {

// The end of an attempt's chain.
struct ChainEnd {
  ProcessResult result;            // of the task's command
  std::optional<Outcome> failure;  // what became of it where that is not for the command's result to say
};

class LocalRunner {
 public:
  using Next = std::variant<ProcessSpec, ChainEnd>;

  virtual ~LocalRunner() = default;
  virtual bool in_containers() const { return false; }
  // Of a prepared attempt.
  virtual ProcessSpec first(const LocalAttempt& attempt, bool) { return attempt.process; }
  // `is_ending`: it was told to end.
  virtual Next next(const LocalAttempt&, const ProcessResult& result, bool) { return ChainEnd{result, {}}; }
  // When the attempt's command began, if the runner knows better than who started it.
  virtual std::optional<TimePoint> began(const LocalAttempt&) const { return {}; }
  // Ask an attempt to end, and end it by force. What is returned is to be run for it.
  virtual std::optional<ProcessSpec> terminate(const LocalAttempt& attempt, const Process& process);
  virtual std::optional<ProcessSpec> kill(const LocalAttempt& attempt, const Process& process);
  // The ends of these attempts have been recorded.
  virtual std::optional<ProcessSpec> forget(const std::vector<LocalAttempt>&) { return {}; }
  // kfrun goes while these run; they have been killed. May take a while.
  virtual void abandon(const std::vector<LocalAttempt>&) {}
  // The run has ended. Whether nothing of it is left.
  virtual bool finish() { return true; }
};

// Containers of a run. Throws Error when the engine does not work.
std::unique_ptr<LocalRunner> make_container_runner(const ContainerEngine& engine, const LocalLayout& layout,
                                                   const std::string& run);

}  // namespace kfrun::run
