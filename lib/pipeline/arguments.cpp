// Arguments of a run against the parameters of its pipeline.
#include <algorithm>

#include "base/text.h"
#include "document/writer.h"
#include "pipeline/cursor.h"
#include "pipeline/declarations.h"
#include "pipeline/functions.h"
#include "pipeline/pipeline.h"

namespace kfrun::pipeline {
namespace {

std::string shown(const Value& value) { return value.is_string() ? "'" + value.text() + "'" : document::write_json(value); }

Value bound(const Parameter& parameter, const Value& given) {
  if (given.is_null() && parameter.optional) return given;
  auto value = given.is_string() ? converted(given.text(), parameter.type) : fitted(given, parameter.type);
  if (!value && parameter.type.kind == TypeKind::string && given.is_scalar() && !given.is_null())
    value = Value::string(given.text());
  if (!value) {
    Error error = usage_error("parameter {}: expected a value of type {}, found {}", parameter.name, to_string(parameter.type),
                              shown(given));
    if (parameter.type.kind == TypeKind::list) error.hint(fmt::format("e.g. {}='[1, 2, 3]'", parameter.name));
    if (parameter.type.kind == TypeKind::mapping) error.hint(fmt::format("e.g. {}='{{a: 1, b: 2}}'", parameter.name));
    throw error;
  }
  const bool allowed = parameter.allowed.empty() || std::any_of(parameter.allowed.begin(), parameter.allowed.end(),
                                                                [&](const Value& one) { return equal_values(one, *value); });
  if (!allowed) {
    Error error = usage_error("parameter {}: {} is not allowed", parameter.name, shown(*value));
    throw error.hint("allowed are " + document::write_json(Value::sequence(parameter.allowed)));
  }
  return std::move(*value);
}

}  // namespace

std::map<std::string, Value> bind_arguments(const Pipeline& pipeline, const std::map<std::string, Value>& arguments) {
  if (pipeline.dags.empty()) throw make_error(ErrorKind::internal, "a pipeline without a dag");
  const auto& parameters = pipeline.dags.front().params;
  std::vector<std::string> names, missing;
  for (const auto& parameter : parameters) names.push_back(parameter.name);
  for (const auto& [name, value] : arguments) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    Error error = usage_error("unknown parameter '{}'", name);
    if (names.empty()) error.hint(fmt::format("pipeline '{}' takes no parameters", pipeline.name));
    for (auto& hint : suggestions(name, names)) error.hint(std::move(hint));
    throw error;
  }
  std::map<std::string, Value> result;
  for (const auto& parameter : parameters) {
    if (const auto given = arguments.find(parameter.name); given != arguments.end()) {
      result[parameter.name] = bound(parameter, given->second);
    } else if (parameter.default_value) {
      result[parameter.name] = *parameter.default_value;
    } else if (parameter.optional) {
      result[parameter.name] = Value::null();
    } else {
      missing.push_back(parameter.name);
    }
  }
  if (missing.empty()) return result;
  Error error = usage_error("{} {} no value", missing.size() == 1 ? "parameter" : "parameters",
                            join(missing, ", ") + (missing.size() == 1 ? " has" : " have"));
  throw error.hint(fmt::format("give it with -p {}=VALUE", missing.front()));
}

}  // namespace kfrun::pipeline
