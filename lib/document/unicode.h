// UTF-8 read character by character.
#pragma once

#include <cstdint>
#include <string_view>

namespace kfrun::document {

// One code point; a malformed byte counts as itself.
struct CodePoint {
  std::uint32_t value;
  std::size_t length;
};

inline CodePoint code_point(std::string_view text, std::size_t at) {
  const auto first = static_cast<std::uint8_t>(text[at]);
  const std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 1 || at + length > text.size()) return {first, 1};
  std::uint32_t value = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = (value << 6) | (static_cast<std::uint8_t>(text[at + i]) & 0x3Fu);
  return {value, length};
}

}  // namespace kfrun::document
