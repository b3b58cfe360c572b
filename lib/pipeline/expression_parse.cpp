// Text to expression: a Pratt parser that reads its language from a table.
#include <array>
#include <span>
#include <utility>

#include "base/text.h"
#include "document/number.h"
#include "pipeline/expression.h"
#include "pipeline/expression_lexer.h"
#include "pipeline/expression_places.h"
#include "pipeline/functions.h"

namespace kfrun::pipeline {
namespace {

constexpr int kMaxDepth = 200;  // of the tree: evaluation and destruction recurse
constexpr std::size_t kMaxLength = 1u << 20;

// One infix operator: how strongly it binds to its left and right (a higher number binds tighter).
struct Infix {
  std::string_view symbol;
  Operator op;
  int left, right;
};
struct Prefix {
  std::string_view symbol;
  Operator op;
  int right;
};

// What makes a language: its operators and what its names may look like.
struct Language {
  std::span<const Infix> infix;
  std::span<const Prefix> prefix;
  bool hyphens;  // names may contain '-' (so a minus needs blanks around it)
  std::span<const std::pair<std::string_view, std::string_view>> functions = {};  // its names of functions -> ours
  bool inner_quotes = false;  // a quote that cannot end its string is a part of it
};

constexpr int kConditionalPower = 2;

constexpr Infix kNativeInfix[] = {
    {"or", Operator::logical_or, 4, 5},   {"||", Operator::logical_or, 4, 5},
    {"and", Operator::logical_and, 6, 7}, {"&&", Operator::logical_and, 6, 7},
    {"==", Operator::equal, 10, 11},      {"!=", Operator::not_equal, 10, 11},
    {"<", Operator::less, 10, 11},        {"<=", Operator::less_equal, 10, 11},
    {">", Operator::greater, 10, 11},     {">=", Operator::greater_equal, 10, 11},
    {"in", Operator::contains, 10, 11},   {"not", Operator::contains, 10, 11},  // "not in"
    {"+", Operator::add, 12, 13},         {"-", Operator::subtract, 12, 13},
    {"*", Operator::multiply, 14, 15},    {"/", Operator::divide, 14, 15},
    {"%", Operator::modulo, 14, 15},
};
constexpr Prefix kNativePrefix[] = {
    {"not", Operator::logical_not, 8},
    {"!", Operator::logical_not, 16},
    {"-", Operator::negate, 16},
};
constexpr Language kNative{kNativeInfix, kNativePrefix, true};

// CEL, as far as the KFP SDK writes it: that puts texts between quotes as they are, with the quotes in them.
constexpr Infix kCelInfix[] = {
    {"||", Operator::logical_or, 4, 5},  {"&&", Operator::logical_and, 6, 7},     {"==", Operator::equal, 10, 11},
    {"!=", Operator::not_equal, 10, 11}, {"<", Operator::less, 10, 11},           {"<=", Operator::less_equal, 10, 11},
    {">", Operator::greater, 10, 11},    {">=", Operator::greater_equal, 10, 11}, {"in", Operator::contains, 10, 11},
    {"+", Operator::add, 12, 13},        {"-", Operator::subtract, 12, 13},       {"*", Operator::multiply, 14, 15},
    {"/", Operator::divide, 14, 15},     {"%", Operator::modulo, 14, 15},
};
constexpr Prefix kCelPrefix[] = {{"!", Operator::logical_not, 16}, {"-", Operator::negate, 16}};
constexpr std::pair<std::string_view, std::string_view> kCelFunctions[] = {
    {"double", "float"}, {"size", "len"}, {"parseJson", "from_json"}};
constexpr Language kCel{kCelInfix, kCelPrefix, false, kCelFunctions, true};

const Language& language_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::native:
      return kNative;
    case Dialect::kfp:
      return kCel;
    case Dialect::argo:
      throw make_error(ErrorKind::unsupported, "expressions of Argo workflows are not read by this version");
  }
  throw make_error(ErrorKind::unsupported, "unknown expression dialect");
}

// An expression with the depth of its tree.
struct Parsed {
  Expression expression;
  int depth = 1;
};

