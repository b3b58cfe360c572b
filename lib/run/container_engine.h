// docker or podman: how its command lines are written and its answers read. Both are spoken to through their programs, so that
// whatever their users have configured holds. Nothing here keeps any state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "run/state.h"

namespace kfrun::run {

struct ContainerEngine {
  std::string program;                 // "docker", "podman", or a path; the file's name says which of the two it is like
  std::vector<std::string> arguments;  // further flags of its `run`
  bool is_podman() const;
};

// What a container is to be; see container_command().
struct ContainerSpec {
  std::string name;
  std::string image;
  std::vector<std::string> command;  // replaces the image's entrypoint and command; empty: the image's own
  std::vector<std::string> args;     // replace the image's command
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::pair<std::string, std::string>> labels;
  std::string working_directory;      // "": the image's
  std::string user;                   // "": who runs kfrun
  std::vector<std::string> writable;  // paths of this machine, at the same place in the container
  std::vector<std::string> readable;  // likewise, read-only
  double cores = 0;                   // limits; 0: none
  long long memory = 0;               // bytes
};

// What the engine says of a container.
struct ContainerState {
  enum class Phase { unknown, absent, created, running, ended };  // unknown: the engine gave no answer
  Phase phase = Phase::unknown;
  int exit_code = 0;
  bool out_of_memory = false;
  std::optional<TimePoint> started;
  std::string error;  // the engine's own words
};

// Whom containers run as, so that what they write belongs to who runs kfrun: found by asking the engine, once. Throws
// Error(not_found) when the program is missing, saying what to install, and Error(unreachable) when it does not work.
struct ContainerUser {
  std::vector<std::string> flags;
};
ContainerUser ask_engine(const ContainerEngine& engine);

// `run`, attached: it ends with the container and as it does. The container stays until it is removed.
std::vector<std::string> container_command(const ContainerEngine& engine, const ContainerUser& user, const ContainerSpec& spec);
// Its answer is for read_container_state().
std::vector<std::string> inspect_command(const ContainerEngine& engine, const std::string& name);
// `answer`: all that inspect_command() printed, on both streams.
ContainerState read_container_state(std::string_view answer);
// All lines from the first one on, until it ends.
std::vector<std::string> follow_command(const ContainerEngine& engine, const std::string& name);
std::vector<std::string> terminate_command(const ContainerEngine& engine, const std::string& name);
std::vector<std::string> copy_command(const ContainerEngine& engine, const std::string& name, const std::string& from,
                                      const std::string& to);
std::vector<std::string> remove_command(const ContainerEngine& engine, const std::vector<std::string>& names);

// The labels by which kfrun knows its containers: the state folder and the run.
inline constexpr std::string_view kContainerState = "kfrun.state";
inline constexpr std::string_view kContainerRun = "kfrun.run";
// Names of the containers of a run; waits for the engine, at most a minute. Throws Error.
std::vector<std::string> containers_of(const ContainerEngine& engine, const std::string& state, const std::string& run);
// Names of all containers of a state folder, each with its run; as above.
std::vector<std::pair<std::string, std::string>> containers_by_run(const ContainerEngine& engine, const std::string& state);
// Ends and removes them all.
void remove_containers(const ContainerEngine& engine, const std::vector<std::string>& names);

// The line that says why, at the end of what an engine printed.
std::string reason_in(std::string_view words);
// What became of an attempt whose container the engine did not even make or start, from the end of what it said.
Outcome outcome_of_engine(const std::string& words, const std::string& image);
// Whether it said that there is a container of that name.
bool is_name_conflict(std::string_view words);

}  // namespace kfrun::run
