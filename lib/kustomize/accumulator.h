// From a kustomization and all below it to one list of resources: resources depth first, generators, components, transformers.
#pragma once

#include <memory>

#include "kustomize/resource_map.h"
#include "kustomize/target.h"
#include "kustomize/transformer_config.h"
#include "kustomize/vars.h"

namespace kfrun::kustomize {

// Configurations are shared as long as nobody adds to them.
using SharedConfig = std::shared_ptr<const TransformerConfig>;

struct Accumulated {
  ResourceMap resources;
  SharedConfig config;
  Vars vars;
};

// Everything but what happens once, at the root. Errors carry kustomize's chain ("accumulating resources: accumulation err=...").
Accumulated accumulate(Target& target, BuildContext& context);

}  // namespace kfrun::kustomize
