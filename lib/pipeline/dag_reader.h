// The body of a pipeline: params, defaults, tasks, finally, outputs.
#pragma once

#include <vector>

#include "pipeline/compiler.h"
#include "pipeline/cursor.h"
#include "pipeline/dag.h"

namespace kfrun::pipeline {

// Keys of a pipeline's body.
inline constexpr std::string_view kDagKeys[] = {"params", "defaults", "tasks", "finally", "outputs", "max-parallel", "fail-fast"};

// Reads tasks in the order of their references, so that the types of what they give are known to those behind them.
// `defaults` are those of the pipelines around, outermost first.
Dag read_dag(const Cursor& body, std::vector<Parameter> parameters, std::vector<Cursor> defaults, Compiler& compiler);

}  // namespace kfrun::pipeline
