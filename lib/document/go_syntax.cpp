#include "document/go_syntax.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "document/number.h"
#include "document/timestamp.h"
#include "document/unicode.h"

namespace kfrun::document {

namespace {

// Nearly unicode.IsPrint: no controls, blanks, invisible marks, private use.
bool is_go_printable(std::uint32_t c) {
  if (c < 0x80) return c >= 0x20 && c < 0x7F;
  if (c <= 0xA0 || c == 0xAD || c == 0x1680 || c == 0x3000) return false;
  if ((c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) || (c >= 0x205F && c <= 0x206F)) return false;
  return !(c >= 0xD800 && c <= 0xF8FF) && c != 0xFEFF && !(c >= 0xFFF0 && c <= 0xFFFB) && c != 0xFFFE && c != 0xFFFF &&
         c < 0xE0000;
}

std::string go_time(const std::string& text) {
  constexpr std::array months = {"January", "February", "March",     "April",   "May",      "June",
                                 "July",    "August",   "September", "October", "November", "December"};
  // 2001-01-02T03:04:05.1-05:00
  const auto decimal = [&](std::size_t at, std::size_t length) { return std::stoi(text.substr(at, length)); };
  std::string nanoseconds;
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) nanoseconds += text[at];
  }
  nanoseconds.resize(9, '0');
  return fmt::format("time.Date({}, time.{}, {}, {}, {}, {}, {}, {})", decimal(0, 4),
                     months[static_cast<std::size_t>(decimal(5, 2) - 1)], decimal(8, 2), decimal(11, 2), decimal(14, 2),
                     decimal(17, 2), std::stoi(nanoseconds), text.ends_with('Z') ? "time.UTC" : "time.Location(\"\")");
}

std::string go_number(const Node& node) {
  if (node.is_integer()) {
    if (const auto value = integer_value(node.text())) return std::to_string(*value);
    if (const auto value = unsigned_value(node.text())) return fmt::format("{:#x}", *value);
  }
  const auto value = number_value(node.text());
  if (!value) return node.text();
  if (*value != *value) return "NaN";
  if (*value - *value != 0) return *value > 0 ? "+Inf" : "-Inf";
  // %#v is %g, with exponents from 21 on.
  const double magnitude = *value < 0 ? -*value : *value;
  return magnitude >= 1e-4 && magnitude < 1e21 ? json_number(*value) : go_shortest_number(*value);
}

std::string go_scalar(const Node& node) {
  switch (node.tag()) {
    case Tag::null:
      return "interface {}(nil)";
    case Tag::boolean:
      return node.as_boolean().value_or(false) ? "true" : "false";
    case Tag::integer:
    case Tag::floating:
      return go_number(node);
    case Tag::timestamp:
      if (const auto time = json_timestamp(node.text())) return go_time(*time);
      return go_quoted(node.text());
    default:
      return go_quoted(node.text());
  }
}

// fmt sorts keys of one type by value, and types by where they lie in the runtime: seen as strings, ints, floats, booleans,
// times.
auto key_rank(const Node& key) {
  const int type = key.is_string() ? 0 : key.is_integer() ? 1 : key.is_number() ? 2 : key.is_boolean() ? 3 : 4;
  return std::tuple(type, key.as_number().value_or(0), std::string_view(key.text()));
}

void append(std::string& out, const Node& node, bool top) {
  if (node.is_scalar()) {
    out += go_scalar(node);
  } else if (node.is_sequence()) {
    out += "[]interface {}{";
    for (const auto& item : node.items()) {
      if (&item != &node.items().front()) out += ", ";
      append(out, item, false);
    }
    out += '}';
  } else {
    std::vector<const Member*> members;
    for (const auto& member : node.members()) members.push_back(&member);
    const bool strings = top || std::all_of(members.begin(), members.end(), [](const Member* m) { return m->key.is_string(); });
    std::stable_sort(members.begin(), members.end(), [&](const Member* a, const Member* b) {
      return strings ? a->key.text() < b->key.text() : key_rank(a->key) < key_rank(b->key);
    });
    out += strings ? "map[string]interface {}{" : "map[interface {}]interface {}{";
    for (const auto* member : members) {
      if (member != members.front()) out += ", ";
      if (strings) {
        out += go_quoted(member->key.text());
      } else {
        append(out, member->key, false);
      }
      out += ':';
      append(out, member->value, false);
    }
    out += '}';
  }
}

}  // namespace

std::string go_quoted(std::string_view text) {
  constexpr std::string_view codes = "\a\b\f\n\r\t\v\\\"", letters = "abfnrtv\\\"";
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const auto [c, length] = code_point(text, at);
    const auto named = c < 0x80 ? codes.find(static_cast<char>(c)) : std::string_view::npos;
    if (named != std::string_view::npos) {
      out += '\\';
      out += letters[named];
    } else if (is_go_printable(c) && (length > 1 || c < 0x80)) {
      out.append(text.substr(at, length));
    } else if (length == 1) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += c < 0x10000 ? fmt::format("\\u{:04x}", c) : fmt::format("\\U{:08x}", c);
    }
    at += length;
  }
  return out + '"';
}

std::string go_syntax(const Node& node) {
  std::string out;
  append(out, node, true);
  return out;
}

}  // namespace kfrun::document
