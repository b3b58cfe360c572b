#include "pipeline/expression_lexer.h"

#include <charconv>

namespace kfrun::pipeline {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

Token Lexer::next() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  if (at_ == text_.size()) return {TokenKind::end, "", at_};
  const char c = text_[at_];
  if (is_digit(c)) return number();
  if (c == '"' || c == '\'') return string();
  if (is_name_start(c)) return name();
  return symbol();
}

void Lexer::fail(std::size_t at, std::string message) const { throw Error(ErrorKind::input, std::move(message), place_of_(at)); }

Token Lexer::number() {
  const auto start = at_;
  while (is_digit(peek())) ++at_;
  if (peek() == '.' && is_digit(peek(1))) {
    ++at_;
    while (is_digit(peek())) ++at_;
  }
  if (peek() == 'e' || peek() == 'E') {
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (is_digit(peek(1 + sign))) {
      at_ += 2 + sign;
      while (is_digit(peek())) ++at_;
    }
  }
  if (is_name_start(peek())) fail(start, fmt::format("'{}' is no number and no name", text_.substr(start, at_ + 1 - start)));
  return take(TokenKind::number, start);
}

Token Lexer::name() {
  const auto start = at_;
  const auto part = [&](std::size_t ahead) { return is_name_part(peek(ahead)); };
  const auto hyphen = [&] {
    std::size_t ahead = 0;
    while (peek(ahead) == '-') ++ahead;
    return ahead > 0 && part(ahead);
  };
  while (part(0) || (hyphens_ && hyphen())) ++at_;
  return take(TokenKind::name, start);
}

Token Lexer::symbol() {
  const auto start = at_;
  static constexpr std::string_view kTwo[] = {"==", "!=", "<=", ">=", "&&", "||"};
  for (const auto two : kTwo) {
    if (text_.substr(at_, 2) == two) {
      at_ += 2;
      return take(TokenKind::symbol, start);
    }
  }
  // A character of several bytes is shown whole.
  do ++at_;
  while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xC0u) == 0x80u);
  return take(TokenKind::symbol, start);
}

// Behind a quote: only operators, brackets, commas and the end can follow a string, no word but `in`.
bool Lexer::is_inner_quote() const {
  std::size_t ahead = 0;
  while (peek(ahead) == ' ') ++ahead;
  const char next = peek(ahead);
  const bool is_in = ahead > 0 && next == 'i' && peek(ahead + 1) == 'n' && !is_name_part(peek(ahead + 2));
  return (is_name_part(next) && !is_in) || next == '"' || next == '\'' || (static_cast<unsigned char>(next) & 0x80u) != 0;
}

Token Lexer::string() {
  Token token{TokenKind::string, "", at_};
  const char quote = text_[at_++];
  for (;;) {
    if (at_ >= text_.size()) fail(token.at, fmt::format("this string has no closing {}", quote));
    const char c = text_[at_++];
    if (c == quote && !(inner_quotes_ && is_inner_quote())) return token;
    if (c == '\\') {
      token.text += escaped(token.at);
    } else {
      token.text += c;
    }
  }
}

std::string Lexer::escaped(std::size_t start) {
  if (at_ >= text_.size()) fail(start, "this string has no closing quote");
  const char c = text_[at_++];
  switch (c) {
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case 'r':
      return "\r";
    case 'b':
      return "\b";
    case 'f':
      return "\f";
    case '\\':
    case '/':
    case '"':
    case '\'':
      return std::string(1, c);
    case 'u':
      return unicode();
    default:
      fail(at_ - 2, fmt::format("unknown escape '\\{}' in a string; a backslash itself is written '\\\\'", c));
  }
}

unsigned Lexer::hexadecimal() {
  unsigned code = 0;
  const auto digits = text_.substr(at_, 4);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (digits.size() != 4 || fault != std::errc() || end != digits.data() + 4) fail(at_ - 2, "\\u needs four hexadecimal digits");
  at_ += 4;
  return code;
}

std::string Lexer::unicode() {
  const auto start = at_ - 2;
  unsigned code = hexadecimal();
  if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    const unsigned low = hexadecimal();
    if (low < 0xDC00 || low > 0xDFFF) fail(start, "this is half of a UTF-16 surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xD800 && code <= 0xDFFF) {
    fail(start, "this is half of a UTF-16 surrogate pair");
  }
  std::string out;
  append_utf8(out, code);
  return out;
}

}  // namespace kfrun::pipeline
