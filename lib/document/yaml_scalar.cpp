#include "document/yaml_scalar.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "document/resolve.h"
#include "document/unicode.h"

namespace kfrun::document {

namespace {

constexpr int kWidth = 80;
constexpr std::size_t kMaxSimpleKey = 128;

bool is_printable(std::uint32_t c) {
  return c == '\n' || (c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD && c != 0xFEFF);
}
bool is_break(std::uint32_t c) { return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029; }
bool is_refused(std::uint32_t c) { return c == 0x7F || (c >= 0x80 && c <= 0x9F && c != 0x85) || c == 0xFFFE || c == 0xFFFF; }

bool is_blank_or_end(std::string_view text, std::size_t at) {
  if (at >= text.size()) return true;
  const auto c = code_point(text, at).value;
  return c == ' ' || c == '\t' || is_break(c);
}

// Bytes that change nothing behind the first: visible ASCII but ':' and '#'.
constexpr std::array<bool, 256> kOrdinary = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x21; c <= 0x7E; ++c) table[c] = c != ':' && c != '#';
  return table;
}();

bool is_ordinary(char c) { return kOrdinary[static_cast<std::uint8_t>(c)]; }

// What go-yaml v2's emitter learns about a scalar before it chooses a style (yaml_emitter_analyze_scalar).
struct Analysis {
  bool multiline = false;
  bool odd_breaks = false;  // breaks other than '\n'
  bool next_line = false;   // U+0085
  bool plain_allowed = true;
  bool single_quoted_allowed = true;
  bool block_allowed = true;
  bool block_allowed_in_v3 = true;  // which counts a tab as printable
};

// Goes over the characters that are not ordinary.
class Analyser {
 public:
  explicit Analyser(std::string_view text) : text_(text) {}

  Analysis run() {
    if (text_.empty()) return {false, false, false, false, true, false, false};
    indicators_ = begins_with_indicator();
    for (std::size_t at = 0; at < text_.size();) {
      if (is_ordinary(text_[at])) {
        do ++at;
        while (at < text_.size() && is_ordinary(text_[at]));
        previous_space_ = previous_break_ = preceded_by_white_ = false;
      } else {
        at += visit(at);
      }
    }
    return result();
  }

 private:
  bool begins_with_indicator() const {
    constexpr std::string_view indicators = "#,[]{}&*!|>'\"%@`";
    if (text_.starts_with("---") || text_.starts_with("...")) return true;
    const char first = text_[0];
    if (indicators.find(first) != std::string_view::npos) return true;
    return (first == '?' || first == ':' || first == '-') && is_blank_or_end(text_, 1);
  }

  std::size_t visit(std::size_t at) {
    const auto [c, length] = code_point(text_, at);
    const bool first = at == 0;
    const bool last = at + length == text_.size();
    if (is_refused(c)) throw Error(ErrorKind::input, "yaml: control characters are not allowed");
    if (!first && ((c == ':' && is_blank_or_end(text_, at + length)) || (c == '#' && preceded_by_white_))) indicators_ = true;
    if (!is_printable(c)) (c == '\t' ? tab_ : special_) = true;
    if (c == ' ') {
      if (first || last) outer_space_ = true;
      if (last) trailing_space_ = true;
      if (previous_break_) break_space_ = true;
    } else if (is_break(c)) {
      breaks_ = true;
      if (c != '\n') odd_breaks_ = true;
      if (c == 0x85) next_line_ = true;
      if (previous_space_) space_break_ = true;
    }
    previous_space_ = c == ' ';
    previous_break_ = is_break(c);
    preceded_by_white_ = c == ' ' || c == '\t' || is_break(c);
    return length;
  }

  Analysis result() const {
    const bool unprintable = space_break_ || special_ || tab_;
    return {breaks_,
            odd_breaks_,
            next_line_,
            !outer_space_ && !break_space_ && !unprintable && !breaks_ && !indicators_,
            !break_space_ && !unprintable,
            !trailing_space_ && !unprintable,
            !trailing_space_ && !space_break_ && !special_};
  }

