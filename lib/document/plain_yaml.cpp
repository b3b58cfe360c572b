// What libyaml would make of each construct is told where it is not evident; all that is doubtful is left to libyaml.
#include "document/plain_yaml.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "document/resolve.h"
#include "document/stack_end.h"

namespace kfrun::document {

namespace {

// libyaml gives up on keys longer than 1024.
constexpr std::size_t kMaxKey = 1000;
constexpr std::size_t kMaxDepth = 100;

// `left` ends the reading; no exception, because in some trees every other file is left.
enum class Answer : bool { left, read };

bool is_ascii(char c) { return (c & 0x80) == 0; }

// How many bytes of a character that is neither ASCII nor a line break stand at `at`; 0 when it is a rare or a malformed one.
std::size_t common_character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t ahead) {
    return at + ahead < text.size() ? static_cast<unsigned char>(text[at + ahead]) : 0u;
  };
  const auto follows = [&](std::size_t ahead) { return (byte(ahead) & 0xC0u) == 0x80u; };
  const auto first = byte(0);
  if (first == 0xC2) return follows(1) && byte(1) >= 0xA0 ? 2 : 0;  // U+0085 is a line break
  if (first >= 0xC3 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first == 0xE2 && byte(1) == 0x80) return byte(2) >= 0x90 && byte(2) <= 0xA7 ? 3 : 0;  // U+2028 and U+2029 are line breaks
  if (first >= 0xE3 && first <= 0xE9) return follows(1) && follows(2) ? 3 : 0;
  return 0;
}

bool is_subset_text(std::string_view text) {
  // In bytes and without an early end, so that the compiler takes many at a time.
  unsigned char control = 0, all = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const unsigned char is_low = byte < ' ' ? 1 : 0, is_break = byte == '\n' ? 1 : 0, is_delete = byte == 0x7F ? 1 : 0;
    control |= static_cast<unsigned char>((is_low ^ is_break) | is_delete);
    all |= byte;
  }
  if (control != 0 || all < 0x80) return control == 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = is_ascii(text[at]) ? 1 : common_character(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

// How a plain scalar may begin.
bool begins_plain(char c) {
  static constexpr auto kTable = [] {
    std::array<bool, 128> table{};
    for (auto& may_begin : table) may_begin = true;
    for (const char indicator : " \n-?:,[]{}#&*!|>'\"%@`") table[static_cast<unsigned char>(indicator)] = false;
    return table;
  }();
  return !is_ascii(c) || kTable[static_cast<unsigned char>(c)];
}

// Letters of words that mean the same in flow collections as elsewhere.
bool is_word_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' ||
         c == '-' || c == '=';
}

// Line breaks between words: one is a blank, more are one less.
void append_breaks(std::string& text, std::size_t breaks) {
  if (breaks == 1) {
    text += ' ';
  } else {
    text.append(breaks - 1, '\n');
  }
}

class PlainReader {
 public:
  PlainReader(std::string_view text, int line, Schema schema, std::size_t max_depth)
      : text_(text), line_(line + 1), schema_(schema), max_depth_(std::min(max_depth, kMaxDepth)) {}

  std::optional<Node> read() {
    if (!is_subset_text(text_) || !next_content()) return std::nullopt;
    if (column() == 0 && rest().starts_with("---")) {
      at_ += 3;
      if (!end_line() || !next_content()) return std::nullopt;
    }
    Node root;
    if (block(root, -1, 0) == Answer::left || root.is_scalar() || at_ < text_.size()) return std::nullopt;
    return root;
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n'; }
  bool is_blank(std::size_t ahead) const { return peek(ahead) == ' ' || peek(ahead) == '\n'; }
  int column() const { return static_cast<int>(at_ - line_start_); }
  bool is_entry() const { return peek() == '-' && is_blank(1); }

  void break_line() {
    ++at_;
    ++line_;
    line_start_ = at_;
  }

  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  // Past line breaks and the blanks behind them; how many breaks.
  std::size_t skip_breaks() {
    std::size_t breaks = 0;
    for (; at_ < text_.size() && text_[at_] == '\n'; ++breaks) {
      break_line();
      skip_blanks();
    }
    return breaks;
  }

  // Past the blanks, the comment and the break that end a line; whether nothing else did.
  bool end_line() {
    const auto from = at_;
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '#') {
      if (at_ == from) return false;
      at_ = std::min(text_.find('\n', at_), text_.size());
    }
    if (at_ == text_.size()) return true;
    if (text_[at_] != '\n') return false;
    break_line();
    return true;
  }

