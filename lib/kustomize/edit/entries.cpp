#include "kustomize/edit/entries.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "kustomize/edit/splice.h"

namespace kfrun::kustomize {

namespace {

using document::Node;
using document::Sequence;

bool may_be_same(const Node& old, const Node& now, bool same_place) {
  if (old.is_scalar() && !now.is_sequence()) return same_place;
  if (old.kind() != now.kind() || old.is_sequence()) return false;
  const Node* name = old.find("name");
  const Node* other = now.find("name");
  return name && other ? is_same(*name, *other) : same_place;
}

// Items [old_begin, old_end) went, [now_begin, now_end) came at the same place.
void add_gap(std::vector<Step>& steps, const Sequence& old, const Sequence& wanted, TextRange was, TextRange now) {
  const bool same_size = was.end - was.begin == now.end - now.begin;
  std::size_t next = now.begin;
  for (std::size_t i = was.begin; i < was.end; ++i) {
    std::size_t found = next;
    while (found < now.end && !may_be_same(old[i], wanted[found], same_size && found - now.begin == i - was.begin)) ++found;
    if (found == now.end) {
      steps.push_back({i, std::nullopt});
      continue;
    }
    for (; next < found; ++next) steps.push_back({std::nullopt, next});
    steps.push_back({i, next++});
  }
  for (; next < now.end; ++next) steps.push_back({std::nullopt, next});
}

// The common subsequence's lengths from (i, j) on.
std::vector<std::vector<std::size_t>> common_lengths(const Sequence& old, const Sequence& wanted) {
  std::vector<std::vector<std::size_t>> lengths(old.size() + 1, std::vector<std::size_t>(wanted.size() + 1, 0));
  for (std::size_t i = old.size(); i-- > 0;) {
    for (std::size_t j = wanted.size(); j-- > 0;) {
      lengths[i][j] = is_same(old[i], wanted[j]) ? lengths[i + 1][j + 1] + 1 : std::max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

}  // namespace

std::vector<Step> steps_between(const Sequence& old, const Sequence& wanted) {
  const auto lengths = common_lengths(old, wanted);
  std::vector<Step> steps;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < old.size() || j < wanted.size()) {
    const TextRange from{i, j};
    while (i < old.size() || j < wanted.size()) {
      if (i < old.size() && j < wanted.size() && is_same(old[i], wanted[j])) break;
      if (j == wanted.size() || (i < old.size() && lengths[i + 1][j] >= lengths[i][j + 1])) {
        ++i;
      } else {
        ++j;
      }
    }
    add_gap(steps, old, wanted, {from.begin, i}, {from.end, j});
    if (i < old.size() && j < wanted.size()) steps.push_back({i++, j++});
  }
  return steps;
}

SplicedLines::SplicedLines(std::string_view text) : text_(text) {
  const auto first = text.find('\n');
  line_end_ = first != std::string_view::npos && first > 0 && text[first - 1] == '\r' ? "\r\n" : "\n";
}

std::size_t SplicedLines::line_start(std::size_t at) const {
  const auto end = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
  return end == std::string_view::npos ? 0 : end + 1;
}

std::size_t SplicedLines::line_after(std::size_t at) const {
  const auto end = text_.find('\n', at);
  return end == std::string_view::npos ? text_.size() : end + 1;
}

std::size_t SplicedLines::column_of(std::size_t at) const { return at - line_start(at); }

bool SplicedLines::begins_its_line(std::size_t at) const {
  const auto start = line_start(at);
  return trim(text_.substr(start, at - start)).empty();
}

std::size_t SplicedLines::find_dash(std::size_t from, std::size_t item, std::size_t column) const {
  for (auto start = line_start(from); start <= item; start = line_after(start)) {
    const auto dash = start + column;
    if (dash >= from && dash < text_.size() && text_[dash] == '-' && (dash == from || begins_its_line(dash))) return dash;
    if (line_after(start) == start) break;
  }
  return item;
}

std::string SplicedLines::with_line_ends(const std::string& lines) const {
  return line_end_ == "\n" ? lines : replace_all(lines, "\n", line_end_);
}

void SplicedLines::replace(std::size_t begin, std::size_t end, std::string text) {
  changes_.push_back({{begin, end}, std::move(text)});
}

void SplicedLines::insert_lines(std::size_t at, const std::string& lines) {
  if (at < text_.size() || at == 0 || text_[at - 1] == '\n') return replace(at, at, with_line_ends(lines));
  // A file whose last line is not ended goes on not ending it.
  replace(at, at, with_line_ends("\n" + lines.substr(0, lines.size() - 1)));
}

void SplicedLines::replace_value(std::size_t key_end, std::size_t begin, std::size_t end, const std::string& lines) {
  const auto first_end = lines.find('\n');
  const auto colon = lines.rfind(':', first_end);
  const bool goes_below = first_end + 1 < lines.size();
  while (begin > key_end && (text_[begin - 1] == ' ' || text_[begin - 1] == '\t')) --begin;
  replace(begin, end, goes_below ? "" : lines.substr(colon + 1, first_end - colon - 1));
  if (goes_below) insert_lines(line_after(end), lines.substr(first_end + 1));
}

void SplicedLines::change_entries(std::size_t begin, std::size_t end, const Entries& entries) {
  const bool has_kept = std::find(entries.dropped.begin(), entries.dropped.end(), false) != entries.dropped.end();
  if (!entries.flow) return change_block_entries(entries);
  if (has_kept) return change_flow_entries(entries);
  std::vector<std::string> all;
  for (const auto& added : entries.added) all.insert(all.end(), added.begin(), added.end());
  replace(begin + 1, end - 1, join(all, ", "));
}

void SplicedLines::change_block_entries(const Entries& entries) {
  std::optional<std::size_t> kept;
  for (std::size_t i = 0; i < entries.added.size(); ++i) {
    if (i > 0 && !entries.dropped[i - 1]) kept = i - 1;
    for (const auto& lines : entries.added[i]) {
      const auto first = entries.ranges.front().begin;
      if (kept || begins_its_line(first)) {
        insert_lines(kept ? line_after(entries.ranges[*kept].end) : line_start(first), lines);
      } else {
        // "- name: a": it goes behind the dash, and what was there to the next line.
        replace(first, first, with_line_ends(lines.substr(entries.column)) + std::string(entries.column, ' '));
      }
    }
  }
  drop_block_entries(entries);
}

void SplicedLines::drop_block_entries(const Entries& entries) {
  std::size_t i = 0;
  if (entries.dropped[0] && !begins_its_line(entries.ranges[0].begin)) {
    while (i < entries.dropped.size() && entries.dropped[i]) ++i;
    drop_from_shared_line(entries, i);
  }
  for (; i < entries.dropped.size(); ++i) {
    if (entries.dropped[i]) replace(line_start(entries.ranges[i].begin), line_after(entries.ranges[i].end), "");
  }
}

// "- digest: x\n  name: y": the first entry that is kept moves up behind the dash, or the comment above it does.
void SplicedLines::drop_from_shared_line(const Entries& entries, std::size_t kept) {
  if (kept == entries.ranges.size())
    throw make_error(ErrorKind::unsupported, "a list item cannot be emptied; edit the file by hand");
  std::size_t end = entries.ranges[kept].begin;
  const auto comment = text_.find('#', line_after(entries.ranges[kept - 1].end));
  replace(entries.ranges[0].begin, std::min(end, comment), "");
}

void SplicedLines::change_flow_entries(const Entries& entries) {
  std::optional<std::size_t> kept;
  for (std::size_t i = 0; i < entries.added.size(); ++i) {
    if (i > 0 && !entries.dropped[i - 1]) kept = i - 1;
    for (const auto& text : entries.added[i]) {
      if (!kept) {
        replace(entries.ranges.front().begin, entries.ranges.front().begin, text + ", ");
        continue;
      }
      const auto& before = entries.ranges[*kept];
      const bool has_own_line = begins_its_line(before.begin);
      const std::string gap = has_own_line ? with_line_ends("\n") + std::string(column_of(before.begin), ' ') : " ";
      replace(before.end, before.end, "," + gap + text);
    }
  }
  drop_flow_entries(entries);
}

void SplicedLines::drop_flow_entries(const Entries& entries) {
  const auto& ranges = entries.ranges;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (!entries.dropped[i]) continue;
    std::size_t next = i;
    while (next < ranges.size() && entries.dropped[next]) ++next;
    if (next < ranges.size()) {
      replace(ranges[i].begin, ranges[next].begin, "");
    } else {
      replace(ranges[i - 1].end, ranges[next - 1].end, "");
    }
    i = next - 1;
  }
}

std::string SplicedLines::result() const {
  auto changes = changes_;
  std::stable_sort(changes.begin(), changes.end(), [](const Change& left, const Change& right) {
    return std::pair(left.range.begin, left.range.end) < std::pair(right.range.begin, right.range.end);
  });
  std::string made;
  std::size_t at = 0;
  for (const auto& change : changes) {
    if (change.range.begin < at) throw make_error(ErrorKind::internal, "two edits of one place");
    made.append(text_.substr(at, change.range.begin - at));
    made += change.text;
    at = change.range.end;
  }
  made.append(text_.substr(at));
  return made;
}

}  // namespace kfrun::kustomize
