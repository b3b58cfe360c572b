// Trees to the text that kustomize prints: the tree as Go's encoding/json sees it, then go-yaml v2's rules for layout, quoting,
// folding and the order of keys.
#include <algorithm>

#include "base/digest.h"
#include "base/time.h"
#include "document/json_values.h"
#include "document/number.h"
#include "document/resolve.h"
#include "document/writer.h"

namespace kfrun::document {

namespace {

constexpr int kWidth = 80;

// One code point at `at`; a malformed byte counts as itself.
struct CodePoint {
  std::uint32_t value;
  std::size_t length;
};

CodePoint code_point(std::string_view text, std::size_t at) {
  const auto first = static_cast<std::uint8_t>(text[at]);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 1 || at + length > text.size()) return {first, 1};
  std::uint32_t value = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = (value << 6) | (static_cast<std::uint8_t>(text[at + i]) & 0x3Fu);
  return {value, length};
}

bool is_printable(std::uint32_t c) {
  return c == '\n' || (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD && c != 0xFEFF);
}

bool is_break(std::uint32_t c) { return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029; }
bool is_blank_or_end(std::string_view text, std::size_t at) {
  if (at >= text.size()) return true;
  const auto c = code_point(text, at).value;
  return c == ' ' || c == '\t' || is_break(c);
}

// What go-yaml v2's emitter learns about a scalar before it chooses a style (yaml_emitter_analyze_scalar).
struct Analysis {
  bool multiline = false;
  bool block_plain_allowed = true;
  bool single_quoted_allowed = true;
  bool block_allowed = true;
};

Analysis analyse(std::string_view text) {
  Analysis result;
  if (text.empty()) return {false, false, true, false};
  bool block_indicators = text.starts_with("---") || text.starts_with("...");
  bool line_breaks = false, special = false;
  bool leading_space = false, trailing_space = false, leading_break = false, trailing_break = false, break_space = false,
       space_break = false;
  bool previous_space = false, previous_break = false, preceded_by_white = true;
  for (std::size_t at = 0; at < text.size();) {
    const auto [c, length] = code_point(text, at);
    const bool first = at == 0;
    const bool last = at + length == text.size();
    const bool followed_by_white = is_blank_or_end(text, at + length);
    if (first) {
      constexpr std::string_view indicators = "#,[]{}&*!|>'\"%@`";
      if (c < 0x80 && indicators.find(static_cast<char>(c)) != std::string_view::npos) block_indicators = true;
      if ((c == '?' || c == ':' || c == '-') && followed_by_white) block_indicators = true;
    } else {
      if (c == ':' && followed_by_white) block_indicators = true;
      if (c == '#' && preceded_by_white) block_indicators = true;
    }
    if (!is_printable(c)) special = true;
    if (is_break(c)) line_breaks = true;
    if (c == ' ') {
      if (first) leading_space = true;
      if (last) trailing_space = true;
      if (previous_break) break_space = true;
      previous_space = true;
      previous_break = false;
    } else if (is_break(c)) {
      if (first) leading_break = true;
      if (last) trailing_break = true;
      if (previous_space) space_break = true;
      previous_space = false;
      previous_break = true;
    } else {
      previous_space = previous_break = false;
    }
    preceded_by_white = c == ' ' || c == '\t' || is_break(c);
    at += length;
  }
  result.multiline = line_breaks;
  if (leading_space || leading_break || trailing_space || trailing_break) result.block_plain_allowed = false;
  if (trailing_space) result.block_allowed = false;
  if (break_space) result.block_plain_allowed = result.single_quoted_allowed = false;
  if (space_break || special) result.block_plain_allowed = result.single_quoted_allowed = result.block_allowed = false;
  if (line_breaks || block_indicators) result.block_plain_allowed = false;
  return result;
}

// go-yaml v2's keyList.Less: letters before letters by code point, digits by value, everything else before letters.
// Nearly unicode.IsLetter: beyond Latin-1 everything but the blocks of punctuation, symbols and private use.
bool is_letter(std::uint32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (c < 0x100) return c == 0xAA || c == 0xB5 || c == 0xBA || (c >= 0xC0 && c != 0xD7 && c != 0xF7);
  const bool symbols = (c >= 0x2000 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x3004) || (c >= 0x3007 && c <= 0x3030);
  const bool private_use =
      (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xFE00 && c <= 0xFE6F) || c == 0xFEFF || (c >= 0xFF00 && c <= 0xFF20);
  return !symbols && !private_use && !(c >= 0xFFE0 && c <= 0xFFFF) && !(c >= 0x1F000 && c <= 0x1FAFF);
}
bool is_digit(std::uint32_t c) { return c >= '0' && c <= '9'; }

bool key_less(std::string_view a, std::string_view b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const auto [x, x_length] = code_point(a, i);
    const auto [y, y_length] = code_point(b, j);
    if (x == y) {
      i += x_length;
      j += y_length;
      continue;
    }
    const bool x_letter = is_letter(x), y_letter = is_letter(y);
    if (x_letter && y_letter) return x < y;
    if (x_letter || y_letter) return y_letter;
    if (x == '0' || y == '0') {
      // Leading zeros: a number that has begun before the difference is compared as a whole.
      for (std::size_t k = i; k > 0 && is_digit(static_cast<std::uint8_t>(a[k - 1])); --k) {
        if (a[k - 1] != '0') {
          std::size_t x_run = i, y_run = j;
          while (x_run < a.size() && is_digit(static_cast<std::uint8_t>(a[x_run]))) ++x_run;
          while (y_run < b.size() && is_digit(static_cast<std::uint8_t>(b[y_run]))) ++y_run;
          if (x_run - i != y_run - j) return x_run - i < y_run - j;
          return x < y;
        }
      }
    }
    unsigned long long x_number = 0, y_number = 0;
    std::size_t x_end = i, y_end = j;
    for (; x_end < a.size() && is_digit(static_cast<std::uint8_t>(a[x_end])); ++x_end)
      x_number = x_number * 10 + static_cast<unsigned>(a[x_end] - '0');
    for (; y_end < b.size() && is_digit(static_cast<std::uint8_t>(b[y_end])); ++y_end)
      y_number = y_number * 10 + static_cast<unsigned>(b[y_end] - '0');
    if (x_number != y_number) return x_number < y_number;
    if (x_end != y_end) return x_end < y_end;
    return x < y;
  }
  return a.size() - i < b.size() - j;
}