class Parser {
 public:
  Parser(std::string_view text, std::size_t at, Dialect dialect, const PlaceOf& place_of)
      : text_(text),
        language_(language_of(dialect)),
        place_of_(place_of),
        lexer_(text, at, language_.hyphens, language_.inner_quotes, place_of) {
    if (text.size() > kMaxLength) throw Error(ErrorKind::input, "this expression is longer than 1 MiB", place_of(0));
    advance();
  }

  // One expression up to the end of the text.
  Expression whole() {
    Parsed parsed = parse(0);
    if (token_.kind != TokenKind::end) unexpected("an operator or the end");
    return std::move(parsed.expression);
  }

  // One expression up to "}}", and where the text goes on behind it.
  std::pair<Expression, std::size_t> up_to_braces(std::size_t opened) {
    if (is("}")) throw Error(ErrorKind::input, "nothing stands between ${{ and }}", place_of_(opened));
    Parsed parsed = parse(0);
    if (token_.kind == TokenKind::end) throw Error(ErrorKind::input, "this ${{ has no closing }}", place_of_(opened));
    if (!is("}") || text_.substr(token_.at, 2) != "}}") unexpected("an operator or '}}'");
    return {std::move(parsed.expression), token_.at + 2};
  }

 private:
  void advance() { token_ = lexer_.next(); }
  bool is(std::string_view symbol) const { return token_.kind == TokenKind::symbol && token_.text == symbol; }
  bool is_word(std::string_view word) const { return token_.kind == TokenKind::name && token_.text == word; }

  [[noreturn]] void unexpected(std::string_view expected) const {
    if (token_.kind == TokenKind::end) lexer_.fail(token_.at, fmt::format("the expression ends where {} is expected", expected));
    const std::string found = token_.kind == TokenKind::string ? "a string" : "'" + token_.text + "'";
    Error error(ErrorKind::input, fmt::format("found {} where {} is expected", found, expected), place_of_(token_.at));
    if (token_.text == "=") error.hint("equality is written ==");
    if (token_.text == "&") error.hint("write && or the word 'and'");
    if (token_.text == "|") error.hint("write || or the word 'or'");
    throw error;
  }

  void expect(std::string_view symbol) {
    if (!is(symbol)) unexpected(fmt::format("'{}'", symbol));
    advance();
  }

  Expression made(Operator op, std::size_t at) const {
    Expression expression;
    expression.op = op;
    expression.place = place_of_(at);
    return expression;
  }

  int checked(int depth, std::size_t at) const {
    if (depth > kMaxDepth) lexer_.fail(at, fmt::format("this expression is nested more than {} levels deep", kMaxDepth));
    return depth;
  }

  const Infix* infix() const {
    if (token_.kind != TokenKind::symbol && token_.kind != TokenKind::name) return nullptr;
    for (const auto& candidate : language_.infix) {
      if (candidate.symbol == token_.text) return &candidate;
    }
    return nullptr;
  }

  Parsed parse(int power) {
    ++nesting_;
    checked(nesting_, token_.at);
    Parsed left = postfix(prefix());
    for (;;) {
      if (const Infix* found = infix(); found && found->left >= power) {
        left = binary(std::move(left), *found);
      } else if (is("?") && kConditionalPower >= power) {
        left = conditional(std::move(left));
      } else {
        break;
      }
    }
    --nesting_;
    return left;
  }

  Parsed binary(Parsed left, const Infix& found) {
    const auto at = token_.at;
    const bool negated = found.symbol == "not";
    advance();
    if (negated) {
      if (!is_word("in")) unexpected("'in'");
      advance();
    }
    Parsed right = parse(found.right);
    Parsed result{made(found.op, at), checked(1 + std::max(left.depth, right.depth), at)};
    result.expression.operands.push_back(std::move(left.expression));
    result.expression.operands.push_back(std::move(right.expression));
    if (!negated) return result;
    Parsed outer{made(Operator::logical_not, at), checked(result.depth + 1, at)};
    outer.expression.operands.push_back(std::move(result.expression));
    return outer;
  }

  Parsed conditional(Parsed condition) {
    const auto at = token_.at;
    advance();
    Parsed yes = parse(kConditionalPower);
    expect(":");
    Parsed no = parse(kConditionalPower);
    Parsed result{made(Operator::conditional, at), checked(1 + std::max({condition.depth, yes.depth, no.depth}), at)};
    for (auto* part : {&condition, &yes, &no}) result.expression.operands.push_back(std::move(part->expression));
    return result;
  }

