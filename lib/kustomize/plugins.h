// `generators`, `transformers` and `validators`: documents that configure kustomize's builtin plugins.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kustomize/kustomize.h"
#include "kustomize/loader.h"
#include "kustomize/transformers.h"

namespace kfrun::kustomize {

// The transformer that a configuration asks for. Throws Error(input): "plugin ID fails configuration: ...", "unable to load
// builtin KIND", "external plugins disabled; unable to load external plugin 'KIND'".
Transform configure_transformer(const Resource& configuration, const Loader& loader, const document::MergeSchema& schema,
                                const BuildOptions& options);
// The generator that a configuration asks for. Throws the same, within "failed to load generator". `loader` must outlive it.
std::function<std::vector<Resource>()> configure_generator(const Resource& configuration, const Loader& loader,
                                                           const BuildOptions& options);

// `replacements` of a kustomization or a configuration: entries, or files with entries.
std::vector<Replacement> load_replacements(const document::Node& entries, const Loader& loader);

}  // namespace kfrun::kustomize
