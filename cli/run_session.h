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

// Follow the run on stderr until it ends; both give its summary. `interrupted` tells whether Ctrl-C or a time-out ended it.
struct Carried {
  run::RunSummary summary;
  bool interrupted = false;
  bool timed_out = false;
};
Carried carry_locally(const SubmitFlags& flags, const Submission& submission);
Carried carry_on_cluster(const SubmitFlags& flags, const Submission& submission);

}  // namespace kfrun::cli
