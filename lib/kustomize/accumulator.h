// From a kustomization and all below it to one list of resources: resources depth first, generators, components, transformers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kustomize/kustomization.h"
#include "kustomize/kustomize.h"
#include "kustomize/loader.h"
#include "kustomize/resource_map.h"
#include "kustomize/schema.h"
#include "kustomize/transformer_config.h"
#include "kustomize/vars.h"

namespace kfrun::kustomize {

// What a whole build shares.
struct BuildContext {
  const FileSystem& files;
  const BuildOptions& options;
  std::vector<std::string> warnings;
  // How lists merge: the builtin kinds, until the first kustomization with `openapi` says otherwise.
  OpenApiSchema schema;
  bool schema_is_set = false;

  void warn(std::string text);
};

// A kustomization that is loaded, and where it stands.
struct Target {
  Loader loader;
  Kustomization kustomization;
  std::string file_name;  // kustomization.yaml
  std::optional<Origin> origin;
};

// Finds and reads the kustomization file of a directory. Throws "unable to find one of ...", "Found multiple kustomization files
// ...".
Target load_target(Loader loader, BuildContext& context);

// Takes the `openapi` field of a kustomization into account; the root replaces what was set, others only set it first.
void use_open_api(const Target& target, bool is_root, BuildContext& context);

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
