// Both YAML readers build lists on a stack while they read, and take them off when they end.
#pragma once

#include <cstddef>
#include <iterator>

namespace kfrun::document {

// The end of a stack, from `first` on, as a list of just that size: a tree is kept longer than it is read.
template <typename List>
List taken_from(List& stack, std::size_t first) {
  const auto begin = stack.begin() + static_cast<std::ptrdiff_t>(first);
  List list(std::make_move_iterator(begin), std::make_move_iterator(stack.end()));
  stack.erase(begin, stack.end());
  return list;
}

}  // namespace kfrun::document
