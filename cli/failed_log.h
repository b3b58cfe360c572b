// The last lines of a task that failed for good: what most people look for first.
#pragma once

#include <string>

#include "kube/client.h"
#include "run/record.h"

namespace kfrun::cli {

// The end of a pod's log: up to 20 lines, each behind "    | ", then the command that prints all. "" when there is none to be had
// (the pod is gone, its node does not answer): looked for once, for a few seconds at most.
std::string last_lines_of_pod(kube::Client& client, const std::string& name_space, const std::string& run,
                              const std::string& instance, const std::string& pod);

// Those of all failed tasks of a run in the cluster, each below its name; of ten at most.
std::string last_lines_of_failed(kube::Client& client, const run::RunSummary& summary);

}  // namespace kfrun::cli
