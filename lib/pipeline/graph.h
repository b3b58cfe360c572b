// Orders and cycles of small directed graphs. Nodes are 0..n-1; edges[i] are the nodes that i needs.
#pragma once

#include <vector>

namespace kfrun::pipeline {

using Edges = std::vector<std::vector<int>>;

// Every node behind those it needs; among the free ones the lowest number comes first, so the order is the input's where
// it may be. Nodes on or behind a cycle are left out.
std::vector<int> topological_order(const Edges& edges);

// The nodes of one cycle, each needing the next and the last the first; the lowest-numbered one begins it. Empty when there
// is none.
std::vector<int> find_cycle(const Edges& edges);

}  // namespace kfrun::pipeline
