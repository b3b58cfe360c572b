#include "document/resolve.h"

#include <algorithm>
#include <cmath>

#include "document/number.h"

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

// What strconv.ParseInt(text, 0, 64) and ParseUint take after underscores went, whatever the size.
bool is_integer(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.size() > 2 && text[0] == '0') {
    const char mark = text[1];
    const auto rest = text.substr(2);
    if (mark == 'x' || mark == 'X') return only(rest, "0123456789abcdefABCDEF");
    if (mark == 'b' || mark == 'B') return only(rest, "01");
    if (mark == 'o' || mark == 'O') return only(rest, "01234567");
  }
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

// The layouts go-yaml's parseTimestamp allows: 2006-1-2, and with a time behind T, t or a blank.
bool is_timestamp(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&](std::size_t least, std::size_t most) {
    const auto start = i;
    while (i < text.size() && i - start < most && text[i] >= '0' && text[i] <= '9') ++i;
    return i - start >= least;
  };
  const auto take = [&](char c) { return i < text.size() && text[i] == c ? (++i, true) : false; };
  const auto number = [&](std::size_t from) {
    int value = 0;
    for (auto k = from; k < i; ++k) value = value * 10 + (text[k] - '0');
    return value;
  };
  if (!digits(4, 4) || !take('-')) return false;
  auto start = i;
  if (!digits(1, 2) || number(start) < 1 || number(start) > 12 || !take('-')) return false;
  start = i;
  if (!digits(1, 2) || number(start) < 1 || number(start) > 31) return false;
  if (i == text.size()) return true;
  const bool blank = text[i] == ' ';
  if (!blank && text[i] != 'T' && text[i] != 't') return false;
  ++i;
  start = i;
  if (!digits(1, 2) || number(start) > 23 || !take(':')) return false;
  start = i;
  if (!digits(1, 2) || number(start) > 59 || !take(':')) return false;
  start = i;
  if (!digits(1, 2) || number(start) > 59) return false;
  if (take('.') && !digits(1, 9)) return false;
  if (i == text.size()) return blank;
  if (take('Z')) return i == text.size();
  if (!take('+') && !take('-')) return false;
  return digits(2, 2) && take(':') && digits(2, 2) && i == text.size();
}

bool may_be_number(std::string_view text) {
  return (text[0] >= '0' && text[0] <= '9') || text[0] == '-' || text[0] == '+' || text[0] == '.';
}

Tag resolve_number(std::string_view text) {
  std::string plain;
  std::string_view digits = text;
  if (text.find('_') != std::string_view::npos) {
    std::copy_if(text.begin(), text.end(), std::back_inserter(plain), [](char c) { return c != '_'; });
    digits = plain;
  }
  if (is_integer(digits)) return Tag::integer;
  // Go parses floats with underscores taken out only where its pattern allows the text as written.
  return is_float(text) || (digits.size() != text.size() && is_float(digits)) ? Tag::floating : Tag::string;
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
  if (is_null(text)) return Tag::null;
  const char first = text[0];
  if (first == '<' && text == "<<") return Tag::merge;
  if (is_true_or_false(text)) return Tag::boolean;
  if (schema == Schema::go_yaml_v2 && is_old_boolean(text)) return Tag::boolean;
  if (!may_be_number(text)) return Tag::string;
  if (is_infinity_or_nan(text)) return Tag::floating;
  if (const Tag number = resolve_number(text); number != Tag::string) return number;
  return is_timestamp(text) ? Tag::timestamp : Tag::string;
}

Tag resolve_core(std::string_view text) {
  if (is_null(text)) return Tag::null;
  if (is_true_or_false(text)) return Tag::boolean;
  if (!may_be_number(text)) return Tag::string;
  if (is_infinity_or_nan(text)) return Tag::floating;
  if (text.find('_') != std::string_view::npos) return Tag::string;
  if (is_integer(text) && !(text.size() > 2 && text[0] == '0' && (text[1] == 'b' || text[1] == 'B'))) return Tag::integer;
  return is_float(text) ? Tag::floating : Tag::string;
}

bool needs_quotes_in_v2(std::string_view text) {
  return (resolve_plain(text, Schema::go_yaml_v2) != Tag::string && text != "<<") || is_base_60(text);
}

}  // namespace kfrun::document
