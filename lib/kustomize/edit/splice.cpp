#include "kustomize/edit/splice.h"

#include <algorithm>

#include "base/text.h"
#include "document/reader.h"
#include "document/spots.h"
#include "kustomize/edit/entries.h"
#include "kustomize/edit/render.h"

namespace kfrun::kustomize {

namespace {

using document::find_spots;
using document::Node;
using document::Spot;

constexpr std::string_view kMark = "\xEF\xBB\xBF";

// How many members before one have its key: keys may stand twice.
std::size_t earlier(const Node& mapping, std::size_t index) {
  const auto begin = mapping.members().begin(), end = begin + static_cast<std::ptrdiff_t>(index);
  return static_cast<std::size_t>(
      std::count_if(begin, end, [&](const auto& member) { return member.key.text() == end->key.text(); }));
}

// The member with a key that has so many of them before it.
std::optional<std::size_t> index_of(const Node& mapping, std::string_view key, std::size_t before) {
  for (std::size_t i = 0; i < mapping.size(); ++i) {
    if (mapping.members()[i].key.text() == key && before-- == 0) return i;
  }
  return std::nullopt;
}

// Collects the pieces of text that change; the text itself is read until the end.
class Splicer {
 public:
  Splicer(std::string_view text, const std::string& file) : text_(text), file_(file), lines_(text) {}

  void change_root(const Spot& root, const Node& old, const Node& wanted) {
    if (root.bound || root.kind != document::NodeKind::mapping || !is_parallel(root, old)) refuse(root);
    change_mapping(root, old, wanted);
  }

  std::string result() const { return lines_.result(); }

 private:
  // Whether the children of a spot are the entries of a node: no merge keys, no aliases for it.
  static bool is_parallel(const Spot& spot, const Node& node) {
    if (spot.kind != node.kind()) return false;
    if (node.is_sequence()) return spot.children.size() == node.size();
    if (!node.is_mapping()) return true;
    if (spot.children.size() != 2 * node.size()) return false;
    for (std::size_t i = 0; i < spot.children.size(); i += 2) {
      if (spot.children[i].bound) return false;
    }
    return true;
  }

  [[noreturn]] void refuse(const Spot& spot) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(spot.begin), '\n');
    throw Error(ErrorKind::unsupported,
                "this cannot be edited without changing more than it: it has an anchor, an alias or a tag",
                {file_, static_cast<int>(line), 0, ""})
        .hint("edit the file by hand, or write the value out");
  }

