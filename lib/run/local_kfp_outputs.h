// The outputs of a container of Kubeflow Pipelines on this machine.
#pragma once

#include <functional>
#include <string>

#include "run/artifact_store.h"
#include "run/engine.h"
#include "run/executor_output.h"

namespace kfrun::run {

struct KfpOutputPlaces {
  std::string scratch;                                       // of the attempt: artifacts below it are moved to the store
  std::string results;                                       // of the executor output
  std::function<std::string(const pipeline::Output&)> path;  // where an output was to be written
  std::function<std::string(const std::string&)> path_of;    // of a URI that a task gave; "" for one that is not here
};

// What the attempt handed over. Artifacts in its scratch folder move to the store; a link stays, so that texts which name the
// place stay good while the run goes on. Throws Error(input) naming a parameter that was not written or is not as declared.
Values collect_kfp_outputs(const Work& work, const KfpOutputPlaces& places, ArtifactStore& store);

}  // namespace kfrun::run
