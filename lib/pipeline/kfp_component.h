// component.yaml of Kubeflow Pipelines (the v1 container component) in the words of a kfrun Component.
//
// Read: name, description, inputs and outputs with their types, defaults and `optional`, implementation.container with image,
// command, args and env; {inputValue}, {inputPath}, {inputUri}, {outputPath}, {outputUri}, {concat}, {if} with {isPresent} or
// constant conditions; fileOutputs. Names become lower case with '_' for all else, as the SDK of Kubeflow Pipelines makes them
// ("Input 1"
// -> input_1). String, Integer, Float, Bool, List and Dict (by all their names) are parameters, every other type is an artifact;
// an input without a known type is a parameter where it is used by {inputValue}.
#pragma once

#include <functional>
#include <string>

#include "pipeline/cursor.h"

namespace kfrun::pipeline {

// Whether a use of the component gives this input a value (decides {isPresent}); unknown before the run: nothing.
using IsGiven = std::function<std::optional<bool>(const std::string& input)>;

// The mapping that `kind: Component` would hold; every node has the place of what it was made from.
document::Node component_of_kfp(const Cursor& document, const IsGiven& is_given);

// "Input 1" -> "input_1".
std::string kfp_name(std::string_view name);

}  // namespace kfrun::pipeline
