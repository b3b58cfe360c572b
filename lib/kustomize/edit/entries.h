// The entries of lists and mappings as text: dropping some, adding others between them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::kustomize {

struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// What happens to the entries of one collection.
struct Entries {
  bool flow = false;
  std::size_t column = 0;                       // where the lines of entries in block style begin
  std::vector<TextRange> ranges;                // of the entries that are there; an item's begins at its dash
  std::vector<bool> dropped;                    // which of them go
  std::vector<std::vector<std::string>> added;  // [i]: what comes before the old entry i; the last: behind them all
};

// One step of turning a list into another: an item that stays (both), perhaps changed inside; one that goes; one that comes.
struct Step {
  std::optional<std::size_t> was;
  std::optional<std::size_t> now;
};
// The fewest steps, in order. Items that differ are taken for the same when they are mappings with the same `name`, or stand at
// the same place in a gap; a text may become a mapping there.
std::vector<Step> steps_between(const document::Sequence& old, const document::Sequence& wanted);

// A text of lines, and the changes to it.
class SplicedLines {
 public:
  explicit SplicedLines(std::string_view text);

  // How far a place is from the start of its line.
  std::size_t column_of(std::size_t at) const;
  // The dash in `column` that belongs to an item which begins at `item` at the latest.
  std::size_t find_dash(std::size_t from, std::size_t item, std::size_t column) const;

  // The line ends of the text for '\n'.
  std::string with_line_ends(const std::string& lines) const;
  void replace(std::size_t begin, std::size_t end, std::string text);
  // `lines` end with '\n' and stand before the line at `at`.
  void insert_lines(std::size_t at, const std::string& lines);
  // The value of a member, whose key ends at `key_end`, becomes that of `lines` ("key: ..."): what is behind the colon on the
  // first line, and the lines below.
  void replace_value(std::size_t key_end, std::size_t begin, std::size_t end, const std::string& lines);
  // Of the collection at [begin, end).
  void change_entries(std::size_t begin, std::size_t end, const Entries& entries);

  std::string result() const;

 private:
  struct Change {
    TextRange range;
    std::string text;
  };

  std::size_t line_start(std::size_t at) const;
  std::size_t line_after(std::size_t at) const;
  bool begins_its_line(std::size_t at) const;
  void change_block_entries(const Entries& entries);
  void drop_block_entries(const Entries& entries);
  void drop_from_shared_line(const Entries& entries, std::size_t kept);
  void change_flow_entries(const Entries& entries);
  void drop_flow_entries(const Entries& entries);

  std::string_view text_;
  std::string_view line_end_;
  std::vector<Change> changes_;
};

}  // namespace kfrun::kustomize
