// For tests: whether two trees are the same in all that a reader sets.
#pragma once

#include <algorithm>

#include "document/node.h"

namespace kfrun::document {

inline bool same_tree(const Node& a, const Node& b) {
  if (a.kind() != b.kind() || a.tag() != b.tag() || a.style() != b.style() || a.line() != b.line() || a.column() != b.column())
    return false;
  if (a.is_scalar()) return a.text() == b.text();
  if (a.is_sequence()) return std::ranges::equal(a.items(), b.items(), same_tree);
  return std::ranges::equal(a.members(), b.members(), [](const Member& left, const Member& right) {
    return same_tree(left.key, right.key) && same_tree(left.value, right.value);
  });
}

}  // namespace kfrun::document
