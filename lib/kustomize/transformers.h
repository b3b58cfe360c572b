// The builtin transformers over all resources of a build: what a field of a kustomization or the configuration of a plugin asks
// for, as a step that can be run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "document/merge.h"
#include "kustomize/kustomization.h"
#include "kustomize/patches.h"
#include "kustomize/replacement.h"
#include "kustomize/resource_map.h"
#include "kustomize/transform_namespace.h"
#include "kustomize/value_add.h"

namespace kfrun::kustomize {

using Transform = std::function<void(ResourceMap&)>;

// `compat` must outlive the step, here and below.
Transform transform_labels(TextMap labels, FieldSpecs specs, const Compat& compat);
Transform transform_annotations(TextMap annotations, FieldSpecs specs, const Compat& compat);
Transform transform_namespace(NamespaceChange change, FieldSpecs specs);
Transform transform_prefix(std::string prefix, FieldSpecs specs, const Compat& compat);
Transform transform_suffix(std::string suffix, FieldSpecs specs, const Compat& compat);
// Throws, when run, "resource with name X does not match a config with the following GVK [...]".
Transform transform_replicas(Replica replica, FieldSpecs specs);
Transform transform_images(std::vector<ImageChange> images, FieldSpecs specs, const Compat& compat);
Transform transform_replacements(std::vector<Replacement> replacements);
Transform transform_values(ValueAdd plugin);
// `schema` must outlive the step.
Transform transform_patch(LoadedPatch patch, const document::MergeSchema& schema);
// Puts the hash of their content behind the names of generated resources.
void add_hashes(ResourceMap& resources, const Compat& compat);

}  // namespace kfrun::kustomize
