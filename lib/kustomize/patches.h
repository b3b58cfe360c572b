// patches, patchesStrategicMerge, patchesJson6902.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "document/merge.h"
#include "kustomize/compat.h"
#include "kustomize/kustomization.h"
#include "kustomize/loader.h"
#include "kustomize/resource_map.h"
#include "kustomize/selector.h"

namespace kfrun::kustomize {

// A patch that is read and ready to be applied, as many times as wanted.
class LoadedPatch {
 public:
  // An entry of `patches`: either strategic merge patches or JSON 6902 operations, whichever the text is. Throws Error(input):
  // "trouble configuring builtin PatchTransformer with config: ...".
  static LoadedPatch any(const Patch& patch, const Loader& loader, const Compat& compat);
  // The same from a plugin configuration, which error texts show.
  static LoadedPatch configured(const Patch& patch, const document::Node& configuration, const Loader& loader,
                                const Compat& compat);
  // All entries of `patchesStrategicMerge`: each is a path or a text.
  static LoadedPatch strategic(const std::vector<std::string>& paths_or_texts, const Loader& loader, const Compat& compat);
  // The same from a plugin configuration, which may also hold a text of patches.
  static LoadedPatch strategic(const std::vector<std::string>& paths_or_texts, const std::string& text, const Loader& loader,
                               const Compat& compat);
  // An entry of `patchesJson6902`; the patch text is JSON 6902 operations.
  static LoadedPatch json6902(const Patch& patch, const Loader& loader, const Compat& compat);
  // The same from a plugin configuration.
  static LoadedPatch json6902_configured(const Patch& patch, const Loader& loader, const Compat& compat);

  void apply(ResourceMap& resources, const document::MergeSchema& schema) const;

 private:
  enum class Field { patches, patches_strategic_merge, patches_json6902 };

  static LoadedPatch load(const Patch& patch, const std::string& configuration, const Loader& loader, const Compat& compat);
  void apply_strategic(ResourceMap& resources, const document::MergeSchema& schema) const;
  void apply_to_selected(ResourceMap& resources, const document::MergeSchema& schema) const;
  void apply_operations(ResourceMap& resources) const;

  Field field_ = Field::patches;
  std::vector<Resource> strategic_;
  std::optional<document::Node> operations_;
  std::optional<Selector> target_;
  const Compat* compat_ = nullptr;
  std::string source_;  // for error texts: [path: "p.yaml"]
};

// The positions of the resources that a selector is meant for: by the original or the current name and namespace.
std::vector<std::size_t> select(const ResourceMap& resources, const Selector& selector);

}  // namespace kfrun::kustomize
