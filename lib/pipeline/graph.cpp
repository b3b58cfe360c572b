#include "pipeline/graph.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <queue>

namespace kfrun::pipeline {

std::vector<int> topological_order(const Edges& edges) {
  std::vector<std::vector<int>> needed_by(edges.size());
  std::vector<std::size_t> missing(edges.size());
  for (std::size_t i = 0; i < edges.size(); ++i) {
    missing[i] = edges[i].size();
    for (const int need : edges[i]) needed_by[static_cast<std::size_t>(need)].push_back(static_cast<int>(i));
  }
  std::priority_queue<int, std::vector<int>, std::greater<>> free;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (missing[i] == 0) free.push(static_cast<int>(i));
  }
  std::vector<int> order;
  while (!free.empty()) {
    order.push_back(free.top());
    free.pop();
    for (const int next : needed_by[static_cast<std::size_t>(order.back())]) {
      if (--missing[static_cast<std::size_t>(next)] == 0) free.push(next);
    }
  }
  return order;
}

std::vector<int> find_cycle(const Edges& edges) {
  std::vector<bool> ordered(edges.size());
  for (const int node : topological_order(edges)) ordered[static_cast<std::size_t>(node)] = true;
  const auto start = std::find(ordered.begin(), ordered.end(), false);
  if (start == ordered.end()) return {};
  // Every unordered node needs another unordered one: following them must come back to a node already seen.
  std::vector<int> walk;
  for (int node = static_cast<int>(start - ordered.begin());;) {
    if (const auto seen = std::find(walk.begin(), walk.end(), node); seen != walk.end()) {
      walk.erase(walk.begin(), seen);
      std::rotate(walk.begin(), std::min_element(walk.begin(), walk.end()), walk.end());
      return walk;
    }
    walk.push_back(node);
    const auto& needs = edges[static_cast<std::size_t>(node)];
    node = *std::find_if(needs.begin(), needs.end(), [&](int need) { return !ordered[static_cast<std::size_t>(need)]; });
  }
}

}  // namespace kfrun::pipeline
