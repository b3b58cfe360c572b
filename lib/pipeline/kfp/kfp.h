// The front end for what the SDK of Kubeflow Pipelines v2 compiles: PipelineSpec ("IR") to one checked Dag.
//
// Read: IR as YAML, with the document of the platform behind it; IR as JSON; a PipelineJob {pipelineSpec, runtimeConfig}; the
// manifests Pipeline and PipelineVersion of pipelines.kubeflow.org; schema 2.1.0 and what is left of 2.0.0 (`type: INT`,
// constantValue).
//
// Where the backend, the SDK's local runner and the documents disagree, this front end holds with the protocol's own text:
//   - Conditions are CEL over the task's own inputs; a missing value or another type fails the task.
//   - What depends on a task whose condition was false is omitted, transitively; the run still succeeds.
//   - A Collected output is a list in the order of the turns, nested for nested loops; of artifacts it is flat. Turns without the
//     output are left out; of no turns it is empty.
//   - A policy of retries on a group holds for all tasks in it that have none of their own.
//   - Placeholders in constants are resolved before anything is made JSON, so that quotes in values do no harm.
// Names of tasks and inputs stay as the SDK wrote them ("pipelinechannel--add-total"): they are the engine's names.
#pragma once

#include "pipeline/pipeline.h"

namespace kfrun::pipeline {

// Throws Error(not_found) when there is no such file.
CompileResult compile_kfp(const FileSystem& files, const std::string& file);

}  // namespace kfrun::pipeline
