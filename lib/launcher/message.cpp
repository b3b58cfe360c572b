#include "launcher/message.h"

namespace kfrun::launcher {

namespace {

void append_number(std::string& text, unsigned long number, unsigned base, int width) {
  char digits[24];
  int count = 0;
  for (; number != 0 || count < width; number /= base) digits[count++] = "0123456789abcdef"[number % base];
  while (count > 0) text += digits[--count];
}

std::string framed(std::string_view head, std::string_view json, char separator) {
  std::string text(head);
  append_number(text, json.size(), 10, 1);
  text += ' ';
  append_number(text, crc32(json), 16, 8);
  text += separator;
  text += json;
  return text;
}

}  // namespace

unsigned crc32(std::string_view bytes) {
  unsigned remainder = ~0u;
  for (const char byte : bytes) {
    remainder ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ (0xEDB88320u & (0u - (remainder & 1u)));
  }
  return ~remainder;
}

std::string framed_message(std::string_view json) { return framed("kfrun1 ", json, '\n'); }
// Begins with a line break: what the command wrote last may lack one.
std::string framed_log_line(std::string_view json) { return framed("\n::kfrun-outputs1 ", json, ' ') + "\n"; }

}  // namespace kfrun::launcher
