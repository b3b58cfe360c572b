#include "pipeline/source_file.h"

#include <algorithm>
#include <memory>

#include "document/reader.h"

namespace kfrun::pipeline {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_break(char c) { return c == '\n' || c == '\r'; }

// Walks a scalar's value and its spelling side by side.
class ScalarWalk {
 public:
  ScalarWalk(std::string_view text, std::size_t start, std::string_view value) : text_(text), at_(start), value_(value) {}

  std::vector<std::size_t> run() {
    skip_properties();
    const char first = peek();
    if (first == '|' || first == '>') {
      block();
    } else {
      if (first == '"' || first == '\'') ++at_;
      flow(first);
    }
    return std::move(offsets_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool done() const { return offsets_.size() >= value_.size() || at_ >= text_.size(); }
  char wanted() const { return value_[offsets_.size()]; }
  void put() { offsets_.push_back(at_); }

  // Anchors and tags stand before the value.
  void skip_properties() {
    while (peek() == '&' || peek() == '!') {
      while (at_ < text_.size() && !is_blank(peek()) && !is_break(peek())) ++at_;
      while (is_blank(peek())) ++at_;
    }
  }

  void flow(char quote) {
    while (!done()) {
      if (quote == '"' && peek() == '\\') {
        if (!escape()) return;
      } else if (breaks_here()) {
        if (!fold()) return;
      } else if (peek() == wanted()) {
        put();
        at_ += quote == '\'' && peek() == '\'' ? 2 : 1;
      } else {
        return;
      }
    }
  }

  // Whether only blanks stand between here and the end of the line.
  bool breaks_here() const {
    std::size_t ahead = 0;
    while (is_blank(peek(ahead))) ++ahead;
    return is_break(peek(ahead));
  }

  // One line break is a blank; n of them are n - 1 newlines.
  bool fold() {
    const std::size_t from = at_;
    std::size_t breaks = 0;
    while (is_blank(peek()) || is_break(peek())) {
      if (peek() == '\n') ++breaks;
      ++at_;
    }
    const std::size_t behind = std::exchange(at_, from);
    const std::size_t count = breaks > 1 ? breaks - 1 : 1;
    const char made = breaks > 1 ? '\n' : ' ';
    for (std::size_t i = 0; i < count && !done(); ++i) {
      if (wanted() != made) return false;
      put();
    }
    at_ = behind;
    return true;
  }

  bool escape() {
    const char kind = peek(1);
    if (is_break(kind)) {  // an escaped line break is nothing
      ++at_;
      while (is_blank(peek()) || is_break(peek())) ++at_;
      return true;
    }
    const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    // What an escape makes is one character: a first byte and those that continue it.
    do put();
    while (offsets_.size() < value_.size() && (static_cast<unsigned char>(wanted()) & 0xC0u) == 0x80u);
    at_ += 2 + digits;
    return true;
  }

  void block() {
    while (at_ < text_.size() && !is_break(peek())) ++at_;  // its indicators: the value says what they say
    next_line();
    const std::size_t indent = indent_of_block();
    skip_indent(indent);
    while (!done()) {
      if (is_break(peek())) {
        block_break(indent);
      } else if (peek() == wanted()) {
        put();
        ++at_;
      } else {
        return;
      }
    }
  }

  void next_line() {
    if (peek() == '\r') ++at_;
    if (peek() == '\n') ++at_;
  }

  // The value says how much of the first line that is not empty is indentation.
  std::size_t indent_of_block() const {
    const std::size_t first = value_.find_first_not_of('\n');
    if (first == value_.npos) return 0;
    std::size_t line = at_;
    for (;;) {
      std::size_t end = line;
      while (end < text_.size() && is_blank(text_[end])) ++end;
      if (end >= text_.size()) return 0;
      if (!is_break(text_[end])) {
        std::size_t own = 0;
        while (first + own < value_.size() && is_blank(value_[first + own])) ++own;
        return end - line >= own ? end - line - own : 0;
      }
      line = text_.find('\n', end);
      if (line == text_.npos) return 0;
      ++line;
    }
  }

  void skip_indent(std::size_t indent) {
    for (std::size_t i = 0; i < indent && is_blank(peek()); ++i) ++at_;
  }

  // A break is kept, or folded into a blank, or (the first of several in folded text) nothing.
  void block_break(std::size_t indent) {
    if (wanted() == '\n' || wanted() == ' ') put();
    next_line();
    skip_indent(indent);
  }

  std::string_view text_;
  std::size_t at_;
  std::string_view value_;
  std::vector<std::size_t> offsets_;
};

}  // namespace

std::vector<std::size_t> offsets_in_scalar(std::string_view text, std::size_t start, std::string_view value) {
  return ScalarWalk(text, start, value).run();
}

SourceFile::SourceFile(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)), line_starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
  document::ReadLimits limits;
  limits.max_depth = 100;
  limits.max_bytes = 64u << 20;
  try {
    documents_ = document::read_own_yaml_documents(text_, name_, limits);
  } catch (Error& fault) {
    if (line_text(fault.place().line).find("${{") != std::string_view::npos)
      fault.hint("${{ }} needs quotes around the text inside of [ ] and { }");
    throw;
  }
}

std::size_t SourceFile::offset_of(int line, int column) const {
  if (line < 1 || static_cast<std::size_t>(line) > line_starts_.size()) return text_.size();
  return std::min(text_.size(),
                  line_starts_[static_cast<std::size_t>(line) - 1] + static_cast<std::size_t>(std::max(column, 1)) - 1);
}

std::string_view SourceFile::line_text(int line) const {
  const std::size_t start = offset_of(line, 1);
  return std::string_view(text_).substr(start, text_.find('\n', start) - start);
}

Place SourceFile::place_at(std::size_t offset, const std::string& path) const {
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = static_cast<int>(next - line_starts_.begin());
  return {name_, line, static_cast<int>(offset - line_starts_[static_cast<std::size_t>(line) - 1]) + 1, path};
}

PlaceOf SourceFile::places_in(const document::Node& scalar, const std::string& path) const {
  const Place start = scalar.place(name_, path);
  auto offsets = std::make_shared<const std::vector<std::size_t>>(
      offsets_in_scalar(text_, offset_of(scalar.line(), scalar.column()), scalar.text()));
  return [this, start, path, offsets, size = scalar.text().size()](std::size_t at) {
    if (at < offsets->size()) return place_at((*offsets)[at], path);
    // Just behind the last byte, where something is missing.
    if (at == size && at > 0 && offsets->size() == size) return place_at(offsets->back() + 1, path);
    return start;
  };
}

}  // namespace kfrun::pipeline
