#include "pipeline/kfp/dag_scope.h"

#include <algorithm>

namespace kfrun::pipeline {

using document::Node;

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && letter(text.front()) && text.back() != '-' && std::all_of(text.begin(), text.end(), part);
}

Expression none(const Place& place) { return Expression::constant(Value::null(), place); }

Type parameter_type(const Node& definition) { return {ir_type(definition), ""}; }
Type artifact_type(const Node& definition) {
  return {ir_flag(definition, "isArtifactList") ? TypeKind::artifact_list : TypeKind::artifact, ir_artifact_type(&definition)};
}

Expression replaced(Expression expression, const std::function<std::optional<Expression>(const Expression&)>& meaning) {
  if (auto found = meaning(expression)) return std::move(*found);
  for (auto& operand : expression.operands) operand = replaced(std::move(operand), meaning);
  return expression;
}

}  // namespace kfrun::pipeline
