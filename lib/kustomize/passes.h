// What happens to the resources of one kustomization, in order.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kustomize/accumulator.h"
#include "kustomize/transformers.h"

namespace kfrun::kustomize {

// One transformer, ready to run.
struct Pass {
  Transform run;
  std::optional<Origin> origin;  // for buildMetadata, when that is asked for
  int count = 1;                 // how many of kustomize's transformers this is
  std::string_view field = {};   // of the kustomization that asked for it
  int entry = -1;                // of that field's list; -1 for all of it
  std::string what = {};         // the id of a plugin configuration
};

// One generator, ready to run.
struct GeneratorPass {
  std::function<std::vector<Resource>()> run;
  std::optional<Origin> origin;
  std::string_view field = {};
  int entry = -1;
};

// Reads the plugin configurations that entries of a kustomization name or hold.
using ReadConfigurations = std::function<ResourceMap(const std::vector<std::string>&)>;

// All passes are configured, and their files read, before the first one runs. They refer to `target` and `context`.
std::vector<GeneratorPass> generator_passes(const Target& target, BuildContext& context, const ReadConfigurations& read);
std::vector<Pass> transformer_passes(const Target& target, const TransformerConfig& config, BuildContext& context,
                                     const ReadConfigurations& read);
// The transformers that plugin configurations ask for.
std::vector<Pass> plugin_passes(const ResourceMap& configurations, const Target& target, BuildContext& context);

}  // namespace kfrun::kustomize
