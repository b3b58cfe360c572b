#include "document/number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace kfrun::document {

namespace {

std::string without_underscores(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != '_') plain += c;
  }
  return plain;
}

// Shortest round-trip digits in scientific notation: "d.ddde[+-]x".
std::string scientific(double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  return {buffer, end};
}

// Shortest round-trip digits in fixed notation; what the digits do not reach is filled with zeros, as Go does.
std::string fixed(double value) {
  const std::string text = scientific(value);
  const auto mark = text.find('e');
  const int exponent = std::atoi(text.c_str() + mark + 1);
  std::string digits;
  for (const char c : text.substr(0, mark)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const std::string sign = text[0] == '-' ? "-" : "";
  if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0');
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

struct Integer {
  bool negative = false;
  unsigned long long magnitude = 0;
};

bool take_sign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

// strconv.ParseInt with base 0 after go-yaml took the underscores out, and go-yaml's own 0b-1 and 0o-7. Leading zeros mean octal.
std::optional<Integer> parse_integer_spelling(std::string_view text) {
  std::string plain;
  if (text.find('_') != std::string_view::npos) {
    plain = without_underscores(text);
    text = plain;
  }
  Integer result;
  const bool is_signed = text.starts_with('-') || text.starts_with('+');
  result.negative = take_sign(text);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = text.size() > 2 ? text[1] : '0';
    base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : 8;
    text.remove_prefix(base != 8 || mark == 'o' || mark == 'O' ? 2 : 1);
    if (!is_signed && (mark == 'b' || mark == 'o')) result.negative = take_sign(text);
  }
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), result.magnitude, base);
  if (fault != std::errc() || text.empty() || end != text.data() + text.size()) return std::nullopt;
  return result;
}

}  // namespace

std::optional<long long> integer_value(std::string_view text) {
  const auto parsed = parse_integer_spelling(text);
  if (!parsed) return std::nullopt;
  constexpr auto limit = static_cast<unsigned long long>(std::numeric_limits<long long>::max());
  if (parsed->magnitude > limit + (parsed->negative ? 1 : 0)) return std::nullopt;
  return parsed->negative ? static_cast<long long>(0 - parsed->magnitude) : static_cast<long long>(parsed->magnitude);
}

std::optional<unsigned long long> unsigned_value(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) return std::nullopt;
  const auto parsed = parse_integer_spelling(text);
  return parsed && !parsed->negative ? std::optional(parsed->magnitude) : std::nullopt;
}

std::optional<double> number_value(std::string_view text) {
  if (const auto whole = integer_value(text)) return static_cast<double>(*whole);
  const std::string plain = without_underscores(text);
  std::string_view rest = plain;
  const bool negative = !rest.empty() && rest[0] == '-';
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
  if (rest == ".inf" || rest == ".Inf" || rest == ".INF") {
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (rest == ".nan" || rest == ".NaN" || rest == ".NAN") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (rest.empty() || end != rest.data() + rest.size() || fault == std::errc::invalid_argument) return std::nullopt;
  if (fault == std::errc::result_out_of_range) value = std::strtod(std::string(rest).c_str(), nullptr);
  return negative ? -value : value;
}

std::string json_number(double value) {
  const double magnitude = std::fabs(value);
  if (value == 0 || (magnitude >= 1e-6 && magnitude < 1e21)) return fixed(value);
  std::string text = scientific(value);
  // encoding/json writes e-09 as e-9, and leaves e+21 alone.
  if (const auto n = text.size(); n >= 4 && text[n - 4] == 'e' && text[n - 3] == '-' && text[n - 2] == '0') text.erase(n - 2, 1);
  return text;
}

std::string go_shortest_number(double value) {
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  const std::string text = scientific(value);
  const auto mark = text.find('e');
  const int exponent = std::atoi(text.c_str() + mark + 1);
  // strconv's %g with precision -1 takes 6 as the limit (fmtG: eprec = 6 when the digits are shortest).
  if (exponent < -4 || exponent >= 6) return text;
  return fixed(value);
}

}  // namespace kfrun::document
