// Expressions as the front end for Kubeflow Pipelines puts them together.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pipeline/expression.h"

namespace kfrun::pipeline {

inline Expression text(std::string value) { return Expression::constant(Value::string(std::move(value))); }

// {key: expression, ...}; without members the constant {}.
inline Expression mapping(std::vector<std::pair<std::string, Expression>> members) {
  if (members.empty()) return Expression::constant(Value::mapping(document::Mapping{}));
  Expression made;
  made.op = Operator::mapping;
  for (auto& [key, value] : members) {
    made.operands.push_back(text(key));
    made.operands.push_back(std::move(value));
  }
  return made;
}

}  // namespace kfrun::pipeline