  std::string_view text_;
  bool indicators_ = false, breaks_ = false, odd_breaks_ = false, next_line_ = false, special_ = false, tab_ = false;
  bool outer_space_ = false, trailing_space_ = false, break_space_ = false, space_break_ = false;
  bool previous_space_ = false, previous_break_ = false, preceded_by_white_ = true;
};

void append_escape(std::string& out, std::uint32_t c) {
  constexpr std::string_view letters = "0abtnvfre\"\\N_LP";
  constexpr std::uint32_t codes[] = {0x00, 0x07, 0x08, 0x09, 0x0A, 0x0B,   0x0C,  0x0D,
                                     0x1B, 0x22, 0x5C, 0x85, 0xA0, 0x2028, 0x2029};
  const auto* found = std::find(std::begin(codes), std::end(codes), c);
  if (found != std::end(codes)) {
    out += '\\';
    out += letters[static_cast<std::size_t>(found - std::begin(codes))];
  } else {
    out += c <= 0xFF ? fmt::format("\\x{:02X}", c) : c <= 0xFFFF ? fmt::format("\\u{:04X}", c) : fmt::format("\\U{:08X}", c);
  }
}

// Where the character that ends at `at` begins.
std::size_t before(std::string_view text, std::size_t at) {
  do --at;
  while (at > 0 && (static_cast<std::uint8_t>(text[at]) & 0xC0u) == 0x80u);
  return at;
}

// Go's YAML library reads the JSON in between, where U+0085 stands as it is and breaks the line: one break is a blank, more are
// one less, and the blanks around them go.
std::string folded_next_lines(std::string_view text) {
  constexpr std::string_view next_line = "\xC2\x85";
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find_first_not_of(' ', at), text.size());
    if (text.substr(end, 2) != next_line) {
      const auto rest = std::min(end + 1, text.size());
      out.append(text, at, rest - at);
      at = rest;
      continue;
    }
    std::size_t breaks = 0;
    for (at = end; at < text.size();) {
      if (text.substr(at, 2) == next_line) {
        ++breaks;
        at += 2;
      } else if (text[at] == ' ') {
        ++at;
      } else {
        break;
      }
    }
    out += breaks == 1 ? std::string(" ") : std::string(breaks - 1, '\n');
  }
  return out;
}

class ScalarWriter {
 public:
  ScalarWriter(std::string& out, std::string_view text, const ScalarPlace& place) : out_(out), text_(text), place_(place) {}

  void write() {
    const Analysis analysis = Analyser(text_).run();
    if (analysis.next_line) return append_yaml_string(out_, folded_next_lines(text_), place_);
    if (needs_quotes_in_v2(text_)) return double_quoted();
    if (analysis.multiline && text_.find('\n') != std::string_view::npos) {
      return analysis.block_allowed && !place_.simple_key ? literal(analysis.odd_breaks) : double_quoted();
    }
    if (analysis.multiline && place_.simple_key) return double_quoted();
    if (analysis.plain_allowed) return words(false);
    if (analysis.single_quoted_allowed) return single_quoted();
    double_quoted();
  }

 private:
  // In characters.
  int column() const {
    int count = 0;
    for (std::size_t at = out_.size(); at > place_.start && out_[at - 1] != '\n'; --at) {
      count += (static_cast<std::uint8_t>(out_[at - 1]) & 0xC0u) != 0x80u;
    }
    return count;
  }

