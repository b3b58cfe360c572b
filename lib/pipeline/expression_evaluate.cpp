// Expression to value.
#include <cmath>

#include "document/number.h"
#include "document/writer.h"
#include "pipeline/expression.h"
#include "pipeline/functions.h"

namespace kfrun::pipeline {
namespace {

class Evaluator {
 public:
  explicit Evaluator(const Scope& scope) : scope_(scope) {}

  Value run(const Expression& expression) const {
    switch (expression.op) {
      case Operator::literal:
        return expression.literal;
      case Operator::name:
        return name(expression);
      case Operator::list:
        return list(expression);
      case Operator::mapping:
        return mapping(expression);
      case Operator::concat:
        return concat(expression);
      case Operator::call:
        return call(expression);
      case Operator::index:
        return index(run(operand(expression, 0)), run(operand(expression, 1)), expression.place);
      case Operator::member:
        return index(run(operand(expression, 0)), Value::string(expression.text), expression.place);
      case Operator::conditional:
        return run(operand(expression, truth(operand(expression, 0)) ? 1 : 2));
      case Operator::logical_not:
        return Value::boolean(!truth(operand(expression, 0)));
      case Operator::logical_and:
        return Value::boolean(truth(operand(expression, 0)) && truth(operand(expression, 1)));
      case Operator::logical_or:
        return Value::boolean(truth(operand(expression, 0)) || truth(operand(expression, 1)));
      case Operator::negate:
        return negate(run(operand(expression, 0)), expression.place);
      default:
        return binary(expression, run(operand(expression, 0)), run(operand(expression, 1)));
    }
  }

  bool truth(const Expression& expression) const {
    const Value value = run(expression);
    const auto truth = value.as_boolean();
    if (!truth)
      throw input_error(expression.place, "{} is {} where true or false is expected", shown(expression), value.type_name());
    return *truth;
  }

 private:
  static const Expression& operand(const Expression& expression, std::size_t i) {
    if (i >= expression.operands.size()) throw input_error(expression.place, "an operator lacks an operand");
    return expression.operands[i];
  }

  static std::string shown(const Expression& expression) {
    std::string text = to_string(expression);
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return "'" + text + "'";
  }

  Value name(const Expression& expression) const {
    auto value = scope_(expression.text);
    if (!value) throw input_error(expression.place, "'{}' has no value", expression.text);
    return std::move(*value);
  }

  Value list(const Expression& expression) const {
    Value value = Value::sequence();
    for (const auto& item : expression.operands) value.push_back(run(item));
    return value;
  }

  Value mapping(const Expression& expression) const {
    Value value = Value::mapping(document::Mapping{});
    for (std::size_t i = 0; i + 1 < expression.operands.size(); i += 2) {
      value.set(expression.operands[i].literal.text(), run(expression.operands[i + 1]));
    }
    return value;
  }

  Value concat(const Expression& expression) const {
    std::string text;
    for (const auto& part : expression.operands) {
      text += to_text(run(part));
      check_size(text.size(), expression.place);
    }
    return Value::string(std::move(text));
  }

  Value call(const Expression& expression) const {
    check_call(expression);
    const Function* function = find_function(expression.text);
    if (!function->apply) return fallback(expression);
    std::vector<Value> operands;
    operands.reserve(expression.operands.size());
    for (const auto& item : expression.operands) operands.push_back(run(item));
    return function->apply(operands, expression.place);
  }

  // default(x, y): only names in x may lack a value; its other faults are faults.
  Value fallback(const Expression& expression) const {
    const Expression& wanted = expression.operands[0];
    for (const auto& name : references(wanted)) {
      if (!scope_(name)) return run(expression.operands[1]);
    }
    Value value = run(wanted);
    return value.is_null() ? run(expression.operands[1]) : value;
  }

  static Value index(const Value& container, const Value& key, const Place& place) {
    if (const auto artifact = as_artifact(container)) return artifact_field(*artifact, key, place);
    if (container.is_sequence()) {
      const auto at = key.as_integer();
      if (!at) throw input_error(place, "a list is indexed by an integer, not by {}", key.type_name());
      const auto size = static_cast<long long>(container.size());
      if (*at < -size || *at >= size) throw input_error(place, "index {} is outside of a list of {}", *at, size);
      return container.items()[static_cast<std::size_t>(*at < 0 ? *at + size : *at)];
    }
    if (container.is_mapping()) {
      if (const Value* found = key.is_scalar() ? container.find(key.text()) : nullptr) return *found;
      throw input_error(place, "there is no member '{}' here", to_text(key));
    }
    throw input_error(place, "{} has no members", container.type_name());
  }

  static Value artifact_field(const Artifact& artifact, const Value& key, const Place& place) {
    if (key.text() == "uri") return Value::string(artifact.uri);
    if (key.text() == "type") return Value::string(artifact.type);
    if (key.text() == "digest") return Value::string(artifact.digest);
    if (key.text() == "metadata") return artifact.metadata;
    throw input_error(place, "an artifact has uri, type, digest and metadata, but no '{}'", to_text(key));
  }

  static Value negate(const Value& value, const Place& place) {
    if (const auto integer = value.as_integer()) {
      long long result = 0;
      if (__builtin_sub_overflow(0LL, *integer, &result)) throw overflow(place);
      return Value::integer(result);
    }
    if (const auto number = value.as_number()) return Value::number(-*number);
    throw input_error(place, "'-' needs a number, not {}", value.type_name());
  }

