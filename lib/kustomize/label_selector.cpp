#include "kustomize/label_selector.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace kfrun::kustomize {

namespace {

using Operator = LabelSelector::Operator;
using Requirement = LabelSelector::Requirement;

enum class Kind { bad, end, close, comma, bang, equals, not_equals, greater, less, open, in, not_in, word };

struct Token {
  Kind kind;
  std::string text;
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_symbol(char c) { return std::string_view("=!(),><").find(c) != std::string_view::npos; }

std::optional<Kind> symbol_kind(std::string_view text) {
  static constexpr std::pair<std::string_view, Kind> kSymbols[] = {
      {")", Kind::close},   {",", Kind::comma}, {"!", Kind::bang},        {"==", Kind::equals}, {"=", Kind::equals},
      {">", Kind::greater}, {"<", Kind::less},  {"!=", Kind::not_equals}, {"(", Kind::open},
  };
  for (const auto& [symbol, kind] : kSymbols) {
    if (symbol == text) return kind;
  }
  return std::nullopt;
}

// The longest symbol at `position`; symbols are read greedily, so "(=" is "(" and then "=".
Token next_symbol(std::string_view text, std::size_t& position) {
  std::size_t length = 1;
  auto kind = symbol_kind(text.substr(position, 1));
  if (auto longer = symbol_kind(text.substr(position, 2)); longer && position + 1 < text.size()) {
    kind = longer;
    length = 2;
  }
  Token token{kind.value_or(Kind::bad), std::string(text.substr(position, length))};
  position += length;
  return token;
}

std::vector<Token> scan(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t position = 0; position < text.size();) {
    if (is_blank(text[position])) {
      ++position;
    } else if (is_symbol(text[position])) {
      tokens.push_back(next_symbol(text, position));
    } else {
      std::size_t begin = position;
      while (position < text.size() && !is_blank(text[position]) && !is_symbol(text[position])) ++position;
      std::string word(text.substr(begin, position - begin));
      Kind kind = word == "in" ? Kind::in : word == "notin" ? Kind::not_in : Kind::word;
      tokens.push_back({kind, std::move(word)});
    }
  }
  tokens.push_back({Kind::end, ""});
  return tokens;
}

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool is_name(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_subdomain(std::string_view text) {
  for (const std::string& part : split(text, '.')) {
    if (!is_name(part) || part.find('_') != std::string::npos || part != to_lower(part)) return false;
  }
  return true;
}

constexpr std::string_view kNameRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
    "'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kSubdomainRule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
    "an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kValueRule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
    "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

void check_key(const std::string& key) {
  std::vector<std::string> faults;
  std::string name = key;
  auto parts = split(key, '/');
  if (parts.size() == 2) {
    name = parts[1];
    if (parts[0].empty()) {
      faults.emplace_back("prefix part must be non-empty");
    } else {
      if (parts[0].size() > 253) faults.emplace_back("prefix part must be no more than 253 characters");
      if (!is_subdomain(parts[0])) faults.push_back("prefix part " + std::string(kSubdomainRule));
    }
  } else if (parts.size() > 2) {
    std::string rule = "a qualified name " + std::string(kNameRule);
    faults.push_back(rule + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
  }
  if (parts.size() <= 2) {
    if (name.empty()) faults.emplace_back("name part must be non-empty");
    if (name.size() > 63) faults.emplace_back("name part must be no more than 63 characters");
    if (!is_name(name)) faults.push_back("name part " + std::string(kNameRule));
  }
  if (!faults.empty()) throw input_error({}, "invalid label key \"{}\": {}", key, join(faults, "; "));
}

void check_value(const std::string& key, const std::string& value) {
  std::vector<std::string> faults;
  if (value.size() > 63) faults.emplace_back("must be no more than 63 characters");
  if (!value.empty() && !is_name(value)) faults.emplace_back(kValueRule);
  if (!faults.empty()) throw input_error({}, "invalid label value: \"{}\": at key: \"{}\": {}", value, key, join(faults, "; "));
}

// Recursive descent over the tokens. Outside of operators `in` and `notin` are plain words.
class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(scan(text)) {}

  std::vector<Requirement> parse() {
    std::vector<Requirement> requirements;
    while (true) {
      if (peek() == Kind::end) return requirements;
      if (peek() != Kind::word && peek() != Kind::bang) throw expected("!, identifier, or 'end of string'", peek_text());
      requirements.push_back(within("unable to parse requirement", [&] { return parse_requirement(); }));
      Token token = take();
      if (token.kind == Kind::end) return requirements;
      if (token.kind != Kind::comma) throw expected("',' or 'end of string'", token.text);
      if (peek() != Kind::word && peek() != Kind::bang) throw expected("identifier after ','", peek_text());
    }
  }

 private:
  static Error expected(std::string_view what, std::string_view found) {
    return input_error({}, "found '{}', expected: {}", found, what);
  }

  Kind peek() const {
    Kind kind = tokens_[next_].kind;
    return kind == Kind::in || kind == Kind::not_in ? Kind::word : kind;
  }
  const std::string& peek_text() const { return tokens_[next_].text; }
  // The end is never passed.
  Token take_operator() { return next_ + 1 < tokens_.size() ? tokens_[next_++] : tokens_[next_]; }
  Token take() {
    Token token = take_operator();
    if (token.kind == Kind::in || token.kind == Kind::not_in) token.kind = Kind::word;
    return token;
  }

  Requirement parse_requirement() {
    Token token = take();
    bool negated = token.kind == Kind::bang;
    if (negated) token = take();
    if (token.kind != Kind::word) throw expected("identifier", token.text);
    std::string key = token.text;
    check_key(key);
    if (negated) return {key, Operator::does_not_exist, {}};
    if (peek() == Kind::end || peek() == Kind::comma) return {key, Operator::exists, {}};
    Requirement requirement{key, Operator::in, {}};
    Token op = take_operator();
    switch (op.kind) {
      case Kind::in:
        requirement.values = parse_values();
        break;
      case Kind::equals:
        requirement.values = {parse_value()};
        break;
      case Kind::not_in:
        requirement = {key, Operator::not_in, parse_values()};
        break;
      case Kind::not_equals:
        requirement = {key, Operator::not_in, {parse_value()}};
        break;
      case Kind::greater:
        requirement = {key, Operator::greater, {parse_number()}};
        break;
      case Kind::less:
        requirement = {key, Operator::less, {parse_number()}};
        break;
      default:
        throw expected("'=', '!=', '==', 'in', notin'", op.text);
    }
    for (const std::string& value : requirement.values) check_value(key, value);
    return requirement;
  }

  std::string parse_value() {
    if (peek() == Kind::end || peek() == Kind::comma) return "";
    Token token = take();
    if (token.kind != Kind::word) throw expected("identifier", token.text);
    return token.text;
  }

  std::string parse_number() {
    std::string value = parse_value();
    if (!parse_integer(value)) throw input_error({}, "for 'Gt', 'Lt' operators, the value must be an integer");
    return value;
  }

  std::vector<std::string> parse_values() {
    if (Token token = take(); token.kind != Kind::open) throw input_error({}, "found '{}' expected: '('", token.text);
    std::set<std::string> values;
    if (peek() == Kind::close) {
      take();
      return {""};
    }
    if (peek() != Kind::word && peek() != Kind::comma) throw expected("',', ')' or identifier", peek_text());
    while (peek() != Kind::close) read_listed_value(values);
    take();
    return {values.begin(), values.end()};
  }

  // A word, or a comma beside which a missing word counts as an empty one.
  void read_listed_value(std::set<std::string>& values) {
    Token token = take();
    if (token.kind == Kind::word) {
      values.insert(token.text);
      if (peek() != Kind::comma && peek() != Kind::close) throw expected("',' or ')'", peek_text());
    } else if (token.kind == Kind::comma) {
      if (values.empty()) values.insert("");
      if (peek() == Kind::close || peek() == Kind::comma) values.insert("");
      if (peek() == Kind::comma) take();
    } else {
      throw expected("',', or identifier", token.text);
    }
  }

  std::vector<Token> tokens_;
  std::size_t next_ = 0;
};

bool holds(const Requirement& requirement, const std::optional<std::string>& value) {
  auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), *value) != requirement.values.end();
  };
  switch (requirement.op) {
    case Operator::in:
      return value && listed();
    case Operator::not_in:
      return !value || !listed();
    case Operator::exists:
      return value.has_value();
    case Operator::does_not_exist:
      return !value;
    case Operator::greater:
    case Operator::less:
      break;
  }
  auto number = value ? parse_integer(*value) : std::nullopt;
  auto bound = parse_integer(requirement.values.at(0));
  if (!number || !bound) return false;
  return requirement.op == Operator::greater ? *number > *bound : *number < *bound;
}

}  // namespace

LabelSelector::LabelSelector(std::string_view text) : requirements_(Parser(text).parse()) {}

bool LabelSelector::matches(const Lookup& value_of) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& requirement) { return holds(requirement, value_of(requirement.key)); });
}

}  // namespace kfrun::kustomize
