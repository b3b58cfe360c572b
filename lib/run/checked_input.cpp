#include "run/checked_input.h"

#include <algorithm>
#include <cmath>

#include "document/writer.h"
#include "pipeline/functions.h"

namespace kfrun::run {

namespace {

using pipeline::TypeKind;

bool is_artifacts(const Value& value) {
  if (pipeline::as_artifact(value)) return true;
  return value.is_sequence() && std::all_of(value.items().begin(), value.items().end(), is_artifacts);
}

Value whole(const Value& value) {
  const auto number = value.as_number();
  const bool is_whole = !value.is_integer() && number && std::trunc(*number) == *number && std::fabs(*number) < 9e15;
  return is_whole ? Value::integer(static_cast<long long>(*number)) : value;
}

bool is_of(const Value& value, TypeKind kind) {
  switch (kind) {
    case TypeKind::string:
      return value.is_string();
    case TypeKind::integer:
    case TypeKind::number:
      return value.is_number();
    case TypeKind::boolean:
      return value.is_boolean();
    case TypeKind::list:
      return value.is_sequence();
    case TypeKind::mapping:
      return value.is_mapping();
    case TypeKind::artifact:
    case TypeKind::artifact_list:
      return is_artifacts(value);
    case TypeKind::any:
      break;
  }
  return true;
}

}  // namespace

Value checked_input(const pipeline::Input& input, Value value) {
  if (value.is_null() && input.default_value) value = *input.default_value;
  if (value.is_null()) {
    if (input.optional) return value;
    throw input_error(input.place, "it needs a value, and there is none");
  }
  const auto kind = input.type.kind;
  if (kind == TypeKind::string && !value.is_string())
    value = pipeline::find_function("kfp_text")->apply({&value, 1}, input.place);
  if (kind == TypeKind::integer) value = whole(value);
  if (!is_of(value, kind)) {
    throw input_error(input.place, "expected a value of type {}, found {}", to_string(kind), value.type_name());
  }
  const auto is_value = [&](const Value& one) { return pipeline::equal_values(one, value); };
  if (!input.allowed.empty() && std::none_of(input.allowed.begin(), input.allowed.end(), is_value)) {
    throw input_error(input.place, "{} is not allowed; allowed are {}", document::write_json(value),
                      document::write_json(Value::sequence(input.allowed)));
  }
  return value;
}

}  // namespace kfrun::run
