#include "run/local_orphans.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <vector>

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

using Variables = std::vector<std::string>;

int kill_all(const std::function<bool(const Variables&)>& is_ours) {
  int count = 0;
  // Again until there are none: one may just have forked.
  for (int round = 0, found = 1; round < 10 && found > 0; ++round) {
    found = 0;
    for (const auto& name : disk().list("/proc")) {
      if (!is_number(name) || name == std::to_string(::getpid())) continue;
      if (!is_ours(split(environment_of(name), '\0'))) continue;
      if (::kill(static_cast<pid_t>(parse_integer(name).value_or(0)), SIGKILL) != 0) continue;
      ++found;
    }
    count += found;
    if (found > 0) ::usleep(20'000);
  }
  return count;
}

bool has(const Variables& variables, const std::string& one) {
  return std::find(variables.begin(), variables.end(), one) != variables.end();
}

}  // namespace

int kill_orphans(const std::string& run, const std::string& scratch) {
  const std::string own_run = "KFRUN_RUN_ID=" + run;
  const std::string own_scratch = "KFRUN_SCRATCH=" + scratch + "/";
  return kill_all([&](const Variables& variables) {
    return has(variables, own_run) && std::any_of(variables.begin(), variables.end(),
                                                  [&](const std::string& variable) { return variable.starts_with(own_scratch); });
  });
}

int kill_engine_clients(const std::string& scratch) {
  const std::string own = std::string(kEngineClient) + "=" + scratch;
  return kill_all([&](const Variables& variables) { return has(variables, own); });
}

}  // namespace kfrun::run
