// The words for what became of a task, an attempt and a run. The record, the screen and the engine share them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "document/node.h"
#include "pipeline/expression.h"

namespace kfrun::run {

using pipeline::Value;
using Values = std::map<std::string, Value>;

enum class State {
  pending,  // waits for others, for a slot, for its back-off
  running,
  succeeded,
  failed,
  cached,   // its outputs were taken from an earlier run
  skipped,  // its own condition was false
  omitted,  // a task it needs did not succeed
  stopped,  // the run was stopped before it ended
};
std::string_view to_string(State state);
std::optional<State> parse_state(std::string_view word);
// Succeeded or cached.
bool is_success(State state);
// Everything but pending and running.
bool is_final(State state);

// Whose fault a failed attempt was; each class has a budget of its own (design: the run engine, rule 8).
enum class FailureClass {
  none,
  user,            // exit code, out of memory, deadline: the task's retry policy
  infrastructure,  // evicted, preempted, node lost, deleted: retried free of charge, bounded
  configuration,   // bad image name, missing secret, 403, 422: fails at once
  image_pull,      // bounded wait, then fails
  unschedulable,   // bounded wait by flag, then fails
  stopped,         // by us
};
std::string_view to_string(FailureClass failure);
std::optional<FailureClass> parse_failure_class(std::string_view word);

// How one attempt ended.
struct Outcome {
  FailureClass failure = FailureClass::none;  // none: it succeeded
  int exit_code = 0;
  std::string reason;   // "OOMKilled", "DeadlineExceeded", "Evicted", ... ; "" for a plain exit code
  std::string message;  // for people
  Values outputs;       // of a success, typed as the task declares them
  std::string host;     // node, or this machine
  std::string log;      // where its lines are: a file, or "" when the cluster has them
  std::string pod;      // name of the pod, "" locally
  TimePoint started;    // when its command began
  // Its kfrun ended, and nothing was there afterwards: it may never have begun. Another attempt costs nothing.
  bool unseen = false;
  bool operator==(const Outcome&) const = default;
};

// One attempt of one instance, named the same everywhere: pods, folders, records, events.
struct AttemptId {
  std::string instance;  // path of the instance: "train", "check#3/fit"
  int attempt = 0;       // counts from 0
  auto operator<=>(const AttemptId&) const = default;
};
std::string to_string(const AttemptId& id);  // "check#3/fit" or, from the second on, "check#3/fit (attempt 2)"

}  // namespace kfrun::run
