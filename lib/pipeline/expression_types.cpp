#include "pipeline/expression_types.h"

#include "pipeline/declarations.h"
#include "pipeline/functions.h"

namespace kfrun::pipeline {
namespace {

const Type kAny{TypeKind::any, ""};

Type type(TypeKind kind) { return {kind, ""}; }

bool is_any(const Type& t) { return t.kind == TypeKind::any; }
bool is_numeric(const Type& t) { return t.kind == TypeKind::integer || t.kind == TypeKind::number; }
bool is_list(const Type& t) { return t.kind == TypeKind::list || t.kind == TypeKind::artifact_list; }
bool is_scalar(const Type& t) { return is_numeric(t) || t.kind == TypeKind::string || t.kind == TypeKind::boolean; }

// The type of something that is one of two.
Type either(const Type& a, const Type& b) {
  if (a == b) return a;
  if (is_numeric(a) && is_numeric(b)) return type(TypeKind::number);
  if (a.kind == b.kind) return type(a.kind);
  return kAny;
}

class Resolver {
 public:
  Resolver(const NameMeaning& meaning, Diagnostics& diagnostics) : meaning_(meaning), diagnostics_(diagnostics) {}

  Typed run(const Expression& expression, bool guarded) {
    if (expression.op == Operator::literal) return {expression, type_of_value(expression.literal), expression.literal.is_null()};
    if (expression.op == Operator::name) return meaning_(expression, guarded);
    Typed result{expression, kAny};
    std::vector<Type> types;
    std::vector<bool> nulls;
    for (std::size_t i = 0; i < expression.operands.size(); ++i) {
      const bool is_default = expression.op == Operator::call && expression.text == "default" && i == 0;
      Typed operand = run(expression.operands[i], guarded || is_default);
      result.expression.operands[i] = std::move(operand.expression);
      types.push_back(std::move(operand.type));
      nulls.push_back(operand.may_be_null);
    }
    if (expression.op == Operator::member) {
      Typed base{std::move(result.expression.operands.at(0)), types.at(0)};
      base.expression.place = expression.place;
      return member_of(std::move(base), expression.text, diagnostics_);
    }
    result.type = type_of(expression, types);
    const bool is_default = expression.op == Operator::call && expression.text == "default";
    if (is_default) result.may_be_null = nulls[1];
    if (expression.op == Operator::conditional) result.may_be_null = nulls[1] || nulls[2];
    return result;
  }

 private:
  void error(const Expression& at, std::string message, std::vector<std::string> hints = {}) {
    diagnostics_.push_back({Severity::error, at.place, std::move(message), std::move(hints)});
  }

  Type type_of(const Expression& expression, const std::vector<Type>& types) {
    switch (expression.op) {
      case Operator::list:
        return type(TypeKind::list);
      case Operator::mapping:
        return type(TypeKind::mapping);
      case Operator::concat:
        return type(TypeKind::string);
      case Operator::call:
        return call(expression, types);
      case Operator::index:
        return index(expression, types[0], types[1]);
      case Operator::conditional:
        needs_truth(expression.operands[0], types[0]);
        return either(types[1], types[2]);
      case Operator::logical_not:
      case Operator::logical_and:
      case Operator::logical_or:
        for (std::size_t i = 0; i < types.size(); ++i) needs_truth(expression.operands[i], types[i]);
        return type(TypeKind::boolean);
      case Operator::equal:
      case Operator::not_equal:
        check_equality(expression, types[0], types[1]);
        return type(TypeKind::boolean);
      case Operator::less:
      case Operator::less_equal:
      case Operator::greater:
      case Operator::greater_equal:
        check_order(expression, types[0], types[1]);
        return type(TypeKind::boolean);
      case Operator::contains:
        check_contains(expression, types[1]);
        return type(TypeKind::boolean);
      case Operator::negate:
        return arithmetic(expression, types[0], types[0]);
      case Operator::add:
        return add(expression, types[0], types[1]);
      default:
        return arithmetic(expression, types[0], types[1]);
    }
  }

  static Type call(const Expression& expression, const std::vector<Type>& types) {
    const Function* function = find_function(expression.text);
    if (!function) return kAny;
    if (expression.text == "default") return is_any(types[0]) || is_any(types[1]) ? kAny : either(types[0], types[1]);
    return type(function->result);
  }