// The scalar as it stands after Go's JSON round trip.
struct Scalar {
  std::string text;
  bool is_string = false;
  bool is_binary = false;
};

// The number that go-yaml v2 prints for what encoding/json wrote.
std::string number_text(const Node& node) {
  std::string json = json_number_text(node);
  const bool whole = json.find_first_not_of("-0123456789") == std::string::npos;
  if (whole && json == "-0") return "0";
  if (whole && (integer_value(json) || unsigned_value(json))) return json;
  const auto value = number_value(json);
  return value ? go_shortest_number(*value) : json;
}

Scalar normalised(const Node& node) {
  switch (node.tag()) {
    case Tag::null:
      return {"null", false};
    case Tag::boolean:
      return {node.as_boolean().value_or(false) ? "true" : "false", false};
    case Tag::integer:
    case Tag::floating:
      return {number_text(node), false};
    case Tag::timestamp:
      return {json_time_text(node.text()), true};
    default:
      return {node.text(), true};
  }
}

// Writes one tree.
class Emitter {
 public:
  explicit Emitter(std::string& out) : out_(out) {}

  void document(const Node& node) {
    value(node, 0, false);
    if (out_.empty() || out_.back() != '\n') out_ += '\n';
  }

 private:
  int column() const {
    const auto line = out_.rfind('\n');
    int count = 0;
    for (auto i = line == std::string::npos ? 0 : line + 1; i < out_.size(); ++i)
      count += (static_cast<std::uint8_t>(out_[i]) & 0xC0u) != 0x80u;
    return count;
  }
  void new_line(int indent) {
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    out_.append(static_cast<std::size_t>(indent), ' ');
  }

