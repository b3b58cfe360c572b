// Pipelines made up from a seed, with all that the engine knows: data and order edges, conditions, loops, sub-dags, finals,
// retries, limits, pauses, importers, ignored failures, optional inputs and triggers.
#pragma once

#include <cstdint>

#include "pipeline/dag.h"

namespace kfrun::run {

struct RandomPipelineOptions {
  int max_tasks = 7;       // of one dag
  bool fail_fast = false;  // whether dags and loops may fail fast: what is run then depends on time
};

// Small: a few dozen instances. Every task has the outputs n (integer), l (list of integers) and flag (boolean) or, importers, a.
pipeline::Pipeline random_pipeline(std::uint64_t seed, const RandomPipelineOptions& options);

}  // namespace kfrun::run
