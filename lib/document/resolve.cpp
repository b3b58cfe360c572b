#include "document/resolve.h"

#include <algorithm>
#include <cmath>

#include "document/number.h"
#include "document/timestamp.h"

namespace kfrun::document {

namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_null(std::string_view text) { return text.empty() || is_one_of(text, {"~", "null", "Null", "NULL"}); }

bool is_true_or_false(std::string_view text) { return is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"}); }

bool is_old_boolean(std::string_view text) {
  return is_one_of(text, {"y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"});
}

bool is_infinity_or_nan(std::string_view text) {
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return true;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return is_one_of(text, {".inf", ".Inf", ".INF"});
}

bool only(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

// An integer of the core schema: decimal, 0o17, 0x1F, whatever the size.
bool is_core_integer(std::string_view text) {
  if (text.starts_with("0x")) return only(text.substr(2), "0123456789abcdefABCDEF");
  if (text.starts_with("0o")) return only(text.substr(2), "01234567");
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  return only(text, "0123456789");
}

// Go's ParseFloat fails for what is too large, and the scalar is then a string; what is too small is 0.
bool overflows(std::string_view text) {
  const auto value = number_value(text);
  return value && std::isinf(*value);
}

// ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$
bool is_float(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const auto start = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - start;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  const auto whole = digits();
  std::size_t fraction = 0;
  if (i < text.size() && text[i] == '.') {
    ++i;
    fraction = digits();
  }
  if (whole == 0 && fraction == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size() && !overflows(text);
}

bool may_be_number(std::string_view text) {
  return (text[0] >= '0' && text[0] <= '9') || text[0] == '-' || text[0] == '+' || text[0] == '.';
}

// Behind a '.', Go's ParseFloat reads the text, which takes underscores only between digits.
Tag resolve_fraction(std::string_view text) {
  const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && (i == 0 || !digit(i - 1) || !digit(i + 1))) return Tag::string;
  }
  std::string plain(text);
  std::erase(plain, '_');
  return is_float(plain) ? Tag::floating : Tag::string;
}

Tag resolve_number(std::string_view text, Schema schema) {
  if (text[0] == '.') return resolve_fraction(text);
  if (json_timestamp(text)) return Tag::timestamp;
  if (integer_value(text) || unsigned_value(text)) {
    // v2 does not know a sign behind 0o.
    const bool odd_octal = schema == Schema::go_yaml_v2 && text.starts_with("0o") && text.find_first_of("+-") == 2;
    return odd_octal ? Tag::string : Tag::integer;
  }
  if (text.find('_') == std::string_view::npos) return is_float(text) ? Tag::floating : Tag::string;
  std::string plain(text);
  std::erase(plain, '_');
  return is_float(plain) ? Tag::floating : Tag::string;
}

// ^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$
bool is_base_60(std::string_view text) {
  std::size_t i = 0;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  const auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  if (!digit(i)) return false;
  while (digit(i) || (i < text.size() && text[i] == '_')) ++i;
  int groups = 0;
  while (i < text.size() && text[i] == ':') {
    ++i;
    if (!digit(i)) return false;
    if (digit(i + 1)) {
      if (text[i] > '5') return false;
      ++i;
    }
    ++i;
    ++groups;
  }
  if (groups == 0) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (digit(i) || (i < text.size() && text[i] == '_')) ++i;
  }
  return i == text.size();
}

}  // namespace

Tag resolve_plain(std::string_view text, Schema schema) {
  if (text.empty()) return Tag::null;
  constexpr std::string_view firsts = "~nNtTfFyYoO<";
  const char first = text[0];
  if (!may_be_number(text) && firsts.find(first) == std::string_view::npos) return Tag::string;
  if (is_null(text)) return Tag::null;
  if (text == "<<") return Tag::merge;
  if (is_true_or_false(text)) return Tag::boolean;
  if (schema == Schema::go_yaml_v2 && is_old_boolean(text)) return Tag::boolean;
  if (!may_be_number(text)) return Tag::string;
  if (is_infinity_or_nan(text)) return Tag::floating;
  return resolve_number(text, schema);
}

Tag resolve_core(std::string_view text) {
  if (is_null(text)) return Tag::null;
  if (is_true_or_false(text)) return Tag::boolean;
  if (!may_be_number(text)) return Tag::string;
  if (is_infinity_or_nan(text)) return Tag::floating;
  if (text.find('_') != std::string_view::npos) return Tag::string;
  if (is_core_integer(text)) return Tag::integer;
  return is_float(text) ? Tag::floating : Tag::string;
}

bool needs_quotes_in_v2(std::string_view text) {
  return (resolve_plain(text, Schema::go_yaml_v2) != Tag::string && text != "<<") || is_base_60(text);
}

bool fits_its_tag(const Node& node) {
  const std::string& text = node.text();
  const Tag tag = node.tag();
  const bool typed =
      tag == Tag::null || tag == Tag::boolean || tag == Tag::integer || tag == Tag::floating || tag == Tag::timestamp;
  if (!node.is_scalar() || !typed) return true;
  // Nearly all numbers are plain digits.
  if (tag == Tag::integer && !text.empty() && text.find_first_not_of("0123456789") == std::string::npos) return true;
  if (tag == Tag::timestamp) return json_timestamp(text).has_value();
  const Tag read = resolve_plain(text, Schema::go_yaml_v3);
  return read == tag || (tag == Tag::floating && read == Tag::integer);
}

std::string_view short_tag(Tag tag) {
  switch (tag) {
    case Tag::null:
      return "!!null";
    case Tag::boolean:
      return "!!bool";
    case Tag::integer:
      return "!!int";
    case Tag::floating:
      return "!!float";
    case Tag::string:
      return "!!str";
    case Tag::timestamp:
      return "!!timestamp";
    case Tag::binary:
      return "!!binary";
    case Tag::merge:
      return "!!merge";
    case Tag::other:
      break;
  }
  return "";
}

}  // namespace kfrun::document