  void new_line() {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(place_.indent), ' ');
    column_ = place_.indent;
  }

  void single_quoted() {
    out_ += '\'';
    words(true);
    out_ += '\'';
  }

  // Plain and the inside of single quotes: broken at a single blank once the line is over the width.
  void words(bool quoted) {
    if (!quoted && (place_.simple_key || text_.find(' ') == std::string_view::npos)) {
      out_ += text_;
      return;
    }
    column_ = column();
    if (!quoted && static_cast<std::size_t>(column_) + text_.size() <= static_cast<std::size_t>(kWidth)) {
      out_ += text_;
      return;
    }
    bool spaces = false, breaks = false;
    for (std::size_t at = 0; at < text_.size();) {
      const auto [c, length] = code_point(text_, at);
      if (c == ' ') {
        blank(at, spaces, quoted);
        spaces = true;
      } else if (is_break(c)) {
        if (!breaks && c == '\n') out_ += '\n';
        out_.append(text_, at, length);
        breaks = true;
      } else {
        if (breaks) {
          out_.append(static_cast<std::size_t>(place_.indent), ' ');
          column_ = place_.indent;
        }
        if (quoted && c == '\'') out_ += '\'', ++column_;
        const auto run = run_at(at, length);
        out_.append(text_, at, run);
        column_ += static_cast<int>(run - length) + 1;
        at += run - length;
        spaces = breaks = false;
      }
      at += length;
    }
  }

  // The bytes of the character at `at` and of what ordinary ones follow it.
  std::size_t run_at(std::size_t at, std::size_t length) const {
    auto end = at + length;
    while (end < text_.size() && is_ordinary(text_[end]) && text_[end] != '\'') ++end;
    return end - at;
  }

  void blank(std::size_t at, bool behind_space, bool quoted) {
    const bool inside = !quoted || (at > 0 && at + 1 < text_.size());
    const bool before_space = at + 1 < text_.size() && text_[at + 1] == ' ';
    if (!place_.simple_key && !behind_space && column_ > kWidth && inside && !before_space) return new_line();
    out_ += ' ';
    ++column_;
  }

  void double_quoted() {
    out_ += '"';
    column_ = column();
    const bool escape_all = text_.starts_with("\xEF\xBB\xBF");
    bool spaces = false;
    for (std::size_t at = 0; at < text_.size();) {
      const auto [c, length] = code_point(text_, at);
      const bool space = c == ' ' && !escape_all;
      if (escape_all || !is_printable(c) || is_break(c) || c == '"' || c == '\\') {
        const auto size = out_.size();
        append_escape(out_, c);
        column_ += static_cast<int>(out_.size() - size);
      } else if (space && !place_.simple_key && !spaces && column_ > kWidth && at > 0 && at + 1 < text_.size()) {
        new_line();
        if (text_[at + 1] == ' ') out_ += '\\', ++column_;
      } else {
        out_.append(text_, at, length);
        ++column_;
      }
      spaces = space;
      at += length;
    }
    out_ += '"';
  }

  void literal(bool odd_breaks) {
    out_ += '|';
    if (text_[0] == ' ' || is_break(code_point(text_, 0).value)) out_ += '2';
    const auto last = before(text_, text_.size());
    if (!is_break(code_point(text_, last).value)) {
      out_ += '-';
    } else if (last == 0 || is_break(code_point(text_, before(text_, last)).value)) {
      out_ += '+';
    }
    out_ += '\n';
    if (odd_breaks) return lines_with_odd_breaks();
    for (std::size_t at = 0; at < text_.size();) {
      const auto end = std::min(text_.find('\n', at), text_.size() - 1) + 1;
      if (text_[at] != '\n') out_.append(static_cast<std::size_t>(place_.indent), ' ');
      out_.append(text_, at, end - at);
      at = end;
    }
  }

  void lines_with_odd_breaks() {
    bool at_start = true;
    for (std::size_t at = 0; at < text_.size();) {
      const auto [c, length] = code_point(text_, at);
      if (at_start && !is_break(c)) out_.append(static_cast<std::size_t>(place_.indent), ' ');
      at_start = is_break(c);
      out_.append(text_, at, length);
      at += length;
    }
  }

  std::string& out_;
  std::string_view text_;
  const ScalarPlace& place_;
  int column_ = 0;
};

}  // namespace

void append_yaml_string(std::string& out, std::string_view text, const ScalarPlace& place) {
  ScalarWriter(out, text, place).write();
}

bool needs_explicit_key(std::string_view text) {
  if (text.size() > kMaxSimpleKey) return true;
  return !std::all_of(text.begin(), text.end(), is_ordinary) && Analyser(text).run().multiline;
}

bool fits_block(std::string_view text) {
  const Analysis analysis = Analyser(text).run();
  return analysis.block_allowed_in_v3 && !analysis.odd_breaks;
}

}  // namespace kfrun::document