  void change_mapping(const Spot& spot, const Node& old, const Node& wanted) {
    const bool quoted = is_quoted(spot);
    const auto column = lines_.column_of(spot.begin);
    Entries entries{spot.flow, column, {}, {}, std::vector<std::vector<std::string>>(old.size() + 1)};
    std::vector<const document::Member*> successors(old.size(), nullptr);
    std::size_t after = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto& member = wanted.members()[i];
      if (const auto found = index_of(old, member.key.text(), earlier(wanted, i))) {
        after = *found + 1;
        successors[*found] = &member;
      } else if (after < old.size() && is_renamed(old.members()[after], member, wanted)) {
        successors[after++] = &member;
      } else {
        entries.added[after].push_back(spot.flow ? flow_text(member, quoted) : rendered_member(member, column));
      }
    }
    for (std::size_t i = 0; i < old.size(); ++i) {
      const auto& key = spot.children[2 * i];
      const auto& value = spot.children[2 * i + 1];
      entries.ranges.push_back({key.begin, std::max(key.end, value.end)});
      entries.dropped.push_back(successors[i] == nullptr);
      if (successors[i]) change_member(spot, i, old.members()[i], *successors[i]);
    }
    lines_.change_entries(spot.begin, spot.end, entries);
  }

  // A member that goes where another of its kind comes: the value's lines can stay.
  static bool is_renamed(const document::Member& old, const document::Member& now, const Node& wanted) {
    return !wanted.find(old.key.text()) && old.value.kind() == now.value.kind();
  }

  void change_member(const Spot& mapping, std::size_t index, const document::Member& old, const document::Member& now) {
    const auto& key = mapping.children[2 * index];
    if (old.key.text() != now.key.text()) {
      lines_.replace(key.begin, key.end, rewritten_scalar(now.key, text_.substr(key.begin, key.end - key.begin), mapping.flow));
    }
    change_value(mapping, index, {now.key, old.value}, now.value);
  }

  void change_value(const Spot& mapping, std::size_t index, const document::Member& old, const Node& wanted) {
    if (is_same(old.value, wanted)) return;
    const auto& key = mapping.children[2 * index];
    const auto& value = mapping.children[2 * index + 1];
    if (value.bound) refuse(value);
    if (mapping.flow && value.begin == value.end) {
      const bool has_colon = text_.substr(key.end, std::max(value.begin, key.end) - key.end).find(':') != std::string_view::npos;
      lines_.replace(value.begin, value.end, (has_colon ? " " : ": ") + flow_text(wanted, is_quoted(mapping)));
    } else if (old.value.kind() == wanted.kind() && (wanted.is_scalar() || (old.value.size() > 0 && wanted.size() > 0))) {
      change_node(value, old.value, wanted, mapping.flow);
    } else if (mapping.flow) {
      lines_.replace(value.begin, value.end, flow_text(wanted, is_quoted(mapping)));
    } else {
      const auto lines = rendered_member({old.key, wanted}, lines_.column_of(mapping.begin));
      lines_.replace_value(key.end, value.begin, value.end, lines);
    }
  }

  // Both are of one kind, and not empty.
  void change_node(const Spot& spot, const Node& old, const Node& wanted, bool in_flow) {
    if (is_same(old, wanted)) return;
    if (spot.bound || !is_parallel(spot, old)) refuse(spot);
    if (old.is_mapping()) {
      change_mapping(spot, old, wanted);
    } else if (old.is_sequence()) {
      change_sequence(spot, old, wanted);
    } else {
      const auto written = text_.substr(spot.begin, spot.end - spot.begin);
      lines_.replace(spot.begin, spot.end, (written.empty() ? " " : "") + rewritten_scalar(wanted, written, in_flow));
    }
  }

  void change_sequence(const Spot& spot, const Node& old, const Node& wanted) {
    const bool quoted = is_quoted(spot);
    const auto column = lines_.column_of(spot.begin);
    Entries entries{spot.flow, column, {}, {}, std::vector<std::vector<std::string>>(old.size() + 1)};
    std::size_t behind = spot.begin;
    for (const auto& item : spot.children) {
      entries.ranges.push_back({spot.flow ? item.begin : lines_.find_dash(behind, item.begin, column), item.end});
      behind = item.end;
    }
    entries.dropped.assign(old.size(), false);
    std::size_t next = 0;
    for (const auto& step : steps_between(old.items(), wanted.items())) {
      if (step.now && step.was) {
        change_item(spot, entries.ranges[*step.was], *step.was, old.items()[*step.was], wanted.items()[*step.now]);
      } else if (step.was) {
        entries.dropped[*step.was] = true;
      } else {
        const auto& item = wanted.items()[*step.now];
        entries.added[next].push_back(spot.flow ? flow_text(item, quoted) : rendered_item(item, column));
      }
      if (step.was) next = *step.was + 1;
    }
    lines_.change_entries(spot.begin, spot.end, entries);
  }

  void change_item(const Spot& sequence, const TextRange& range, std::size_t index, const Node& old, const Node& wanted) {
    const auto& spot = sequence.children[index];
    if (is_same(old, wanted)) return;
    if (has_common_part(old, wanted)) return change_node(spot, old, wanted, sequence.flow);
    if (spot.bound) refuse(spot);
    if (sequence.flow) return lines_.replace(spot.begin, spot.end, flow_text(wanted, is_quoted(sequence)));
    const auto lines = rendered_item(wanted, lines_.column_of(sequence.begin));
    lines_.replace(range.begin, range.end, lines_.with_line_ends(std::string(trim(lines))));
  }

  // Whether something of an item can stay when it becomes another.
  static bool has_common_part(const Node& old, const Node& wanted) {
    if (old.kind() != wanted.kind()) return false;
    if (old.is_scalar()) return true;
    if (old.is_sequence()) return old.size() > 0 && wanted.size() > 0;
    const auto& members = old.members();
    return std::any_of(members.begin(), members.end(), [&](const auto& member) { return wanted.find(member.key.text()); });
  }

  // Whether a flow collection is written as JSON.
  bool is_quoted(const Spot& spot) const { return !spot.children.empty() && text_[spot.children.front().begin] == '"'; }

  std::string_view text_;
  std::string file_;
  SplicedLines lines_;
};

Node read_first(std::string_view text, const std::string& file) {
  auto documents = document::read_yaml(text, file, document::Schema::go_yaml_v2);
  return documents.empty() ? Node() : std::move(documents.front());
}

std::string with_new_fields(std::string_view text, const Node& wanted) {
  SplicedLines lines(text);
  std::string fields;
  for (const auto& member : wanted.members()) fields += rendered_member(member, 0);
  lines.insert_lines(text.size(), fields);
  return lines.result();
}

std::string spliced_text(std::string_view text, const std::string& file, const Node& wanted) {
  const Node old = read_first(text, file);
  const auto root = find_spots(text);
  if (old.is_null()) {
    if (root && root->begin < root->end) throw make_error(ErrorKind::unsupported, "{} holds a null and no fields", file);
    return with_new_fields(text, wanted);
  }
  if (is_same(old, wanted)) return std::string(text);
  if (!root) throw make_error(ErrorKind::unsupported, "{} cannot be edited: it is no UTF-8 text", file);
  Splicer splicer(text, file);
  splicer.change_root(*root, old, wanted);
  return splicer.result();
}

}  // namespace

bool is_same(const Node& left, const Node& right) {
  if (left.kind() != right.kind() || left.size() != right.size()) return false;
  if (left.is_scalar()) return left == right;
  if (left.is_sequence()) return std::equal(left.items().begin(), left.items().end(), right.items().begin(), is_same);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto& member = left.members()[i];
    const auto other = index_of(right, member.key.text(), earlier(left, i));
    if (!other || !is_same(member.value, right.members()[*other].value)) return false;
  }
  return true;
}

std::string spliced(std::string_view text, const std::string& file, const Node& wanted) {
  const bool has_mark = text.starts_with(kMark);
  if (has_mark) text.remove_prefix(kMark.size());
  std::string made = spliced_text(text, file, wanted);
  bool holds = false;
  try {
    holds = is_same(read_first(made, file), wanted);
  } catch (const Error&) {
  }
  if (!holds)
    throw make_error(ErrorKind::internal, "the edited text of {} would not read as it should; the file is as it was", file);
  return has_mark ? std::string(kMark) + made : made;
}

}  // namespace kfrun::kustomize
