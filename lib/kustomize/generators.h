// configMapGenerator and secretGenerator.
#pragma once

#include <optional>

#include "kustomize/compat.h"
#include "kustomize/kustomization.h"
#include "kustomize/loader.h"
#include "kustomize/resource.h"

namespace kfrun::kustomize {

enum class GeneratedKind { config_map, secret };

// The options of one generator with those of the whole kustomization: its own entries win, flags are set by either.
std::optional<GeneratorOptions> merged_options(std::optional<GeneratorOptions> own,
                                               const std::optional<GeneratorOptions>& global);

// Makes the object. Throws Error(input): "a configmap must have a name", "loading KV pairs: file sources: [nope.txt]: ...".
Resource generate(GeneratedKind kind, const GeneratorArguments& arguments, const Loader& loader,
                  const Compat& compat = latest_release());

}  // namespace kfrun::kustomize
