// What a pod object says about its attempt. Pure: from the object to a verdict; the executor adds time and budgets.
#pragma once

#include <optional>
#include <string>

#include "document/node.h"
#include "run/state.h"

namespace kfrun::run {

enum class PodPhase {
  waiting,        // not yet begun; `news` says for what
  image_problem,  // its image cannot be pulled (yet): fails after a bounded wait
  unschedulable,  // no node takes it (yet): fails after a wait, if one is set
  running,
  ended,  // `outcome` is set (its outputs are not: see kubernetes_message.h)
};

struct PodStatus {
  PodPhase phase = PodPhase::waiting;
  std::string news;              // for people: "pulling image", the scheduler's words
  Outcome outcome;               // of `ended`; of image_problem and unschedulable what it fails with when the wait is over
  std::string termination_text;  // of the `main` container, as the kubelet gave it; "" when there is none
  bool terminating = false;      // it is being deleted
  bool has_run = false;          // its command began; of `ended`: the pod keeps a log worth keeping
};

// Reads the `main` container alone; other containers are the user's and count for the phase only. Classes follow design.md 4
// rule 8. A launcher's own exit codes (64-69, only with `has_launcher`) become infrastructure or configuration failures.
PodStatus classify_pod(const document::Node& pod, bool has_launcher);

// The class of a POST that was refused: 403 and 422 are configuration, unless quota says "later" (then nothing: try again).
std::optional<FailureClass> classify_refusal(int status, std::string_view reason, std::string_view message);

// What became of a pod that is gone without a result.
Outcome lost_pod(const std::string& pod);

}  // namespace kfrun::run
