#include "document/reread.h"

#include <algorithm>

#include "document/yaml_scalar.h"

namespace kfrun::document {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// yaml_emitter_write_folded_scalar without indentation; lines are never folded for their width.
std::string emitted(const std::string& text) {
  const auto first = text.find_first_not_of('\n');
  const bool doubles = first != std::string::npos && !is_blank(text[first]);
  std::string out;
  bool at_start = true, leading_blank = true;
  for (const char c : text) {
    if (c == '\n') {
      if (!at_start && !leading_blank && doubles) out += '\n';
      at_start = true;
    } else {
      if (at_start) leading_blank = is_blank(c);
      at_start = false;
    }
    out += c;
  }
  if (!text.ends_with('\n')) out += '\n';
  return out;
}

// yaml_parser_scan_block_scalar for a folded text.
std::string read_folded(const std::string& lines, bool strip, bool keep) {
  std::string out, leading_break, trailing_breaks;
  bool leading_blank = false;
  std::size_t at = std::min(lines.find_first_not_of('\n'), lines.size());
  trailing_breaks = lines.substr(0, at);
  while (at < lines.size()) {
    const bool trailing_blank = is_blank(lines[at]);
    if (!leading_break.empty() && !leading_blank && !trailing_blank) {
      if (trailing_breaks.empty()) out += ' ';
    } else {
      out += leading_break;
    }
    out += trailing_breaks;
    leading_blank = trailing_blank;
    const auto end = lines.find('\n', at);
    out.append(lines, at, end - at);
    leading_break = "\n";
    at = std::min(lines.find_first_not_of('\n', end), lines.size());
    trailing_breaks = lines.substr(end + 1, at - end - 1);
  }
  if (!strip) out += leading_break;
  if (keep) out += trailing_breaks;
  return out;
}

}  // namespace

bool is_changed_by_folding(const Node& node) {
  return node.style() == Style::folded && node.is_string() && node.text().find('\n') != std::string::npos &&
         fits_block(node.text());
}

std::string refolded(const std::string& text) {
  const bool ends_line = text.ends_with('\n');
  return read_folded(emitted(text), !ends_line, ends_line && (text.size() == 1 || text[text.size() - 2] == '\n'));
}

bool is_quoted_in_flow(const Node& scalar) {
  if (scalar.style() != Style::plain) return false;
  if (scalar.is_null()) return scalar.text().empty();
  return scalar.tag() == Tag::timestamp && scalar.text().find(':') != std::string::npos;
}

bool breaks_block(const Node& scalar) {
  if (!scalar.is_string() || !scalar.text().starts_with('\t')) return false;
  const bool lines = scalar.text().find('\n') != std::string::npos;
  const bool block =
      scalar.style() == Style::literal || scalar.style() == Style::folded || (scalar.style() == Style::plain && lines);
  return block && fits_block(scalar.text());
}

}  // namespace kfrun::document
