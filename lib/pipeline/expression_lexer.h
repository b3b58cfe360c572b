// The words of expressions: numbers, strings, names and symbols.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "pipeline/expression_places.h"

namespace kfrun::pipeline {

enum class TokenKind { end, number, string, name, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;  // a string's value, else as written
  std::size_t at = 0;
};

// Splits text into tokens on demand, starting anywhere in it. Keeps references to text and place_of.
class Lexer {
 public:
  // `hyphens`: names may contain '-' (so a minus needs blanks around it).
  // `inner_quotes`: a quote that cannot end its string, as a word or another quote follows, is a part of the string.
  Lexer(std::string_view text, std::size_t at, bool hyphens, bool inner_quotes, const PlaceOf& place_of)
      : text_(text), at_(at), hyphens_(hyphens), inner_quotes_(inner_quotes), place_of_(place_of) {}

  std::size_t position() const { return at_; }

  // The token behind the last one; `end` at the end of the text. Throws Error(input) at its place for what is none.
  Token next();
  [[noreturn]] void fail(std::size_t at, std::string message) const;

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  Token take(TokenKind kind, std::size_t start) const { return {kind, std::string(text_.substr(start, at_ - start)), start}; }
  Token number();
  Token name();
  Token symbol();
  Token string();
  bool is_inner_quote() const;
  std::string escaped(std::size_t start);
  unsigned hexadecimal();
  std::string unicode();

  std::string_view text_;
  std::size_t at_;
  bool hyphens_;
  bool inner_quotes_;
  const PlaceOf& place_of_;
};

}  // namespace kfrun::pipeline
