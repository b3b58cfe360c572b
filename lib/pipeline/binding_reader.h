// What the inputs of a task are bound to: `with`, `inputs` and the axes of `matrix`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipeline/cursor.h"
#include "pipeline/dag.h"
#include "pipeline/dag_names.h"
#include "pipeline/expression_types.h"

namespace kfrun::pipeline {

struct Binding {
  Input input;
  bool may_be_null = false;
};

// A value in names of the dag, as an input of its own type; optional when all it takes from tasks stands inside of default().
std::optional<Binding> read_binding(const Field& field, const Cursor& value, const NameMeaning& names);

// Reports what is bound to `input` when it is not of the type expected, or not among the values allowed; constants become
// values of that type.
void check_binding(const Cursor& value, const Parameter& expected, Input& input);

// What `with` gives for the parameters of what is used, each at most once. Unknown names and required ones that are missing
// are reported; what may be null stands back behind a parameter's default. For a component every parameter gets an input, from
// its default where it is not given; the body of a sub-dag knows its own defaults.
std::vector<Input> read_with(const Cursor& user, const std::vector<Parameter>& parameters, bool is_component,
                             const NameMeaning& names);

// `matrix`: axes of lists, integers or expressions; a lone one of these is the axis `item`. The limits may stand inside of it
// or beside it.
std::optional<Loop> read_loop(const Cursor& task, const NameMeaning& names, std::vector<NamedType>& axes);

}  // namespace kfrun::pipeline
