// What a cluster asks of a pipeline beyond what a local run needs; known before anything is created.
#pragma once

#include "base/error.h"
#include "pipeline/dag.h"

namespace kfrun::run {

// An entry for each task that no pod could be made for: it names no image. What only the run decides is not judged.
Diagnostics check_for_cluster(const pipeline::Pipeline& pipeline, Severity severity = Severity::error);

}  // namespace kfrun::run
