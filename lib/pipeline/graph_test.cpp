#include "pipeline/graph.h"

#include "base/test.h"

namespace kfrun::pipeline {
namespace {

using Numbers = std::vector<int>;

TEST_CASE("orders keep the input's where they may") {
  CHECK(topological_order({}) == Numbers{});
  CHECK(topological_order({{}, {}, {}}) == Numbers{0, 1, 2});
  CHECK(topological_order({{2}, {}, {1}}) == Numbers{1, 2, 0});
  CHECK(topological_order({{}, {0, 0}, {1}}) == Numbers{0, 1, 2});
  CHECK(topological_order({{1}, {0}, {}, {1}}) == Numbers{2});
}

TEST_CASE("a cycle begins with its lowest number") {
  CHECK(find_cycle({{}, {0}}) == Numbers{});
  CHECK(find_cycle({{0}}) == Numbers{0});
  CHECK(find_cycle({{1}, {2}, {0}}) == Numbers{0, 1, 2});
  CHECK(find_cycle({{}, {3}, {1}, {2}}) == Numbers{1, 3, 2});
  CHECK(find_cycle({{3}, {2}, {1}, {2}}) == Numbers{1, 2});  // 0 and 3 are only behind it
}

}  // namespace
}  // namespace kfrun::pipeline
