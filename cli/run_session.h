// Carrying one run from its compiled pipeline to its end, on this machine or on a cluster.
#pragma once

#include <memory>

#include "cli/flags.h"
#include "pipeline/dag.h"
#include "run/record.h"

namespace kfrun::cli {

// What is to be run, everything checked.
struct Submission {
  std::shared_ptr<const pipeline::Pipeline> pipeline;
  run::Values arguments;
  run::RunHead head;
};

struct Carried {
  run::RunSummary summary;
  bool interrupted = false;  // by Ctrl-C
  bool timed_out = false;
};
// Follow the run on stderr until it ends, or until Ctrl-C was pressed twice; then what ran here is killed, and pods run on.
Carried carry_locally(const SubmitFlags& flags, const Submission& submission);
Carried carry_on_cluster(const SubmitFlags& flags, const Submission& submission);

}  // namespace kfrun::cli
