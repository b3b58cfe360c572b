// Carrying one run to its end, on this machine or on a cluster: a new one, or one that an earlier kfrun left; or following it
// while another kfrun carries it.
#pragma once

#include <memory>

#include "cli/flags.h"
#include "cli/run_view.h"
#include "cli/stores.h"
#include "pipeline/dag.h"
#include "run/record.h"

namespace kfrun::cli {

// What is to be run, everything checked.
struct Submission {
  std::shared_ptr<const pipeline::Pipeline> pipeline;
  run::RunHead head;  // with the arguments
};

// How a run is begun or gone on with.
struct CarryOptions {
  ProgressMode progress = ProgressMode::automatic;
  std::optional<Duration> timeout;
  std::optional<Duration> unschedulable_timeout;  // of an attempt that no node takes; absent: it waits
  int parallel = 0;                               // of a new run; 0: the executor's limit
  bool may_exist = false;                         // a new run whose id was given: when it exists, it is gone on with
  bool retry = false;                             // what failed and what follows from it runs again
  std::string kfp_runtime;   // a wheel or folder of the KFP SDK; "": KFRUN_KFP_RUNTIME, else what python3 imports
  std::string stop_because;  // stop it at once, in order; "": let it run
};

struct Carried {
  RunView view;
  bool interrupted = false;  // by Ctrl-C
  bool timed_out = false;
};
// Follow the run on stderr until it ends; at Ctrl-C until what runs has ended, and nothing new is started; at the second one they
// leave at once: what ran here is killed, and pods run on.
Carried carry_locally(const CarryOptions& options, const Submission& submission);
Carried carry_on_cluster(const CarryOptions& options, const ClusterFlags& flags, const Submission& submission);
// Goes on with a run from its record alone, or follows whoever carries it, and takes over when they go.
Carried carry_on(const CarryOptions& options, const ClusterFlags& flags, const FoundRun& found);

// The exit code, after the notes about how to go on.
int conclude(const Carried& carried, OutputFormat output, ProgressMode progress);

}  // namespace kfrun::cli
