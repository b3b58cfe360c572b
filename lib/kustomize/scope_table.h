// Whether the builtin kinds live in a namespace (generated table, see scripts/kustomize-tables.py).
#pragma once

#include <span>
#include <string_view>

namespace kfrun::kustomize {

struct ScopeRow {
  std::string_view kind;
  std::string_view api_version;
  bool cluster;
};

// Sorted by kind, then apiVersion.
std::span<const ScopeRow> scope_table();

}  // namespace kfrun::kustomize
