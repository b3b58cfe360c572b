// What specifications declare: names, types, parameters, outputs, quantities; and whether values fit them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/cursor.h"
#include "pipeline/dag.h"

namespace kfrun::pipeline {

// Tasks, pipelines and components: a DNS label (lower-case letters, digits and '-', a letter first, at most 63), because
// names become parts of the names of pods. Reported at `at`; whether it is one.
bool check_object_name(const Cursor& at, std::string_view name, std::string_view what);
// Parameters, inputs, outputs, axes: letters, digits, '_' and '-', a letter or '_' first, at most 63.
bool check_value_name(const Cursor& at, std::string_view name, std::string_view what);

// "integer", "artifact", "system.Model"; also the artifact types of Kubeflow Pipelines by their short names ("Model").
std::optional<Type> parse_type(std::string_view word);
// The same; what is no type is reported.
std::optional<Type> read_type(const Cursor& word);
std::string to_string(const Type& type);

// The type of a constant; a null has the type `any`.
Type type_of_value(const Value& value);
// The value as one of that type (an integer is a number, too); nothing when it is none.
std::optional<Value> fitted(const Value& value, const Type& type);
// The value that a text means for that type ("0.1" as a number, JSON as a list); nothing when it means none.
std::optional<Value> converted(const std::string& text, const Type& type);
// Whether every value of one type may stand where the other is expected. `any` fits everything until the run shows.
bool fits(const Type& found, const Type& expected);

// `params` of a pipeline, `inputs` of a component.
std::vector<Parameter> read_parameters(const Cursor& fields, std::string_view what);
// `outputs` of a task or a component.
std::vector<Output> read_outputs(const Cursor& fields);

// The amount of a Kubernetes quantity such as 500m or 2Gi; nothing when it is none.
std::optional<double> quantity_value(std::string_view text);

}  // namespace kfrun::pipeline
