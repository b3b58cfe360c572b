// Expression to text and back to its names: printing, references, renaming.
#include <algorithm>
#include <cmath>

#include "document/writer.h"
#include "pipeline/expression.h"

namespace kfrun::pipeline {
namespace {

// How tightly each form binds, from the loosest; the parser's table has the same order.
enum Power { kAny = 0, kConditional, kOr, kAnd, kNot, kComparison, kSum, kProduct, kSign, kPostfix };

struct Symbol {
  Operator op;
  std::string_view text;
  Power power;
};

constexpr Symbol kSymbols[] = {
    {Operator::logical_or, " or ", kOr},       {Operator::logical_and, " and ", kAnd},
    {Operator::equal, " == ", kComparison},    {Operator::not_equal, " != ", kComparison},
    {Operator::less, " < ", kComparison},      {Operator::less_equal, " <= ", kComparison},
    {Operator::greater, " > ", kComparison},   {Operator::greater_equal, " >= ", kComparison},
    {Operator::contains, " in ", kComparison}, {Operator::add, " + ", kSum},
    {Operator::subtract, " - ", kSum},         {Operator::multiply, " * ", kProduct},
    {Operator::divide, " / ", kProduct},       {Operator::modulo, " % ", kProduct},
};

const Symbol* symbol_of(Operator op) {
  const auto* found =
      std::find_if(std::begin(kSymbols), std::end(kSymbols), [&](const Symbol& symbol) { return symbol.op == op; });
  return found == std::end(kSymbols) ? nullptr : found;
}

std::string quoted(const std::string& text) { return document::write_json(Value::string(text)); }

// A literal in the native language: as JSON, but a float always shows that it is one.
std::string literal_text(const Value& value) {
  if (value.is_sequence()) {
    std::string text = "[";
    for (const auto& item : value.items()) text += (text.size() > 1 ? ", " : "") + literal_text(item);
    return text + "]";
  }
  if (value.is_mapping()) {
    std::string text = "{";
    for (const auto& [key, item] : value.members())
      text += (text.size() > 1 ? ", " : "") + quoted(key.text()) + ": " + literal_text(item);
    return text + "}";
  }
  if (value.is_null()) return "null";
  if (const auto truth = value.as_boolean()) return *truth ? "true" : "false";
  if (const auto integer = value.as_integer()) return std::to_string(*integer);
  if (value.is_number()) {
    const auto number = value.as_number();
    if (!number || !std::isfinite(*number)) return "float(" + quoted(value.text()) + ")";
    std::string text = document::write_json(Value::number(*number));
    return text.find_first_of(".eE") == std::string::npos ? text + ".0" : text;
  }
  return quoted(value.text());
}

Power power_of(const Expression& expression) {
  if (const Symbol* symbol = symbol_of(expression.op)) return symbol->power;
  switch (expression.op) {
    case Operator::conditional:
      return kConditional;
    case Operator::logical_not:
      return kNot;
    case Operator::negate:
      return kSign;
    case Operator::literal: {
      const bool negative = expression.literal.is_number() && literal_text(expression.literal).front() == '-';
      return negative ? kSign : kPostfix;
    }
    default:
      return kPostfix;
  }
}

std::string print(const Expression& expression);

// The text of an operand that must bind at least as tightly as `least`.
std::string print(const Expression& expression, Power least) {
  const std::string text = print(expression);
  return power_of(expression) < least ? "(" + text + ")" : text;
}

std::string print_items(const Expression& expression) {
  std::string text;
  for (const auto& operand : expression.operands) text += (text.empty() ? "" : ", ") + print(operand);
  return text;
}

std::string print_mapping(const Expression& expression) {
  std::string text;
  for (std::size_t i = 0; i + 1 < expression.operands.size(); i += 2) {
    text += (text.empty() ? "" : ", ") + print(expression.operands[i]) + ": " + print(expression.operands[i + 1]);
  }
  return "{" + text + "}";
}

std::string print(const Expression& expression) {
  const auto operand = [&](std::size_t i, Power least) { return print(expression.operands.at(i), least); };
  const auto next = [](Power power) { return static_cast<Power>(power + 1); };
  if (const Symbol* symbol = symbol_of(expression.op)) {
    return operand(0, symbol->power) + std::string(symbol->text) + operand(1, next(symbol->power));
  }
  switch (expression.op) {
    case Operator::literal:
      return literal_text(expression.literal);
    case Operator::name:
      return expression.text;
    case Operator::list:
      return "[" + print_items(expression) + "]";
    case Operator::mapping:
      return print_mapping(expression);
    case Operator::concat:
      return "concat(" + print_items(expression) + ")";
    case Operator::call:
      return expression.text + "(" + print_items(expression) + ")";
    case Operator::index:
      return operand(0, kPostfix) + "[" + operand(1, kAny) + "]";
    case Operator::member: {
      // Behind a bare name, ".x" would be read as a part of that name.
      const bool name = expression.operands.at(0).op == Operator::name;
      return (name ? "(" + operand(0, kAny) + ")" : operand(0, kPostfix)) + "." + expression.text;
    }
    case Operator::conditional:
      return operand(0, next(kConditional)) + " ? " + operand(1, kConditional) + " : " + operand(2, kConditional);
    case Operator::logical_not:
      return "not " + operand(0, kNot);
    case Operator::negate: {
      // A digit behind "-" would be read as a part of a literal.
      const std::string text = operand(0, kSign);
      return text[0] >= '0' && text[0] <= '9' ? "-(" + text + ")" : "-" + text;
    }
    default:
      return "";
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "${{") out += '$';
    out += text[i];
  }
  return out;
}

bool is_text(const Expression& expression) { return expression.is_constant() && expression.literal.is_string(); }

// Whether the parts can stand side by side in a template and are read back as the same parts.
bool prints_as_parts(const Expression& joined) {
  const auto& parts = joined.operands;
  if (parts.size() < 2) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!is_text(parts[i])) continue;
    if (parts[i].literal.text().empty() || (i > 0 && is_text(parts[i - 1]))) return false;
    // "$" before "${{" would read as an escape.
    if (parts[i].literal.text().back() == '$' && i + 1 < parts.size()) return false;
  }
  return true;
}

void collect(const Expression& expression, std::vector<std::string>& names) {
  if (expression.op == Operator::name && std::find(names.begin(), names.end(), expression.text) == names.end()) {
    names.push_back(expression.text);
  }
  for (const auto& operand : expression.operands) collect(operand, names);
}

}  // namespace

std::string to_string(const Expression& expression) { return print(expression); }

std::string to_template(const Expression& expression) {
  if (is_text(expression)) return escaped(expression.literal.text());
  if (expression.op != Operator::concat || !prints_as_parts(expression)) return "${{ " + print(expression) + " }}";
  std::string text;
  for (const auto& part : expression.operands)
    text += is_text(part) ? escaped(part.literal.text()) : "${{ " + print(part) + " }}";
  return text;
}

std::vector<std::string> references(const Expression& expression) {
  std::vector<std::string> names;
  collect(expression, names);
  return names;
}

Expression rename(Expression expression, const std::function<std::optional<std::string>(std::string_view)>& rename_name) {
  if (expression.op == Operator::name) {
    if (auto name = rename_name(expression.text)) expression.text = std::move(*name);
  }
  for (auto& operand : expression.operands) operand = rename(std::move(operand), rename_name);
  return expression;
}

}  // namespace kfrun::pipeline
