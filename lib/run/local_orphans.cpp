#include "run/local_orphans.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace kfrun::run {

namespace {

// Nothing for processes that are gone, or another user's.
std::string environment_of(const std::string& process) {
  try {
    return disk().read("/proc/" + process + "/environ");
  } catch (const Error&) {
    return {};
  }
}

bool is_number(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

int kill_orphans(const std::string& run, const std::string& scratch) {
  const std::string own_run = "KFRUN_RUN_ID=" + run;
  const std::string own_scratch = "KFRUN_SCRATCH=" + scratch + "/";
  int count = 0;
  // Again until there are none: one may just have forked.
  for (int round = 0, found = 1; round < 10 && found > 0; ++round) {
    found = 0;
    for (const auto& name : disk().list("/proc")) {
      if (!is_number(name) || name == std::to_string(::getpid())) continue;
      const auto variables = split(environment_of(name), '\0');
      const bool is_ours = std::find(variables.begin(), variables.end(), own_run) != variables.end() &&
                           std::any_of(variables.begin(), variables.end(),
                                       [&](const std::string& variable) { return variable.starts_with(own_scratch); });
      if (!is_ours || ::kill(static_cast<pid_t>(parse_integer(name).value_or(0)), SIGKILL) != 0) continue;
      ++found;
    }
    count += found;
    if (found > 0) ::usleep(20'000);
  }
  return count;
}

}  // namespace kfrun::run