  static Value binary(const Expression& expression, const Value& a, const Value& b) {
    const Place& place = expression.place;
    switch (expression.op) {
      case Operator::equal:
        return Value::boolean(equal_values(a, b));
      case Operator::not_equal:
        return Value::boolean(!equal_values(a, b));
      case Operator::less:
        return Value::boolean(compare_values(a, b, place) < 0);
      case Operator::less_equal:
        return Value::boolean(compare_values(a, b, place) <= 0);
      case Operator::greater:
        return Value::boolean(compare_values(a, b, place) > 0);
      case Operator::greater_equal:
        return Value::boolean(compare_values(a, b, place) >= 0);
      case Operator::contains:
        return Value::boolean(contains_value(b, a, place));
      case Operator::add:
        return add(a, b, place);
      default:
        return arithmetic(expression.op, a, b, place);
    }
  }

  static Value add(const Value& a, const Value& b, const Place& place) {
    if (a.is_string() && b.is_string()) {
      check_size(a.text().size() + b.text().size(), place);
      return Value::string(a.text() + b.text());
    }
    if (a.is_sequence() && b.is_sequence()) {
      check_items(a.size() + b.size(), place);
      Value joined = a;
      for (const auto& item : b.items()) joined.push_back(item);
      return joined;
    }
    return arithmetic(Operator::add, a, b, place);
  }

  static Error overflow(const Place& place) { return input_error(place, "the result does not fit into 64 bits"); }

  static Value arithmetic(Operator op, const Value& a, const Value& b, const Place& place) {
    const auto x = a.as_number(), y = b.as_number();
    if (!x || !y) {
      Error error = input_error(place, "cannot calculate with {} and {}", a.type_name(), b.type_name());
      if (a.is_string() || b.is_string()) error.hint("int(x), float(x) and string(x) convert");
      throw error;
    }
    if ((op == Operator::divide || op == Operator::modulo) && *y == 0) throw input_error(place, "division by zero");
    const auto i = a.as_integer(), j = b.as_integer();
    if (i && j && op != Operator::divide) return integers(op, *i, *j, place);
    const double result = op == Operator::add        ? *x + *y
                          : op == Operator::subtract ? *x - *y
                          : op == Operator::multiply ? *x * *y
                          : op == Operator::divide   ? *x / *y
                                                     : *x - *y * std::floor(*x / *y);
    if (!std::isfinite(result)) throw input_error(place, "the result is not a finite number");
    return Value::number(result);
  }

  static Value integers(Operator op, long long i, long long j, const Place& place) {
    long long result = 0;
    bool overflowed = false;
    switch (op) {
      case Operator::add:
        overflowed = __builtin_add_overflow(i, j, &result);
        break;
      case Operator::subtract:
        overflowed = __builtin_sub_overflow(i, j, &result);
        break;
      case Operator::multiply:
        overflowed = __builtin_mul_overflow(i, j, &result);
        break;
      default:  // modulo takes the sign of the divisor, as Python's
        result = j == -1 ? 0 : i % j;
        if (result != 0 && (result < 0) != (j < 0)) result += j;
        break;
    }
    if (overflowed) throw overflow(place);
    return Value::integer(result);
  }

  const Scope& scope_;
};

}  // namespace

Value evaluate(const Expression& expression, const Scope& scope) { return Evaluator(scope).run(expression); }

bool evaluate_condition(const Expression& expression, const Scope& scope) { return Evaluator(scope).truth(expression); }

std::string to_text(const Value& value) {
  if (const auto artifact = as_artifact(value)) return artifact->uri;
  if (!value.is_scalar()) return document::write_json(value);
  if (value.is_null()) return "";
  if (value.is_boolean()) return *value.as_boolean() ? "true" : "false";
  if (const auto integer = value.as_integer()) return std::to_string(*integer);
  if (const auto number = value.as_number(); number && std::isfinite(*number)) return document::json_number(*number);
  return value.text();
}

namespace {
constexpr std::string_view kUri = "$artifact";
}

Value make_artifact(const Artifact& artifact) {
  Value value = Value::mapping({{kUri, Value::string(artifact.uri)}});
  if (!artifact.type.empty()) value.set("type", Value::string(artifact.type));
  if (!artifact.digest.empty()) value.set("digest", Value::string(artifact.digest));
  if (!artifact.metadata.is_null()) value.set("metadata", artifact.metadata);
  if (!artifact.name.empty()) value.set("name", Value::string(artifact.name));
  return value;
}

bool holds_artifact(const Value& value) {
  if (as_artifact(value)) return true;
  return value.is_sequence() && std::any_of(value.items().begin(), value.items().end(), holds_artifact);
}

std::optional<Artifact> as_artifact(const Value& value) {
  const Value* uri = value.find(kUri);
  if (!uri || !uri->is_string()) return std::nullopt;
  Artifact artifact{uri->text(), value.text_of("type"), value.text_of("digest"), {}};
  if (const Value* metadata = value.find("metadata")) artifact.metadata = *metadata;
  artifact.name = value.text_of("name");
  return artifact;
}

}  // namespace kfrun::pipeline
