// client-go's util/jsonpath: what kubectl's -o jsonpath does. Absent fields give nothing, as kubectl asks for.
#include "document/json_path.h"

#include <cmath>

#include "document/json_path_parse.h"
#include "document/json_values.h"
#include "document/number.h"
#include "document/writer.h"

namespace kfrun::document {

namespace {

using Kind = JsonPathStep::Kind;
using Nodes = std::vector<const Node*>;

// `..` and wildcards multiply; a path that names more than this is refused.
constexpr std::size_t kMaxResults = 1u << 20;

template <typename... Args>
Error fault(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorKind::input, "jsonpath: " + fmt::format(format, std::forward<Args>(args)...));
}

void push(Nodes& nodes, const Node* node) {
  if (nodes.size() >= kMaxResults) throw fault("more than {} results", kMaxResults);
  nodes.push_back(node);
}

std::string_view go_type(const Node& node) {
  if (node.is_mapping()) return "map[string]interface {}";
  if (node.is_sequence()) return "[]interface {}";
  return node.is_boolean() ? "bool" : node.is_integer() ? "int64" : node.is_number() ? "float64" : "string";
}

void push_children(Nodes& nodes, const Node& node) {
  if (node.is_mapping()) {
    for (const auto& member : node.members()) push(nodes, &member.value);
  } else if (node.is_sequence()) {
    for (const auto& item : node.items()) push(nodes, &item);
  }
}

// Everything at and below `node` that has something in it: mappings, lists and, as in Go, texts.
void push_filled(Nodes& nodes, const Node& node) {
  Nodes children;
  push_children(children, node);
  if (!children.empty() || (node.is_string() && !node.text().empty())) push(nodes, &node);
  for (const auto* child : children) push_filled(nodes, *child);
}

void push_slice(Nodes& nodes, const Node& list, const JsonPathStep& step) {
  const auto length = static_cast<long long>(list.size());
  long long from = step.bounds[0].known ? step.bounds[0].value : 0;
  long long to = step.bounds[1].known ? step.bounds[1].value : length;
  if (from < 0) from += length;
  if (to < 0 || (to == 0 && step.single)) to += length;
  if (from == to) return;
  if (from >= length || from < 0) throw fault("array index out of bounds: index {}, length {}", from, length);
  if (to > length || to < 0) throw fault("array index out of bounds: index {}, length {}", to - 1, length);
  if (from > to) throw fault("starting index {} is greater than ending index {}", from, to);
  if (step.bounds[2].known && step.bounds[2].value <= 0) throw fault("step must be > 0");
  const long long stride = step.bounds[2].known ? step.bounds[2].value : 1;
  for (auto i = from; i < to; i += stride) push(nodes, &list.items()[static_cast<std::size_t>(i)]);
}

// -1, 0 or 1. Kinds that differ cannot be compared; with `ordered`, neither can booleans.
int compare(const Node& left, const Node& right, bool ordered) {
  for (const auto* node : {&left, &right}) {
    if (!node->is_scalar() || node->is_null()) throw fault("invalid type for comparison");
  }
  if (go_type(left) != go_type(right)) throw fault("incompatible types for comparison");
  if (left.is_boolean()) {
    if (ordered) throw fault("invalid type for comparison");
    return left.as_boolean() == right.as_boolean() ? 0 : 1;
  }
  if (left.is_number()) {
    if (const auto a = left.as_integer(), b = right.as_integer(); a && b) return *a < *b ? -1 : *a > *b ? 1 : 0;
    const double a = left.as_number().value_or(0), b = right.as_number().value_or(0);
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return left.text().compare(right.text()) < 0 ? -1 : left.text() == right.text() ? 0 : 1;
}

bool holds(const Node& left, const std::string& comparison, const Node& right) {
  if (comparison == "==") return compare(left, right, false) == 0;
  if (comparison == "!=") return compare(left, right, false) != 0;
  if (comparison == "<") return compare(left, right, true) < 0;
  if (comparison == "<=") return compare(left, right, true) <= 0;
  if (comparison == ">") return compare(left, right, true) > 0;
  if (comparison == ">=") return compare(left, right, true) >= 0;
  throw fault("unrecognized filter operator {}", comparison);
}

Nodes evaluate(const JsonPathSteps& steps, Nodes nodes);

const Node* only(const Nodes& nodes) {
  if (nodes.size() > 1) throw fault("can only compare one element at a time");
  return nodes.empty() ? nullptr : nodes[0];
}

bool passes(const Node& item, const JsonPathStep& step) {
  const Nodes lefts = evaluate(step.branches[0], {&item});
  if (step.name == "exists") return !lefts.empty();
  const Node* left = only(lefts);
  if (!left) return false;
  const Node* right = only(evaluate(step.branches[1], {&item}));
  return right && holds(*left, step.name, *right);
}

void evaluate_on(const JsonPathStep& step, const Node& node, Nodes& results) {
  switch (step.kind) {
    case Kind::constant:
      push(results, &step.constant);
      return;
    case Kind::field:
      if (const Node* value = node.find(step.name)) push(results, value);
      return;
    case Kind::wildcard:
      push_children(results, node);
      return;
    case Kind::recursive:
      push_filled(results, node);
      return;
    case Kind::slice:
      if (node.is_null()) return;
      if (!node.is_sequence()) throw fault("{} is not array or slice", go_type(node));
      push_slice(results, node, step);
      return;
    case Kind::filter:
      if (!node.is_sequence()) throw fault("{} is not array or slice and cannot be filtered", go_type(node));
      for (const auto& item : node.items()) {
        if (passes(item, step)) push(results, &item);
      }
      return;
    default:
      return;
  }
}

Nodes evaluate(const JsonPathSteps& steps, Nodes nodes) {
  for (const auto& step : steps) {
    Nodes results;
    if (step.kind == Kind::text) {
      results.push_back(&step.constant);
    } else if (step.kind == Kind::unite) {
      for (const auto& branch : step.branches) {
        for (const auto* node : evaluate(branch, nodes)) push(results, node);
      }
    } else {
      for (const auto* node : nodes) evaluate_on(step, *node, results);
    }
    nodes = std::move(results);
  }
  return nodes;
}

// Go's fmt.Print of a value that encoding/json read.
std::string printed(const Node& node) {
  if (!node.is_scalar()) return write_json(node, {.sort_keys = true, .escape_html = true});
  if (node.is_null()) return "null";
  if (node.is_boolean()) return node.as_boolean().value_or(false) ? "true" : "false";
  if (!node.is_number()) return node.text();
  const double value = node.as_number().value_or(0);
  const bool tiny = value != 0 && std::fabs(value) < 1e-4;
  return tiny ? go_shortest_number(value) : json_number_text(node);
}

class Printer {
 public:
  explicit Printer(const std::vector<JsonPathAction>& actions) : actions_(actions) {}

  // Prints from action `at` up to the `end` that closes the range around it, or to the last; returns where it stopped.
  std::size_t print(const Node& root, std::size_t at, bool in_range) {
    while (at < actions_.size()) {
      const auto& action = actions_[at];
      if (action.ends_range) {
        if (!in_range) throw fault("not in range, nothing to end");
        return at + 1;
      }
      const Nodes results = evaluate(action.steps, {&root});
      ++at;
      if (!action.begins_range) {
        append(results);
        continue;
      }
      const auto body = at;
      at = skip(body);
      for (const auto* result : results) print(*result, body, true);
    }
    return at;
  }

  std::string take() { return std::move(out_); }

 private:
  // Where the range whose body begins at `at` has ended.
  std::size_t skip(std::size_t at) const {
    for (int depth = 1; at < actions_.size() && depth > 0; ++at) {
      if (actions_[at].ends_range) {
        --depth;
      } else if (actions_[at].begins_range) {
        ++depth;
      }
    }
    return at;
  }

  void append(const Nodes& results) {
    for (const auto* result : results) {
      if (result != results.front()) out_ += ' ';
      out_ += printed(*result);
      if (out_.size() > kMaxOutput) throw fault("more than {} bytes of output", kMaxOutput);
    }
  }

  static constexpr std::size_t kMaxOutput = 256u << 20;

  const std::vector<JsonPathAction>& actions_;
  std::string out_;
};

}  // namespace

std::vector<const Node*> find_json_path(const Node& root, std::string_view path) {
  std::string braced(path);
  if (!path.starts_with('{')) braced = (path.starts_with('.') || path.starts_with('[') ? "{" : "{.") + braced + "}";
  const auto actions = parse_json_path(braced);
  const bool is_path = actions.size() == 1 && !actions[0].begins_range && !actions[0].ends_range;
  if (!is_path) throw fault("one path was expected, found '{}'", path);
  for (const auto& step : actions[0].steps) {
    if (step.kind == Kind::text || step.kind == Kind::constant) throw fault("a path names fields, but '{}' has a constant", path);
  }
  return evaluate(actions[0].steps, {&root});
}

std::string print_json_path(const Node& root, std::string_view text) {
  const auto actions = parse_json_path(text);
  Printer printer(actions);
  printer.print(root, 0, false);
  return printer.take();
}

}  // namespace kfrun::document
