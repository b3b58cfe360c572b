#include "kustomize/kyaml_text.h"

#include <cstdint>

#include "document/resolve.h"

namespace kfrun::kustomize {

using document::Node;
using document::Style;
using document::Tag;

namespace {

struct CodePoint {
  std::uint32_t value;
  std::size_t length;
};

// The code point at `at`; a malformed byte counts as itself.
CodePoint code_point(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  std::uint8_t first = byte(at);
  std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 1 || at + length > text.size()) return {first, 1};
  std::uint32_t value = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = (value << 6) | (byte(at + i) & 0x3Fu);
  return {value, length};
}

bool is_break(std::uint32_t c) { return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_printable(std::uint32_t c) {
  return c == '\n' || (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD && c != 0xFEFF);
}

// Which ways of writing a scalar are possible.
struct Analysis {
  bool multiline = false;
  bool flow_plain = true;
  bool block_plain = true;
  bool single_quoted = true;
  bool block = true;
};

// Characters that mean something in plain scalars of a block, or only inside of [] and {}.
struct Indicators {
  bool block = false;
  bool flow = false;
};

Indicators find_indicators(std::string_view text) {
  Indicators found;
  if (text.starts_with("---") || text.starts_with("...")) found = {true, true};
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool before_blank = i + 1 >= text.size() || is_blank(text[i + 1]);
    bool behind_blank = i == 0 || is_blank(text[i - 1]) || text[i - 1] == '\n';
    if (i == 0 && std::string_view("#,[]{}&*!|>'\"%@`").find(c) != std::string_view::npos) found = {true, true};
    if (i == 0 && c == '-' && before_blank) found = {true, true};
    if (c == ':' || (i == 0 && c == '?')) {
      found.flow = true;
      if (before_blank) found.block = true;
    }
    if (std::string_view(",?[]{}").find(c) != std::string_view::npos) found.flow = true;
    if (c == '#' && behind_blank) found = {true, true};
  }
  return found;
}

Analysis analyse(std::string_view text) {
  if (text.empty()) return {false, false, true, true, false};
  Indicators indicators = find_indicators(text);
  bool tab = false, special = false, break_space = false, space_break = false;
  bool after_space = false, after_break = false;
  Analysis result;
  std::uint32_t last = 0;
  for (std::size_t at = 0; at < text.size();) {
    auto [c, length] = code_point(text, at);
    if (c == '\t') {
      tab = true;
    } else if (!is_printable(c)) {
      special = true;
    }
    if (c == ' ' && after_break) break_space = true;
    if (is_break(c) && after_space) space_break = true;
    if (is_break(c)) result.multiline = true;
    after_space = c == ' ';
    after_break = is_break(c);
    last = c;
    at += length;
  }
  std::uint32_t first = code_point(text, 0).value;
  bool edges = first == ' ' || is_break(first) || last == ' ' || is_break(last);
  bool quoted_only = break_space || space_break || tab || special;
  result.single_quoted = !quoted_only;
  result.block = last != ' ' && !space_break && !special;
  result.flow_plain = !edges && !quoted_only && !result.multiline && !indicators.flow;
  result.block_plain = !edges && !quoted_only && !result.multiline && !indicators.block;
  return result;
}

class Printer {
 public:
  std::string print(const Node& node) {
    value(node, node.is_scalar() ? 2 : 0);
    if (out_.empty() || out_.back() != '\n') out_ += '\n';
    return std::move(out_);
  }

 private:
  static bool is_flow(const Node& node) { return node.size() == 0 || node.style() == Style::flow; }

  void line(std::size_t indent) {
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    out_.append(indent, ' ');
  }

  // A node whose lines begin at `indent`, the first of them where the cursor stands.
  void value(const Node& node, std::size_t indent) {
    if (node.is_scalar()) return scalar(node, indent, false, false);
    if (is_flow(node)) return flow(node);
    bool first = true;
    if (node.is_mapping()) {
      for (const auto& [key, child] : node.members()) {
        if (!first) line(indent);
        first = false;
        scalar(key, indent, false, true);
        out_ += ':';
        member(child, indent);
      }
      return;
    }
    for (const Node& item : node.items()) {
      if (!first) line(indent);
      first = false;
      out_ += "- ";
      value(item, indent + 2);
    }
  }

  void member(const Node& node, std::size_t indent) {
    if (!node.is_scalar() && !is_flow(node)) {
      std::size_t inner = node.is_mapping() ? indent + 2 : indent;
      line(inner);
      return value(node, inner);
    }
    if (node.is_scalar() && node.text().empty() && node.is_null()) return;
    out_ += ' ';
    value(node, indent + 2);
  }

