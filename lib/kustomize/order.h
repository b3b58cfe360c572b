// The order of the output.
#pragma once

#include <optional>

#include "kustomize/kustomization.h"
#include "kustomize/kustomize.h"
#include "kustomize/resource_map.h"

namespace kfrun::kustomize {

// Orders by `sortOptions` when a kustomization has them, else by the flag (legacy when there is none). Throws Error(input) for
// options that make no sense.
void sort_resources(ResourceMap& resources, const std::optional<SortOptions>& options, std::optional<Order> flag,
                    const Compat& compat);

}  // namespace kfrun::kustomize