  // `at` is the column at which the node's own lines begin; `placed`: the cursor stands there already.
  void value(const Node& node, int indent, bool placed) {
    if (node.is_mapping()) return mapping(node, indent, placed);
    if (node.is_sequence()) return sequence(node, indent, placed);
    scalar(normalised(node), indent, false);
  }

  void mapping(const Node& node, int indent, bool placed) {
    if (node.size() == 0) {
      out_ += "{}";
      return;
    }
    for (const Member* member : sorted(node)) {
      if (!placed) new_line(indent);
      placed = false;
      const bool complex = key(member->key, indent);
      if (complex) new_line(indent);
      out_ += ':';
      child(member->value, indent, complex);
    }
  }

  // What stands behind "key:".
  void child(const Node& node, int indent, bool behind_complex_key) {
    if (node.is_mapping() && node.size() > 0) {
      if (behind_complex_key) {
        out_ += ' ';
        return mapping(node, indent + 2, true);
      }
      return mapping(node, indent + 2, false);
    }
    if (node.is_sequence() && node.size() > 0) return sequence(node, behind_complex_key ? indent + 2 : indent, false);
    out_ += ' ';
    if (node.is_scalar()) return scalar(normalised(node), indent + 2, false);
    value(node, indent + 2, true);
  }

  void sequence(const Node& node, int indent, bool placed) {
    if (node.size() == 0) {
      out_ += "[]";
      return;
    }
    for (const auto& item : node.items()) {
      if (!placed) new_line(indent);
      placed = false;
      out_ += "- ";
      if (item.is_scalar()) {
        scalar(normalised(item), indent + 2, false);
      } else {
        value(item, indent + 2, true);
      }
    }
  }

  std::vector<const Member*> sorted(const Node& node) const {
    std::vector<const Member*> members;
    members.reserve(node.size());
    for (const auto& member : node.members()) {
      const Node& key = member.key;
      if (!key.is_scalar() || (key.tag() != Tag::string && key.tag() != Tag::null)) {
        throw Error(ErrorKind::input, "json: unsupported type: map[interface {}]interface {}");
      }
      members.push_back(&member);
    }
    std::stable_sort(members.begin(), members.end(),
                     [](const Member* a, const Member* b) { return key_less(a->key.text(), b->key.text()); });
    return members;
  }

  // Whether it had to be an explicit "? key".
  bool key(const Node& node, int indent) {
    Scalar text = normalised(node);
    text.is_string = true;
    const bool simple = text.text.size() <= 128 && !analyse(text.text).multiline;
    if (!simple) out_ += "? ";
    scalar(text, indent + 2, simple);
    return !simple;
  }

  void scalar(const Scalar& scalar, int indent, bool simple_key) {
    const std::string& text = scalar.text;
    if (!scalar.is_string) {
      out_ += text;
      return;
    }
    check(text);
    const Analysis analysis = analyse(text);
    if (needs_quotes_in_v2(text)) return double_quoted(text, indent, !simple_key);
    if (text.find('\n') != std::string::npos) {
      if (!analysis.block_allowed || simple_key) return double_quoted(text, indent, !simple_key);
      return literal(text, indent);
    }
    if (analysis.block_plain_allowed && !(analysis.multiline && simple_key))
      return folded_words(text, indent, !simple_key, false);
    if (analysis.single_quoted_allowed && !(simple_key && analysis.multiline)) return single_quoted(text, indent, !simple_key);
    double_quoted(text, indent, !simple_key);
  }

