#include "document/json_path_parse.h"

#include <charconv>
#include <optional>

#include "base/text.h"
#include "document/number.h"

namespace kfrun::document {

namespace {

using Kind = JsonPathStep::Kind;

constexpr std::size_t kMaxNesting = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0; }
bool ends_word(char c) { return std::string_view(" \t\r\n.,[]$@{}").find(c) != std::string_view::npos; }

std::optional<long long> small_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void append_utf8(std::string& out, unsigned c) {
  const auto byte = [&](unsigned value) { out += static_cast<char>(value); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      byte(0xE0 | (c >> 12));
    } else {
      byte(0xF0 | (c >> 18));
      byte(0x80 | ((c >> 12) & 0x3F));
    }
    byte(0x80 | ((c >> 6) & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

// Go's escapes between quotes; nothing when there is one it does not know.
std::optional<std::string> unquoted(std::string_view text) {
  constexpr std::string_view names = "abfnrtv\\'\"", values = "\a\b\f\n\r\t\v\\'\"";
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (const auto simple = names.find(text[i]); simple != std::string_view::npos) {
      plain += values[simple];
      continue;
    }
    const char mark = text[i];
    const std::size_t length = mark == 'x' ? 2 : mark == 'u' ? 4 : mark == 'U' ? 8 : is_digit(mark) ? 3 : 0;
    const auto digits = text.substr(is_digit(mark) ? i : i + 1).substr(0, length);
    unsigned value = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value, is_digit(mark) ? 8 : 16);
    if (length == 0 || fault != std::errc() || end != digits.data() + length) return std::nullopt;
    if (value > 0x10FFFF || (length == 3 && value > 0xFF)) return std::nullopt;
    if (length < 4) {
      plain += static_cast<char>(value);
    } else {
      append_utf8(plain, value);
    }
    i += is_digit(mark) ? length - 1 : length;
  }
  return plain;
}

// Reads what stands between braces. `offset` is where `text` begins in the template.
class ActionParser {
 public:
  ActionParser(std::string_view text, std::size_t offset, std::size_t nesting) : text_(text), offset_(offset), nesting_(nesting) {
    if (nesting > kMaxNesting) throw fault(0, "nested deeper than {}", kMaxNesting);
  }

  // Up to the closing brace when `braced`, else to the end of the text. Returns what was read.
  std::size_t parse(JsonPathAction& action, bool braced) {
    while (at_ < text_.size() || braced) {
      if (at_ >= text_.size()) throw fault(at_, "unclosed action");
      const char c = text_[at_];
      if (c == '}') {
        if (!braced) throw fault(at_, "unrecognized character in action: '}}'");
        return at_ + 1;
      }
      step(action, c);
    }
    return at_;
  }

 private:
  template <typename... Args>
  Error fault(std::size_t at, fmt::format_string<Args...> format, Args&&... args) const {
    return Error(ErrorKind::input, "jsonpath: " + fmt::format(format, std::forward<Args>(args)...),
                 Place{{}, 1, static_cast<int>(offset_ + at) + 1, {}});
  }

  void step(JsonPathAction& action, char c) {
    auto& steps = action.steps;
    const auto rest = text_.substr(at_);
    if (rest.starts_with("[?(")) return filter(steps);
    if (rest.starts_with("..")) return recursive(steps);
    if (c == '\n' || c == '\r') throw fault(at_, "unclosed action");
    if (c == ' ' || c == '@' || c == '$') {
      ++at_;
    } else if (c == '[') {
      array(steps);
    } else if (c == '"' || c == '\'') {
      quote(steps, c);
    } else if (c == '.') {
      ++at_;
      field(steps);
    } else if (c == '+' || c == '-' || is_digit(c)) {
      number(steps);
    } else if (is_word(c)) {
      identifier(action);
    } else {
      throw fault(at_, "unrecognized character in action: '{}'", c);
    }
  }

  JsonPathSteps nested(std::string_view text, std::size_t at) const {
    JsonPathAction action;
    ActionParser(text, offset_ + at, nesting_ + 1).parse(action, false);
    if (action.begins_range || action.ends_range) throw fault(at, "range and end must stand alone in their braces");
    return std::move(action.steps);
  }

  void identifier(JsonPathAction& action) {
    const auto start = at_;
    while (at_ < text_.size() && !ends_word(text_[at_])) ++at_;
    const auto word = text_.substr(start, at_ - start);
    if (word == "true" || word == "false") {
      action.steps.push_back({.kind = Kind::constant, .constant = Node::boolean(word == "true")});
    } else if (word == "range") {
      action.begins_range = true;
    } else if (word == "end") {
      action.ends_range = true;
    } else {
      throw fault(start, "unrecognized identifier {}", word);
    }
  }

  void recursive(JsonPathSteps& steps) {
    if (!steps.empty() && steps.back().kind == Kind::recursive) throw fault(at_, "invalid multiple recursive descent");
    at_ += 2;
    steps.push_back({.kind = Kind::recursive});
    if (at_ < text_.size() && is_word(text_[at_])) field(steps);
  }

  void number(JsonPathSteps& steps) {
    const auto start = at_++;
    while (at_ < text_.size() && (text_[at_] == '.' || is_digit(text_[at_]))) ++at_;
    const auto text = text_.substr(start, at_ - start);
    const auto digits = text.substr(text[0] == '+' ? 1 : 0);
    if (const auto whole = parse_integer(digits)) {
      steps.push_back({.kind = Kind::constant, .constant = Node::integer(*whole)});
    } else if (const auto value = number_value(digits); value && digits.find_first_of("0123456789") != std::string_view::npos) {
      steps.push_back({.kind = Kind::constant, .constant = Node::number(*value)});
    } else {
      throw fault(start, "cannot parse number {}", text);
    }
  }

  void quote(JsonPathSteps& steps, char end) {
    const auto start = at_++;
    while (at_ < text_.size() && text_[at_] != '\n' && !(text_[at_] == end && text_[at_ - 1] != '\\')) ++at_;
    if (at_ >= text_.size() || text_[at_] == '\n') throw fault(start, "unterminated quoted string");
    const auto plain = unquoted(text_.substr(start + 1, at_ - start - 1));
    ++at_;
    if (!plain) throw fault(start, "unquote string {} error invalid syntax", text_.substr(start, at_ - start));
    steps.push_back({.kind = Kind::text, .constant = Node::string(*plain)});
  }

  // A name; backslashes take the meaning from what follows them.
  void field(JsonPathSteps& steps) {
    std::string name;
    for (; at_ < text_.size() && !ends_word(text_[at_]); ++at_) {
      if (text_[at_] == '\\' && ++at_ >= text_.size()) break;
      name += text_[at_];
    }
    if (name == "*") {
      steps.push_back({.kind = Kind::wildcard});
    } else {
      steps.push_back({.kind = Kind::field, .name = std::move(name)});
    }
  }

  void array(JsonPathSteps& steps) {
    const auto start = at_;
    const auto end = text_.find_first_of("]\n", at_);
    if (end == std::string_view::npos || text_[end] == '\n') throw fault(start, "unterminated array");
    const auto inside = text_.substr(start + 1, end - start - 1);
    at_ = end + 1;
    if (inside.find(',') == std::string_view::npos) return subscript(steps, inside, start);
    JsonPathStep unite{.kind = Kind::unite};
    for (const auto& part : split(inside, ',')) {
      JsonPathSteps branch;
      subscript(branch, trim(part), start);
      unite.branches.push_back(std::move(branch));
    }
    steps.push_back(std::move(unite));
  }

  // The inside of [...]: 'key' (read as if it stood behind a dot), *, an index, a slice.
  void subscript(JsonPathSteps& steps, std::string_view inside, std::size_t at) const {
    if (inside.size() >= 2 && inside.front() == '\'' && inside.back() == '\'' && inside.find('\'', 1) == inside.size() - 1) {
      for (auto& step : nested("." + std::string(inside.substr(1, inside.size() - 2)), at)) steps.push_back(std::move(step));
      return;
    }
    JsonPathStep slice{.kind = Kind::slice};
    const auto parts = split(inside == "*" ? ":" : inside, ':');
    const bool well_formed = parts.size() <= 3 && inside.find_first_not_of("0123456789-:*") == std::string_view::npos;
    if (!well_formed || (inside != "*" && inside.find('*') != std::string_view::npos))
      throw fault(at, "invalid array index {}", inside);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].empty()) continue;
      const auto value = small_integer(parts[i]);
      if (!value) throw fault(at, "array index {} is not a number", parts[i]);
      slice.bounds[i] = {*value, true};
    }
    slice.single = parts.size() == 1;
    if (slice.single) slice.bounds[1] = {slice.bounds[0].value + 1, true};
    steps.push_back(std::move(slice));
  }

  // The end of a filter: the first ')' that is not inside its only quoted text.
  std::size_t end_of_filter(std::size_t start) const {
    char quote = 0;
    bool closed = false;
    for (auto i = start; i < text_.size() && text_[i] != '\n'; ++i) {
      const char c = text_[i];
      if ((c == '"' || c == '\'') && quote == 0) {
        quote = c;
      } else if (c == quote && quote != 0 && text_[i - 1] != '\\') {
        closed = true;
      } else if (c == ')' && (quote == 0 || closed)) {
        return i;
      }
    }
    throw fault(start, "unterminated filter");
  }

  void filter(JsonPathSteps& steps) {
    const auto start = at_ + 3;
    const auto end = end_of_filter(start);
    if (end + 1 >= text_.size() || text_[end + 1] != ']') throw fault(end, "unclosed array expect ]");
    at_ = end + 2;
    const auto inside = text_.substr(start, end - start);
    JsonPathStep step{.kind = Kind::filter, .name = "exists"};
    const auto first = inside.find_first_of("!<>=");
    const auto last = first == std::string_view::npos ? first : inside.find_first_not_of("!<>=", first);
    if (first == 0 || last == std::string_view::npos) {
      step.branches.push_back(nested(inside, start));
    } else {
      step.name = inside.substr(first, last - first);
      step.branches.push_back(nested(inside.substr(0, first), start));
      step.branches.push_back(nested(inside.substr(last), start + last));
    }
    steps.push_back(std::move(step));
  }

  std::string_view text_;
  std::size_t offset_;
  std::size_t nesting_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<JsonPathAction> parse_json_path(std::string_view text) {
  std::vector<JsonPathAction> actions;
  for (std::size_t at = 0; at < text.size();) {
    const auto brace = std::min(text.find('{', at), text.size());
    if (brace > at) {
      actions.push_back({.steps = {{.kind = Kind::text, .constant = Node::string(std::string(text.substr(at, brace - at)))}}});
    }
    at = brace;
    if (at == text.size()) break;
    JsonPathAction action;
    at += 1 + ActionParser(text.substr(at + 1), at + 1, 0).parse(action, true);
    actions.push_back(std::move(action));
  }
  return actions;
}

}  // namespace kfrun::document
