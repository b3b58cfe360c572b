#include "kustomize/order.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace kfrun::kustomize {

namespace {

std::vector<std::string> texts(std::span<const std::string_view> kinds) { return {kinds.begin(), kinds.end()}; }

// What one resource is compared by.
struct SortKey {
  int rank;
  std::string gvk;
  bool is_namespace;  // whatever the group
  bool is_core;
  std::string id;
};

bool precedes_legacy(const SortKey& a, const SortKey& b, bool core_namespaces_first) {
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.gvk != b.gvk) {
    // Core Namespaces come before those of other groups.
    const bool backwards = core_namespaces_first && a.is_namespace && b.is_namespace && (a.is_core || b.is_core);
    return backwards ? a.gvk > b.gvk : a.gvk < b.gvk;
  }
  return a.id < b.id;
}

void sort_legacy(ResourceMap& resources, const std::vector<std::string>& first, const std::vector<std::string>& last,
                 const Compat& compat) {
  std::unordered_map<std::string, int> ranks;
  for (std::size_t i = 0; i < first.size(); ++i) ranks[first[i]] = static_cast<int>(i) - static_cast<int>(first.size());
  for (std::size_t i = 0; i < last.size(); ++i) ranks[last[i]] = 1 + static_cast<int>(i);
  std::vector<SortKey> keys;
  keys.reserve(resources.size());
  for (const auto& resource : resources) {
    const ResId id = resource.current_id();
    const auto rank = ranks.find(id.gvk.kind);
    keys.push_back({rank == ranks.end() ? 0 : rank->second, sort_key(id.gvk), id.gvk.kind == "Namespace", id.gvk.group.empty(),
                    sort_key(id)});
  }
  std::vector<std::size_t> order(resources.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return precedes_legacy(keys[a], keys[b], compat.core_namespaces_first); });
  std::vector<Resource> sorted;
  sorted.reserve(order.size());
  for (const auto position : order) sorted.push_back(std::move(resources[position]));
  resources = within("SortOrderTransformer: Failed to append to resources", [&] { return ResourceMap(std::move(sorted)); });
}

}  // namespace

void sort_resources(ResourceMap& resources, const std::optional<SortOptions>& options, std::optional<Order> flag,
                    const Compat& compat) {
  const auto early = texts(compat.early_kinds);
  const auto late = texts(compat.late_kinds);
  if (!options) {
    if (flag.value_or(Order::legacy) == Order::legacy) sort_legacy(resources, early, late, compat);
    return;
  }
  if (options->order != "fifo" && options->order != "legacy") {
    throw make_error(ErrorKind::input, "the field 'sortOptions.order' must be one of [fifo, legacy]");
  }
  if (options->order == "legacy") {
    sort_legacy(resources, options->has_legacy ? options->order_first : early, options->has_legacy ? options->order_last : late,
                compat);
  } else if (options->has_legacy) {
    throw make_error(ErrorKind::input,
                     "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'");
  }
}

}  // namespace kfrun::kustomize
