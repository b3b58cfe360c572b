#include "document/key_order.h"

#include <algorithm>

#include "document/unicode.h"

namespace kfrun::document {

namespace {

// Nearly unicode.IsLetter: beyond Latin-1 everything but the blocks of punctuation, symbols and private use.
bool is_letter(std::uint32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (c < 0x100) return c == 0xAA || c == 0xB5 || c == 0xBA || (c >= 0xC0 && c != 0xD7 && c != 0xF7);
  const bool symbols = (c >= 0x2000 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x3004) || (c >= 0x3007 && c <= 0x3030);
  const bool private_use =
      (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xFE00 && c <= 0xFE6F) || c == 0xFEFF || (c >= 0xFF00 && c <= 0xFF20);
  return !symbols && !private_use && !(c >= 0xFFE0 && c <= 0xFFFF) && !(c >= 0x1F000 && c <= 0x1FAFF);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether the digits before `at` hold one that is not 0: a number that began before the texts differ.
bool continues_number(std::string_view text, std::size_t at) {
  for (; at > 0 && is_digit(text[at - 1]); --at) {
    if (text[at - 1] != '0') return true;
  }
  return false;
}

// The number at `at` as Go's int64 arithmetic makes it, and where it ends.
struct Run {
  std::uint64_t value;
  std::size_t end;
};

Run digits_at(std::string_view text, std::size_t at, std::uint64_t value) {
  for (; at < text.size() && is_digit(text[at]); ++at) value = value * 10 + static_cast<std::uint64_t>(text[at] - '0');
  return {value, at};
}

}  // namespace

bool key_less(std::string_view a, std::string_view b) {
  const auto shorter = std::min(a.size(), b.size());
  std::size_t at = static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(shorter), b.begin()).first - a.begin());
  if (at == shorter) return a.size() < b.size();
  // Back to the start of the character that differs.
  while (at > 0 && (static_cast<std::uint8_t>(a[at]) & 0xC0u) == 0x80u) --at;
  const auto x = code_point(a, at).value, y = code_point(b, at).value;
  const bool x_letter = is_letter(x), y_letter = is_letter(y);
  if (x_letter && y_letter) return x < y;
  if (x_letter || y_letter) return y_letter;
  const std::uint64_t start = (x == '0' || y == '0') && continues_number(a, at) ? 1 : 0;
  const Run i = digits_at(a, at, start), j = digits_at(b, at, start);
  if (i.value != j.value) return static_cast<std::int64_t>(i.value) < static_cast<std::int64_t>(j.value);
  if (i.end != j.end) return i.end < j.end;
  return x < y;
}

}  // namespace kfrun::document
