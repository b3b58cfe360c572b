// After names have changed, what refers to them by name is changed too (kustomize's nameref filter).
#pragma once

#include <vector>

#include "kustomize/resource_map.h"
#include "kustomize/transformer_config.h"

namespace kfrun::kustomize {

// Throws Error(input): "updating name reference in 'PATH' field of 'ID': ...".
void fix_name_references(ResourceMap& resources, const std::vector<NameReference>& references);

}  // namespace kfrun::kustomize
