// The parsed form of a JSONPath template; used by json_path.cpp alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::document {

struct JsonPathStep;
using JsonPathSteps = std::vector<JsonPathStep>;

// A bound of a slice: `[from:to:step]`.
struct JsonPathBound {
  long long value = 0;
  bool known = false;
};

struct JsonPathStep {
  enum class Kind { text, constant, field, wildcard, recursive, slice, unite, filter };
  Kind kind;
  std::string name{};  // of a field; the operator of a filter, "exists" without one
  Node constant{};     // a text (one result) or a number, true or false (one result for each input)
  JsonPathBound bounds[3]{};
  bool single = false;                    // [i], which is the slice [i:i+1]
  std::vector<JsonPathSteps> branches{};  // of a union; left and right side of a filter
};

// A text outside of braces is an action with one text step.
struct JsonPathAction {
  JsonPathSteps steps{};
  bool begins_range = false;
  bool ends_range = false;
};

// Throws Error(input) with the column.
std::vector<JsonPathAction> parse_json_path(std::string_view text);

}  // namespace kfrun::document