  Parsed prefix() {
    const Token token = token_;
    switch (token.kind) {
      case TokenKind::number:
        advance();
        return {number(token.text, token.at), 1};
      case TokenKind::string:
        advance();
        return {Expression::constant(Value::string(token.text), place_of_(token.at)), 1};
      case TokenKind::end:
        unexpected("a value");
      default:
        break;
    }
    for (const auto& candidate : language_.prefix) {
      if (candidate.symbol == token.text) return unary(candidate);
    }
    if (token.kind == TokenKind::name) return name();
    if (is("(")) {
      advance();
      Parsed inner = parse(0);
      expect(")");
      return inner;
    }
    if (is("[")) return list();
    if (is("{")) return mapping();
    unexpected("a value");
  }

  Parsed unary(const Prefix& found) {
    const auto at = token_.at;
    advance();
    if (found.op == Operator::negate && token_.kind == TokenKind::number) {
      Expression literal = number("-" + token_.text, at);
      advance();
      return {std::move(literal), 1};
    }
    Parsed operand = parse(found.right);
    Parsed result{made(found.op, at), checked(operand.depth + 1, at)};
    result.expression.operands.push_back(std::move(operand.expression));
    return result;
  }

  Expression number(const std::string& text, std::size_t at) const {
    const bool integral = text.find_first_of(".eE") == std::string::npos;
    if (integral) {
      const auto value = parse_integer(text);
      if (!value) lexer_.fail(at, fmt::format("{} does not fit into 64 bits", text));
      return Expression::constant(Value::integer(*value), place_of_(at));
    }
    const auto value = document::number_value(text);
    if (!value || *value - *value != 0) lexer_.fail(at, fmt::format("{} is too large for a number", text));
    return Expression::constant(Value::number(*value), place_of_(at));
  }

  // A keyword, a call, or a dotted reference taken as far as it goes.
  Parsed name() {
    const auto at = token_.at;
    std::string text = token_.text;
    advance();
    if (text == "true" || text == "false") return {Expression::constant(Value::boolean(text == "true"), place_of_(at)), 1};
    if (text == "null") return {Expression::constant(Value::null(), place_of_(at)), 1};
    if (is("(")) return call(text, at);
    while (is(".")) {
      advance();
      if (token_.kind != TokenKind::name) unexpected("a name");
      text += "." + token_.text;
      advance();
    }
    return {Expression::reference(std::move(text), place_of_(at)), 1};
  }

  Parsed call(const std::string& function, std::size_t at) {
    advance();
    Parsed result{made(function == "concat" ? Operator::concat : Operator::call, at), 1};
    result.depth = operands(result.expression, ")");
    if (result.expression.op == Operator::concat) return result;
    result.expression.text = function;
    for (const auto& [theirs, ours] : language_.functions) {
      if (function == theirs) result.expression.text = ours;
    }
    check_call(result.expression);
    return result;
  }

  // The items up to `close`, appended; gives the depth of the whole.
  int operands(Expression& expression, std::string_view close) {
    int depth = 1;
    while (!is(close)) {
      Parsed item = parse(0);
      depth = checked(std::max(depth, item.depth + 1), token_.at);
      expression.operands.push_back(std::move(item.expression));
      if (!is(",")) break;
      advance();
    }
    if (!is(close)) unexpected(fmt::format("',' or '{}'", close));
    advance();
    return depth;
  }

  Parsed list() {
    const auto at = token_.at;
    advance();
    Parsed result{made(Operator::list, at), 1};
    result.depth = operands(result.expression, "]");
    return {fold_constant(std::move(result.expression)), result.depth};
  }

  Parsed mapping() {
    const auto at = token_.at;
    advance();
    Parsed result{made(Operator::mapping, at), 1};
    while (!is("}")) {
      if (token_.kind != TokenKind::string && token_.kind != TokenKind::name) unexpected("a key");
      result.expression.operands.push_back(Expression::constant(Value::string(token_.text), place_of_(token_.at)));
      advance();
      expect(":");
      Parsed value = parse(0);
      result.depth = checked(std::max(result.depth, value.depth + 1), token_.at);
      result.expression.operands.push_back(std::move(value.expression));
      if (!is(",")) break;
      advance();
    }
    expect("}");
    return {fold_constant(std::move(result.expression)), result.depth};
  }

