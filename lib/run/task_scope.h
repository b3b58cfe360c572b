// What the names in a task's own expressions mean for one attempt. Executors differ in the paths alone.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/expression.h"
#include "run/executor.h"

namespace kfrun::run {

// Where an executor keeps an attempt's files.
struct TaskPaths {
  // The path where the bytes of an artifact are for the attempt. May throw Error for one that cannot be read there.
  std::function<std::string(const pipeline::Artifact&)> input;
  std::function<std::string(const pipeline::Output&)> output;      // the path to write an output to
  std::function<std::string(const pipeline::Output&)> output_uri;  // where it will be kept; may be empty
  std::string results = {};                                        // with Protocol::kfp: the path to write the executor output to
};

// inputs.X (artifacts, also inside of lists, as their paths), inputs.X.uri, outputs.X, outputs.X.uri, run.*, task.*; with
// Protocol::kfp also inputs.X.record, outputs.X.record and task.results. Everything given is kept by reference and must outlive
// the scope.
pipeline::Scope task_scope(const Work& work, const RunContext& run, const TaskPaths& paths);

// Whether an artifact is kept where executors do not keep any, such as "gs://bucket/x".
bool is_foreign(std::string_view uri);

// Evaluates to the texts of a command line. A list stays one text (JSON), but of spread() each item is one.
std::vector<std::string> evaluate_texts(const std::vector<pipeline::Expression>& expressions, const pipeline::Scope& scope);

}  // namespace kfrun::run