  Type index(const Expression& at, const Type& container, const Type& key) {
    if (container.kind == TypeKind::artifact_list) return {TypeKind::artifact, container.artifact_type};
    if (is_scalar(container)) {
      error(at, fmt::format("{} is indexed, but only lists and mappings can be", to_string(container)));
    } else if (container.kind == TypeKind::list && !is_any(key) && key.kind != TypeKind::integer) {
      error(at, fmt::format("a list is indexed by an integer, not by {}", to_string(key)));
    }
    return kAny;
  }

  void needs_truth(const Expression& at, const Type& t) {
    if (is_any(t) || t.kind == TypeKind::boolean) return;
    error(at, fmt::format("'{}' is of type {} where true or false is expected", to_string(at), to_string(t)));
  }

  static std::vector<std::string> conversions(const Type& a, const Type& b) {
    if (a.kind != TypeKind::string && b.kind != TypeKind::string) return {};
    return {"int(x), float(x) and string(x) convert"};
  }

  void check_equality(const Expression& at, const Type& a, const Type& b) {
    if (!is_scalar(a) || !is_scalar(b) || a.kind == b.kind || (is_numeric(a) && is_numeric(b))) return;
    diagnostics_.push_back(
        {Severity::warning, at.place, fmt::format("{} is never equal to {}", to_string(a), to_string(b)), conversions(a, b)});
  }

  void check_order(const Expression& at, const Type& a, const Type& b) {
    const bool possible = (is_any(a) || is_numeric(a)) && (is_any(b) || is_numeric(b));
    const bool texts = (is_any(a) || a.kind == TypeKind::string) && (is_any(b) || b.kind == TypeKind::string);
    if (!possible && !texts) error(at, fmt::format("cannot compare {} with {}", to_string(a), to_string(b)), conversions(a, b));
  }

  void check_contains(const Expression& at, const Type& container) {
    if (is_numeric(container) || container.kind == TypeKind::boolean || container.kind == TypeKind::artifact)
      error(at, fmt::format("'in' looks into lists, mappings and strings, not into {}", to_string(container)));
  }

  Type add(const Expression& at, const Type& a, const Type& b) {
    if (a.kind == TypeKind::string && b.kind == TypeKind::string) return a;
    if (is_list(a) && is_list(b)) return either(a, b);
    if (is_any(a) || is_any(b)) return kAny;
    return arithmetic(at, a, b);
  }

  Type arithmetic(const Expression& at, const Type& a, const Type& b) {
    if ((!is_any(a) && !is_numeric(a)) || (!is_any(b) && !is_numeric(b))) {
      error(at, fmt::format("cannot calculate with {} and {}", to_string(a), to_string(b)), conversions(a, b));
      return kAny;
    }
    if (is_any(a) || is_any(b)) return kAny;
    const bool whole = a.kind == TypeKind::integer && b.kind == TypeKind::integer && at.op != Operator::divide;
    return type(whole ? TypeKind::integer : TypeKind::number);
  }

  const NameMeaning& meaning_;
  Diagnostics& diagnostics_;
};

}  // namespace

Typed member_of(Typed value, const std::string& name, Diagnostics& diagnostics) {
  const Place place = value.expression.place;
  const auto error = [&](std::string message, std::vector<std::string> hints = {}) {
    diagnostics.push_back({Severity::error, place, std::move(message), std::move(hints)});
  };
  Type result = kAny;
  if (value.type.kind == TypeKind::artifact) {
    if (name == "uri" || name == "type" || name == "digest") {
      result = type(TypeKind::string);
    } else if (name != "metadata") {
      error(fmt::format("an artifact has no '{}'", name), {"it has uri, type, digest and metadata"});
    }
  } else if (is_scalar(value.type)) {
    error(fmt::format("'{}' is of type {}: it has no '{}'", to_string(value.expression), to_string(value.type), name));
  } else if (is_list(value.type)) {
    error(fmt::format("'{}' is a list: it has no '{}'", to_string(value.expression), name), {"an item is taken with [0]"});
  }
  Expression member;
  member.op = Operator::member;
  member.text = name;
  member.place = place;
  member.operands.push_back(std::move(value.expression));
  return {std::move(member), result};
}

Typed resolve_names(const Expression& expression, const NameMeaning& meaning, Diagnostics& diagnostics) {
  return Resolver(meaning, diagnostics).run(expression, false);
}

}  // namespace kfrun::pipeline