  Parsed postfix(Parsed base) {
    for (;;) {
      const auto at = token_.at;
      if (is("[")) {
        advance();
        Parsed index = parse(0);
        expect("]");
        Parsed result{made(Operator::index, at), checked(1 + std::max(base.depth, index.depth), at)};
        result.expression.operands.push_back(std::move(base.expression));
        result.expression.operands.push_back(std::move(index.expression));
        base = std::move(result);
      } else if (is(".")) {
        advance();
        if (token_.kind != TokenKind::name) unexpected("a name");
        Parsed result{made(Operator::member, at), checked(base.depth + 1, at)};
        result.expression.text = token_.text;
        result.expression.operands.push_back(std::move(base.expression));
        advance();
        base = std::move(result);
      } else {
        return base;
      }
    }
  }

  std::string_view text_;
  const Language& language_;
  const PlaceOf& place_of_;
  Lexer lexer_;
  Token token_;
  int nesting_ = 0;
};

// A place inside a text that starts at `place`: columns count bytes, lines count on from it.
PlaceOf places_from(std::string_view text, const Place& place) {
  return [text, place](std::size_t at) {
    Place moved = place;
    if (place.line == 0) return moved;
    for (std::size_t i = 0; i < at && i < text.size(); ++i) {
      moved.column = text[i] == '\n' ? 1 : moved.column + 1;
      if (text[i] == '\n') ++moved.line;
    }
    return moved;
  };
}

}  // namespace

Expression Expression::constant(Value value, Place place) {
  Expression expression;
  expression.literal = std::move(value);
  expression.place = std::move(place);
  return expression;
}

Expression Expression::reference(std::string name, Place place) {
  Expression expression;
  expression.op = Operator::name;
  expression.text = std::move(name);
  expression.place = std::move(place);
  return expression;
}

bool Expression::operator==(const Expression& other) const {
  return op == other.op && text == other.text && literal == other.literal && operands == other.operands;
}

Expression fold_constant(Expression expression) {
  for (const auto& operand : expression.operands) {
    if (!operand.is_constant()) return expression;
  }
  Value value = Value::sequence();
  if (expression.op == Operator::list) {
    for (auto& operand : expression.operands) value.push_back(std::move(operand.literal));
  } else {
    value = Value::mapping(document::Mapping{});
    for (std::size_t i = 0; i + 1 < expression.operands.size(); i += 2) {
      value.set(expression.operands[i].literal.text(), std::move(expression.operands[i + 1].literal));
    }
  }
  return Expression::constant(std::move(value), std::move(expression.place));
}

Expression parse_expression(std::string_view text, Dialect dialect, const PlaceOf& place_of) {
  return Parser(text, 0, dialect, place_of).whole();
}

Expression parse_template(std::string_view text, Dialect dialect, const PlaceOf& place_of) {
  std::vector<Expression> parts;
  std::string literal;
  std::size_t literal_at = 0;
  const auto end_literal = [&] {
    if (!literal.empty()) parts.push_back(Expression::constant(Value::string(std::exchange(literal, {})), place_of(literal_at)));
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 4) == "$${{") {
      literal += "${{";
      at += 4;
    } else if (text.substr(at, 3) == "${{") {
      end_literal();
      auto [expression, behind] = Parser(text, at + 3, dialect, place_of).up_to_braces(at);
      parts.push_back(std::move(expression));
      literal_at = at = behind;
    } else {
      literal += text[at++];
    }
  }
  end_literal();
  if (parts.empty()) return Expression::constant(Value::string(""), place_of(0));
  if (parts.size() == 1) return std::move(parts.front());
  Expression joined;
  joined.op = Operator::concat;
  joined.operands = std::move(parts);
  joined.place = place_of(0);
  return joined;
}

Expression parse_expression(std::string_view text, Dialect dialect, const Place& place) {
  return parse_expression(text, dialect, places_from(text, place));
}

Expression parse_template(std::string_view text, Dialect dialect, const Place& place) {
  return parse_template(text, dialect, places_from(text, place));
}

}  // namespace kfrun::pipeline