  static void check(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const auto [c, length] = code_point(text, at);
      if (c == 0x7F || (c >= 0x80 && c <= 0x9F && c != 0x85) || c == 0xFFFE || c == 0xFFFF) {
        throw Error(ErrorKind::input, "yaml: control characters are not allowed");
      }
      at += length;
    }
  }

  // Plain and the inside of single quotes: broken at a single blank once the line is over the width.
  void folded_words(std::string_view text, int indent, bool allow_breaks, bool quoted) {
    bool spaces = false;
    bool breaks = false;
    int at_column = column();
    for (std::size_t at = 0; at < text.size();) {
      const auto [c, length] = code_point(text, at);
      if (c == ' ') {
        const bool inside = !quoted || (at > 0 && at + 1 < text.size());
        if (allow_breaks && !spaces && at_column > kWidth && inside && (at + 1 >= text.size() || text[at + 1] != ' ')) {
          new_line(indent);
          at_column = indent;
        } else {
          out_ += ' ';
          ++at_column;
        }
        spaces = true;
      } else if (is_break(c)) {
        if (!breaks && c == '\n') out_ += '\n';
        out_.append(text.substr(at, length));
        breaks = true;
      } else {
        if (breaks) {
          out_.append(static_cast<std::size_t>(indent), ' ');
          at_column = indent;
        }
        if (quoted && c == '\'') out_ += '\'', ++at_column;
        out_.append(text.substr(at, length));
        ++at_column;
        spaces = breaks = false;
      }
      at += length;
    }
  }

  void single_quoted(std::string_view text, int indent, bool allow_breaks) {
    out_ += '\'';
    folded_words(text, indent, allow_breaks, true);
    out_ += '\'';
  }

  void double_quoted(std::string_view text, int indent, bool allow_breaks) {
    out_ += '"';
    bool spaces = false;
    const bool escape_all = text.starts_with("\xEF\xBB\xBF");
    int at_column = column();
    for (std::size_t at = 0; at < text.size();) {
      const auto [c, length] = code_point(text, at);
      if (escape_all || !is_printable(c) || is_break(c) || c == '"' || c == '\\') {
        const auto before = out_.size();
        escape(c);
        at_column += static_cast<int>(out_.size() - before);
        spaces = false;
      } else if (c == ' ') {
        if (allow_breaks && !spaces && at_column > kWidth && at > 0 && at + 1 < text.size()) {
          new_line(indent);
          at_column = indent;
          if (text[at + 1] == ' ') out_ += '\\', ++at_column;
        } else {
          out_ += ' ';
          ++at_column;
        }
        spaces = true;
      } else {
        out_.append(text.substr(at, length));
        ++at_column;
        spaces = false;
      }
      at += length;
    }
    out_ += '"';
  }

  void escape(std::uint32_t c) {
    switch (c) {
      case 0x00:
        out_ += "\\0";
        return;
      case 0x07:
        out_ += "\\a";
        return;
      case 0x08:
        out_ += "\\b";
        return;
      case 0x09:
        out_ += "\\t";
        return;
      case 0x0A:
        out_ += "\\n";
        return;
      case 0x0B:
        out_ += "\\v";
        return;
      case 0x0C:
        out_ += "\\f";
        return;
      case 0x0D:
        out_ += "\\r";
        return;
      case 0x1B:
        out_ += "\\e";
        return;
      case 0x22:
        out_ += "\\\"";
        return;
      case 0x5C:
        out_ += "\\\\";
        return;
      case 0x85:
        out_ += "\\N";
        return;
      case 0xA0:
        out_ += "\\_";
        return;
      case 0x2028:
        out_ += "\\L";
        return;
      case 0x2029:
        out_ += "\\P";
        return;
      default:
        break;
    }
    out_ += c <= 0xFF ? fmt::format("\\x{:02X}", c) : c <= 0xFFFF ? fmt::format("\\u{:04X}", c) : fmt::format("\\U{:08X}", c);
  }

  void literal(std::string_view text, int indent) {
    out_ += '|';
    if (text[0] == ' ' || is_break(code_point(text, 0).value)) out_ += '2';
    if (text.back() != '\n') {
      out_ += '-';
    } else if (text.size() == 1 || text[text.size() - 2] == '\n') {
      out_ += '+';
    }
    out_ += '\n';
    bool at_start = true;
    for (const char c : text) {
      if (c == '\n') {
        out_ += '\n';
        at_start = true;
        continue;
      }
      if (at_start) out_.append(static_cast<std::size_t>(indent), ' ');
      at_start = false;
      out_ += c;
    }
  }

  std::string& out_;
};

}  // namespace

void append_yaml(std::string& out, const Node& node) {
  std::string text;
  Emitter(text).document(node);
  out += text;
}

std::string write_yaml(const Node& node) {
  std::string text;
  append_yaml(text, node);
  return text;
}

}  // namespace kfrun::document
