// Names and types of expressions before the run: what a name stands for is asked, everything else follows.
#pragma once

#include <functional>

#include "base/error.h"
#include "pipeline/dag.h"
#include "pipeline/expression.h"

namespace kfrun::pipeline {

struct Typed {
  Expression expression;
  Type type;
  bool may_be_null = false;  // as far as is known: it comes from an optional parameter
};

// What a name stands for. `guarded`: it stands where default() replaces a missing value. Reports what is wrong with the name
// itself and then gives the type `any`, which fits everything.
using NameMeaning = std::function<Typed(const Expression& name, bool guarded)>;

// The expression with every name replaced, and its type. Operands that cannot go together are reported at their operator.
Typed resolve_names(const Expression& expression, const NameMeaning& meaning, Diagnostics& diagnostics);

// `value.first.second` for a value of that type; reports a member that it cannot have.
Typed member_of(Typed value, const std::string& name, Diagnostics& diagnostics);

}  // namespace kfrun::pipeline
