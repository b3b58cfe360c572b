#include "pipeline/kfp/placeholders.h"

#include <algorithm>

#include "document/reader.h"

namespace kfrun::pipeline {

using document::Node;

namespace {

constexpr int kMaxDepth = 50;  // of Concat and IfPresent in one another

// The steps of what stands between "{{" and "}}"; nothing when it is no placeholder.
std::optional<Placeholder> parse_placeholder(std::string_view text) {
  if (!text.starts_with('$')) return std::nullopt;
  text.remove_prefix(1);
  Placeholder steps;
  while (!text.empty()) {
    if (text.starts_with('.')) {
      const auto end = std::min(text.find_first_of(".[", 1), text.size());
      if (end == 1) return std::nullopt;
      steps.emplace_back(text.substr(1, end - 1));
      text.remove_prefix(end);
    } else if (text.size() > 1 && text[0] == '[' && (text[1] == '\'' || text[1] == '"')) {
      const auto end = text.find(std::string{text[1], ']'}, 2);
      if (end == std::string_view::npos) return std::nullopt;
      steps.emplace_back(text.substr(2, end - 2));
      text.remove_prefix(end + 2);
    } else {
      return std::nullopt;
    }
  }
  return steps;
}

Expression text_of(Expression expression) {
  if (expression.is_constant() && expression.literal.is_string()) return expression;
  if (expression.op == Operator::concat) return expression;
  if (expression.op == Operator::call && (expression.text == "kfp_text" || expression.text == "to_json")) return expression;
  const Place place = expression.place;
  return make_call("kfp_text", {std::move(expression)}, place);
}

Expression joined(std::vector<Expression> parts, const Place& place) {
  if (parts.empty()) return Expression::constant(Value::string(""), place);
  if (parts.size() == 1) return std::move(parts.front());
  Expression expression;
  expression.op = Operator::concat;
  expression.operands = std::move(parts);
  expression.place = place;
  return expression;
}

// Reads one word that is written as JSON.
class WordReader {
 public:
  WordReader(const PlaceholderMeaning& meaning, const Place& place) : meaning_(meaning), place_(place) {}

  // As a list of words.
  Expression words(const Node& node, int depth = 0) const {
    check(depth);
    if (node.is_sequence()) {
      std::vector<Expression> items;
      bool is_flat = true;
      for (const auto& item : node.items()) {
        is_flat = is_flat && !(item.is_mapping() && item.find("IfPresent")) && !item.is_sequence();
        items.push_back(is_part(item) ? text(item, depth + 1) : words(item, depth + 1));
      }
      Expression list = made(Operator::list, std::move(items));
      return is_flat ? list : make_call("splice", {std::move(list)}, place_);
    }
    if (const Node* choice = node.is_mapping() ? node.find("IfPresent") : nullptr) {
      return choose(
          *choice, [&](const Node& branch) { return words(branch, depth + 1); }, made(Operator::list, {}));
    }
    return made(Operator::list, {text(node, depth)});
  }

 private:
  void check(int depth) const {
    if (depth > kMaxDepth) throw input_error(place_, "Concat and IfPresent are nested more than {} levels deep", kMaxDepth);
  }
  static bool is_part(const Node& node) { return node.is_scalar() || (node.is_mapping() && !node.find("IfPresent")); }

  Expression made(Operator op, std::vector<Expression> operands) const {
    Expression expression;
    expression.op = op;
    expression.operands = std::move(operands);
    expression.place = place_;
    return op == Operator::list && expression.operands.empty() ? Expression::constant(Value::sequence(), place_) : expression;
  }

  // As one text.
  Expression text(const Node& node, int depth) const {
    check(depth);
    if (node.is_scalar()) return text_of(read_placeholders(node.text(), meaning_, place_));
    std::vector<Expression> parts;
    if (node.is_sequence()) {
      for (const auto& item : node.items()) parts.push_back(text(item, depth + 1));
      return joined(std::move(parts), place_);
    }
    if (const Node* list = node.find("Concat"); list && list->is_sequence()) {
      for (const auto& item : list->items()) parts.push_back(text(item, depth + 1));
      return joined(std::move(parts), place_);
    }
    if (const Node* choice = node.find("IfPresent")) {
      return choose(
          *choice, [&](const Node& branch) { return text(branch, depth + 1); }, Expression::constant(Value::string(""), place_));
    }
    throw input_error(place_, "expected Concat or IfPresent in a placeholder that is written as JSON");
  }