  void flow(const Node& node) {
    bool first = true;
    auto separate = [&] {
      if (!first) out_ += ", ";
      first = false;
    };
    out_ += node.is_mapping() ? '{' : '[';
    if (node.is_mapping()) {
      for (const auto& [key, child] : node.members()) {
        separate();
        flow_item(key, true);
        out_ += ": ";
        flow_item(child, false);
      }
    } else {
      for (const Node& item : node.items()) {
        separate();
        flow_item(item, false);
      }
    }
    out_ += node.is_mapping() ? '}' : ']';
  }

  void flow_item(const Node& node, bool key) { node.is_scalar() ? scalar(node, 0, true, key) : flow(node); }

  static Style wished_style(const Node& node) {
    Style style = node.style();
    if (style != Style::plain && style != Style::block && style != Style::flow) return style;
    if (node.text().find('\n') != std::string::npos) return Style::literal;
    bool quote = node.tag() == Tag::string && document::resolve_plain(node.text(), document::Schema::go_yaml_v3) != Tag::string;
    return quote ? Style::double_quoted : Style::plain;
  }

  static Style possible_style(Style style, const Analysis& can, bool empty, bool in_flow, bool key) {
    if (key && can.multiline) return Style::double_quoted;
    if (style == Style::plain && ((in_flow ? !can.flow_plain : !can.block_plain) || (empty && (in_flow || key)))) {
      style = Style::single_quoted;
    }
    if (style == Style::single_quoted && !can.single_quoted) return Style::double_quoted;
    bool block = style == Style::literal || style == Style::folded;
    return block && (!can.block || in_flow || key) ? Style::double_quoted : style;
  }

  void scalar(const Node& node, std::size_t indent, bool in_flow, bool key) {
    const std::string& text = node.text();
    Style wished = wished_style(node);
    // A text that does not fit the tag it was given keeps the tag.
    bool tagged = node.tag() != Tag::string && node.tag() != Tag::other &&
                  document::resolve_plain(text, document::Schema::go_yaml_v3) != node.tag();
    if (tagged) out_ += document::short_tag(node.tag());
    if (tagged && !text.empty()) out_ += ' ';
    switch (possible_style(wished, analyse(text), text.empty(), in_flow, key)) {
      case Style::single_quoted:
        return single_quoted(text);
      case Style::double_quoted:
        return double_quoted(text);
      case Style::literal:
        return block(text, indent, false);
      case Style::folded:
        return block(text, indent, true);
      default:
        out_ += text;
    }
  }

  void single_quoted(std::string_view text) {
    out_ += '\'';
    for (char c : text) {
      if (c == '\'' || c == '\n') out_ += c;
      out_ += c;
    }
    out_ += '\'';
  }

  void double_quoted(std::string_view text) {
    out_ += '"';
    for (std::size_t at = 0; at < text.size();) {
      auto [c, length] = code_point(text, at);
      if (!is_printable(c) || is_break(c) || c == '"' || c == '\\') {
        escape(c);
      } else {
        out_ += text.substr(at, length);
      }
      at += length;
    }
    out_ += '"';
  }

  void escape(std::uint32_t c) {
    static constexpr std::pair<std::uint32_t, char> kShort[] = {
        {0x00, '0'}, {0x07, 'a'}, {0x08, 'b'},  {0x09, 't'}, {0x0A, 'n'}, {0x0B, 'v'},   {0x0C, 'f'},   {0x0D, 'r'},
        {0x1B, 'e'}, {0x22, '"'}, {0x5C, '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'},
    };
    out_ += '\\';
    for (auto [value, letter] : kShort) {
      if (value == c) {
        out_ += letter;
        return;
      }
    }
    out_ += c <= 0xFF ? fmt::format("x{:02X}", c) : c <= 0xFFFF ? fmt::format("u{:04X}", c) : fmt::format("U{:08X}", c);
  }

  // A literal or, with line breaks doubled, a folded block.
  void block(std::string_view text, std::size_t indent, bool folded) {
    out_ += folded ? '>' : '|';
    if (text[0] == ' ' || text[0] == '\n') out_ += '2';
    if (text.back() != '\n') {
      out_ += '-';
    } else if (text.size() == 1 || text[text.size() - 2] == '\n') {
      out_ += '+';
    }
    out_ += '\n';
    bool at_start = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') {
        bool between_words = !at_start && i + 1 < text.size() && !is_blank(text[i + 1]) && text[i + 1] != '\n';
        out_ += folded && between_words ? "\n\n" : "\n";
        at_start = true;
        continue;
      }
      if (at_start) out_.append(indent, ' ');
      at_start = false;
      out_ += text[i];
    }
  }

  std::string out_;
};

}  // namespace

std::string kyaml_text(const Node& node) { return Printer().print(node); }

}  // namespace kfrun::kustomize