  // To the first character of the next line that is neither blank nor a comment; whether there is one. Called at a line's
  // beginning.
  bool next_content() {
    for (;;) {
      skip_blanks();
      if (at_ == text_.size()) return false;
      if (text_[at_] == '#') at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ == text_.size()) return false;
      if (text_[at_] != '\n') return true;
      break_line();
    }
  }

  // Whether a document ends here.
  bool is_marker() const { return column() == 0 && (rest().starts_with("---") || rest().starts_with("...")); }

  static void place(Node& node, int line, int column) { node.set_position(line, column + 1); }

  void make_scalar(Node& node, std::string text, Style style, int line, int column) const {
    Tag tag = style == Style::plain ? resolve_plain(text, schema_) : Tag::string;
    if (tag == Tag::timestamp && schema_ == Schema::go_yaml_v2) tag = Tag::string;
    node = Node::scalar(std::move(text), tag, style);
    place(node, line, column);
  }

  // A node that begins with the content at the cursor, which is the first of its line or stands behind a dash. `indent` is the
  // column of the collection around it. Ends at the first content of a line, or the end of the text.
  Answer block(Node& node, int indent, std::size_t depth) {
    if (depth >= max_depth_ || is_marker()) return Answer::left;
    if (is_entry()) return sequence(node, depth);
    const auto begin = at_;
    Node key;
    if (read_key(key) == Answer::read) return mapping(node, std::move(key), depth);
    at_ = begin;
    return value(node, indent, depth);
  }

  // "key:" at the cursor; else the cursor is anywhere in the line.
  Answer read_key(Node& key) {
    const int from = column();
    const auto begin = at_;
    if (peek() == '\'' || peek() == '"') {
      const Style style = peek() == '"' ? Style::double_quoted : Style::single_quoted;
      std::string text;
      if (quoted(text, false) == Answer::left || peek() != ':' || !is_blank(1)) return Answer::left;
      make_scalar(key, std::move(text), style, line_, from);
    } else {
      if (!begins_word()) return Answer::left;
      while (at_ < text_.size() && text_[at_] != '\n' && !(text_[at_] == ':' && is_blank(1))) {
        if (text_[at_] == ' ' && peek(1) == '#') return Answer::left;
        ++at_;
      }
      if (at_ == text_.size() || text_[at_] != ':' || text_[at_ - 1] == ' ') return Answer::left;
      make_scalar(key, std::string(text_.substr(begin, at_ - begin)), Style::plain, line_, from);
    }
    if (at_ - begin > kMaxKey || key.is_null() || key.text() == "<<") return Answer::left;
    // The columns behind it are counted in characters.
    if (!std::all_of(key.text().begin(), key.text().end(), is_ascii)) return Answer::left;
    ++at_;
    return Answer::read;
  }

  bool begins_word() const { return begins_plain(peek()) || (peek() == '-' && !is_blank(1)); }

  // The first key is read.
  Answer mapping(Node& node, Node key, std::size_t depth) {
    const int indent = key.column() - 1;
    const int begin_line = line_;
    if (indent >= kMaxColumn) return Answer::left;
    const auto first = members_.size();
    for (;;) {
      members_.push_back({std::move(key), Node()});
      Node value;
      if (member_value(value, indent, depth) == Answer::left) return Answer::left;
      members_.back().value = std::move(value);
      if (at_ == text_.size() || column() < indent) break;
      if (column() > indent || is_entry() || is_marker() || read_key(key) == Answer::left) return Answer::left;
    }
    node = Node::mapping(taken_from(members_, first));
    place(node, begin_line, indent);
    return Answer::read;
  }

  Answer member_value(Node& node, int indent, std::size_t depth) {
    const int colon_line = line_;
    const int behind = column();
    if (!end_line()) {
      if (is_entry()) return Answer::left;
      return value(node, indent, depth + 1);
    }
    const bool more = next_content();
    if (more && column() > indent) return block(node, indent, depth + 1);
    if (more && column() == indent && is_entry()) return sequence(node, depth + 1);
    make_scalar(node, {}, Style::plain, colon_line, behind);
    return Answer::read;
  }

  Answer sequence(Node& node, std::size_t depth) {
    if (depth >= max_depth_) return Answer::left;
    const int indent = column();
    const int begin_line = line_;
    if (indent >= kMaxColumn) return Answer::left;
    const auto first = items_.size();
    for (;;) {
      ++at_;
      Node item;
      if (entry(item, indent, depth) == Answer::left) return Answer::left;
      items_.push_back(std::move(item));
      if (at_ == text_.size() || column() != indent || !is_entry()) break;
    }
    if (at_ < text_.size() && column() > indent) return Answer::left;
    node = Node::sequence(taken_from(items_, first));
    place(node, begin_line, indent);
    return Answer::read;
  }

  // What stands behind a dash.
  Answer entry(Node& node, int indent, std::size_t depth) {
    const int dash_line = line_;
    const int behind = column();
    if (!end_line()) return block(node, indent, depth + 1);
    if (next_content() && column() > indent) return block(node, indent, depth + 1);
    make_scalar(node, {}, Style::plain, dash_line, behind);
    return Answer::read;
  }

  // A scalar or a small flow collection, and the rest of its line.
  Answer value(Node& node, int indent, std::size_t depth) {
    const char c = peek();
    if (c == '|') return literal(node, indent);
    if (c == '[' || c == '{') return flow(node, depth);
    if (c != '\'' && c != '"') return plain(node, indent);
    const int begin_line = line_;
    const int begin = column();
    std::string text;
    if (quoted(text, true) == Answer::left || !end_line()) return Answer::left;
    make_scalar(node, std::move(text), c == '"' ? Style::double_quoted : Style::single_quoted, begin_line, begin);
    next_content();
    return Answer::read;
  }

  // Words up to a comment, or over all lines that are further in than `indent`.
  Answer plain(Node& node, int indent) {
    if (!begins_word()) return Answer::left;
    const int begin_line = line_;
    const int begin = column();
    std::string text;
    for (bool is_first = true;; is_first = false) {
      const auto from = at_;
      bool comment = false;
      for (; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
        if (text_[at_] == ':' && is_blank(1)) return Answer::left;
        if (text_[at_] == '#' && text_[at_ - 1] == ' ') {
          comment = true;
          break;
        }
      }
      auto line = text_.substr(from, at_ - from);
      while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
      is_first ? text.assign(line) : text.append(line);
      if (comment) at_ = std::min(text_.find('\n', at_), text_.size());
      const auto breaks = skip_breaks();
      if (at_ == text_.size()) break;
      if (comment || text_[at_] == '#' || column() <= indent || is_marker()) {
        if (!next_content()) break;
        if (column() > indent) return Answer::left;
        break;
      }
      append_breaks(text, breaks);
    }
    make_scalar(node, std::move(text), Style::plain, begin_line, begin);
    return Answer::read;
  }

  // Past the closing quote. Lines that go on at the margin are left.
  Answer quoted(std::string& text, bool may_break) {
    const char quote = text_[at_++];
    for (;;) {
      const auto from = at_;
      while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\\' && text_[at_] != ' ' && text_[at_] != '\n') ++at_;
      text.append(text_, from, at_ - from);
      if (at_ == text_.size()) return Answer::left;
      const char c = text_[at_];
      if (c == '\\') {
        if (quote == '\'') {
          text += c;
          ++at_;
        } else if (escape(text) == Answer::left) {
          return Answer::left;
        }
      } else if (c == quote) {
        ++at_;
        if (quote == '"' || peek() != '\'') return Answer::read;
        text += '\'';
        ++at_;
      } else if (blanks(text, may_break) == Answer::left) {
        return Answer::left;
      }
    }
  }

  Answer escape(std::string& text) {
    switch (peek(1)) {
      case '"':
      case '\\':
        text += peek(1);
        break;
      case 'n':
        text += '\n';
        break;
      case 't':
        text += '\t';
        break;
      default:
        return Answer::left;
    }
    at_ += 2;
    return Answer::read;
  }

  // Blanks within quotes; those around line breaks do not count.
  Answer blanks(std::string& text, bool may_break) {
    const auto from = at_;
    skip_blanks();
    if (peek() != '\n' || at_ == text_.size()) {
      text.append(text_, from, at_ - from);
      return Answer::read;
    }
    if (!may_break) return Answer::left;
    const auto breaks = skip_breaks();
    if (at_ == text_.size() || column() == 0) return Answer::left;
    append_breaks(text, breaks);
    return Answer::read;
  }

  // "|", "|-" or "|+" and the lines below it.
  Answer literal(Node& node, int indent) {
    const int begin_line = line_;
    const int begin = column();
    ++at_;
    char chomping = ' ';
    if (peek() == '-' || peek() == '+') chomping = text_[at_++];
    if (at_ == text_.size() || text_[at_] != '\n') return Answer::left;
    break_line();
    const auto lines = literal_indent();
    if (lines <= std::max(indent, 0)) return Answer::left;
    std::string text;
    std::size_t breaks = 0;  // that are not yet written
    while (at_ < text_.size()) {
      const auto from = at_;
      while (peek() == ' ' && column() < lines) ++at_;
      if (at_ == text_.size()) break;
      if (text_[at_] == '\n') {
        break_line();
        ++breaks;
        continue;
      }
      if (column() < lines) {
        at_ = from;
        break;
      }
      text.append(breaks, '\n');
      const auto end = text_.find('\n', at_);
      if (end == std::string_view::npos) return Answer::left;
      text.append(text_, at_, end - at_);
      at_ = end;
      break_line();
      breaks = 1;
    }
    if (chomping != '-') text.append(chomping == '+' ? breaks : 1, '\n');
    make_scalar(node, std::move(text), Style::literal, begin_line, begin);
    if (next_content() && column() > indent) return Answer::left;
    return Answer::read;
  }

  // The column of the first line that is not blank, 0 when blank lines before it are longer or there is none.
  int literal_indent() const {
    int longest = 0;
    for (auto at = at_; at < text_.size(); ++at) {
      const auto from = at;
      while (at < text_.size() && text_[at] == ' ') ++at;
      if (at == text_.size()) return 0;
      const int blanks = static_cast<int>(at - from);
      if (text_[at] != '\n') return blanks < longest ? 0 : blanks;
      longest = std::max(longest, blanks);
    }
    return 0;
  }

  // {}, [] or a list of words and quoted texts, and the rest of its line.
  Answer flow(Node& node, std::size_t depth) {
    const int begin = column();
    const char open = text_[at_++];
    if (depth >= max_depth_) return Answer::left;
    if (open == '{') {
      if (peek() != '}') return Answer::left;
      node = Node::mapping(Mapping{});
    } else {
      Sequence items;
      skip_blanks();
      while (peek() != ']') {
        Node item;
        if (flow_item(item) == Answer::left) return Answer::left;
        items.push_back(std::move(item));
        skip_blanks();
        if (peek() == ']') break;
        if (peek() != ',') return Answer::left;
        ++at_;
        skip_blanks();
        if (peek() == ']') return Answer::left;
      }
      node = Node::sequence(Sequence(std::make_move_iterator(items.begin()), std::make_move_iterator(items.end())));
    }
    ++at_;
    place(node, line_, begin);
    node.set_style(Style::flow);
    if (!end_line()) return Answer::left;
    next_content();
    return Answer::read;
  }

  Answer flow_item(Node& node) {
    const int begin = column();
    if (peek() == '\'' || peek() == '"') {
      const Style style = peek() == '"' ? Style::double_quoted : Style::single_quoted;
      std::string text;
      if (quoted(text, false) == Answer::left) return Answer::left;
      if (!std::all_of(text.begin(), text.end(), is_ascii)) return Answer::left;
      make_scalar(node, std::move(text), style, line_, begin);
      return Answer::read;
    }
    const auto from = at_;
    while (is_word_letter(peek())) ++at_;
    if (at_ == from || (text_[from] == '-' && at_ == from + 1)) return Answer::left;
    make_scalar(node, std::string(text_.substr(from, at_ - from)), Style::plain, line_, begin);
    return Answer::read;
  }

  static constexpr int kMaxColumn = 1000;  // a node does not know columns that are much larger

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_;
  Schema schema_;
  std::size_t max_depth_;
  Sequence items_;   // of the sequences that are open, one after the other
  Mapping members_;  // the same of mappings
};

}  // namespace

std::optional<Node> read_plain_yaml(std::string_view text, int line, Schema schema, std::size_t max_depth) {
  return PlainReader(text, line, schema, max_depth).read();
}

}  // namespace kfrun::document