  template <typename Read>
  Expression choose(const Node& choice, const Read& read, Expression absent) const {
    const Node* then = choice.find("Then");
    const std::string name = choice.text_of("InputName");
    if (!then || name.empty()) throw input_error(place_, "IfPresent needs InputName and Then");
    const Node* otherwise = choice.find("Else");
    Expression no = otherwise && !otherwise->is_null() ? read(*otherwise) : std::move(absent);
    const auto value = meaning_({"inputs", "present", name});
    if (!value) return no;
    Expression present = made(Operator::not_equal, {*value, Expression::constant(Value::null(), place_)});
    return made(Operator::conditional, {std::move(present), read(*then), std::move(no)});
  }

  const PlaceholderMeaning& meaning_;
  const Place& place_;
};

}  // namespace

Expression make_call(std::string function, std::vector<Expression> operands, const Place& place) {
  Expression call;
  call.op = Operator::call;
  call.text = std::move(function);
  call.operands = std::move(operands);
  call.place = place;
  return call;
}

Expression read_placeholders(std::string_view text, const PlaceholderMeaning& meaning, const Place& place) {
  std::vector<Expression> parts;
  std::string literal;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto open = std::min(text.find("{{$", at), text.size());
    literal += text.substr(at, open - at);
    at = open;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) {
      literal += text.substr(at);
      break;
    }
    const auto steps = parse_placeholder(text.substr(open + 2, close - open - 2));
    auto value = steps ? meaning(*steps) : std::nullopt;
    if (!value) {
      literal += text.substr(at, 3);
      at += 3;
      continue;
    }
    if (open == 0 && close + 2 == text.size()) return std::move(*value);
    if (!literal.empty()) parts.push_back(Expression::constant(Value::string(std::exchange(literal, {})), place));
    parts.push_back(text_of(std::move(*value)));
    at = close + 2;
  }
  if (!literal.empty()) parts.push_back(Expression::constant(Value::string(literal), place));
  return joined(std::move(parts), place);
}

Expression read_constant(const Value& value, const PlaceholderMeaning& meaning, const Place& place) {
  if (value.is_string()) return read_placeholders(value.text(), meaning, place);
  if (value.is_scalar()) return Expression::constant(value, place);
  Expression whole;
  whole.op = value.is_sequence() ? Operator::list : Operator::mapping;
  whole.place = place;
  bool is_constant = true;
  const auto add = [&](const Value& item) {
    whole.operands.push_back(read_constant(item, meaning, place));
    is_constant = is_constant && whole.operands.back().is_constant();
  };
  if (value.is_sequence()) {
    for (const auto& item : value.items()) add(item);
  } else {
    for (const auto& member : value.members()) {
      whole.operands.push_back(Expression::constant(Value::string(member.key.text()), place));
      add(member.value);
    }
  }
  return is_constant ? Expression::constant(value, place) : whole;
}

Expression read_word(const std::string& text, const PlaceholderMeaning& meaning, const Place& place) {
  const bool concat = text.starts_with("{\"Concat\": ") || text.starts_with("{\"Concat\":[");
  const bool choice = text.starts_with("{\"IfPresent\": ") || text.starts_with("{\"IfPresent\":{");
  if (!concat && !choice) return text_of(read_placeholders(text, meaning, place));
  Node node;
  try {
    node = document::read_json(text, place.file);
  } catch (const Error& error) {
    throw input_error(place, "a placeholder that is written as JSON: {}", error.message());
  }
  return make_call("spread", {WordReader(meaning, place).words(node)}, place);
}

}  // namespace kfrun::pipeline
