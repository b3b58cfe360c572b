// Inputs as Kubeflow Pipelines hands them on (pipeline::Input::checked).
#pragma once

#include "pipeline/dag.h"
#include "run/state.h"

namespace kfrun::run {

// The value that the input gets: the default for null, a string for what is no string where one is declared, whole numbers as
// integers. Throws Error(input) for a null that is not optional, another type, or a value that is not allowed.
Value checked_input(const pipeline::Input& input, Value value);

}  // namespace kfrun::run
