// What differs between the releases of kustomize whose output can be asked for (`build --compat RELEASE`): one value per
// difference, with where that release does it. A build chooses one set at its start (BuildOptions::compat) and the steps ask it;
// nothing else compares releases. Sources: kubernetes-sigs/kustomize at kustomize/v5.8.2 and at v3.2.0.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "document/merge.h"
#include "document/node.h"

namespace kfrun::kustomize {

// Default field specs that a release does not have yet. Empty parts stand for all; a path that begins with '*' is an ending.
struct LaterField {
  std::string_view table;  // "images", "varReference"; "nameReference" for referrers
  std::string_view kind;   // of the field spec
  std::string_view path;
  std::string_view referent;  // only for nameReference: the kind that is referred to
};

struct Compat {
  std::string_view release;

  // The legacy order. 3.2.0: pkg/gvk/gvk.go (MutatingWebhookConfiguration is early there; Endpoints and volumes have no place).
  std::span<const std::string_view> early_kinds;
  std::span<const std::string_view> late_kinds;
  // Namespaces of the core group come before those of others. 5.8.2: LegacyOrderTransformer; 3.2.0 compares the texts of all
  // kinds.
  bool core_namespaces_first;

  // The hash of generated content covers the object's name, and data that is not there is null. 3.2.0:
  // k8sdeps/kunstruct/hasher.go; 5.8.2 hashes "" for both (api/hasher looks under a key that does not exist).
  bool hash_has_name;
  // Base64 of generated data is cut into lines of 70 characters. 5.8.2: kyaml/kio; 3.2.0 writes one line
  // (k8sdeps/configmapandsecret).
  bool wraps_base64;
  // All quotes around a literal's value fall, not one pair. 3.2.0: pkg/loader/kv.go, strings.Trim.
  bool trims_all_quotes;
  // A key without '=' in an env file takes its value from the environment. 3.2.0: pkg/loader/kv.go.
  bool env_files_read_environment;
  // behavior merge and replace keep the options of what they change, and always set labels and annotations. 3.2.0:
  // pkg/resource/resource.go (Replace); in 5.8.2 the hash is made only when both ask for it.
  bool absorbing_keeps_options;

  // What kustomize remembers of a resource stands in its annotations: they become texts, and vanish when nothing is left. 5.8.2:
  // api/resource; 3.2.0 keeps it beside the object.
  bool memory_in_annotations;
  // Manifests and patches are YAML 1.1 made JSON (`yes` is a boolean), each document with a last line end; else YAML 1.2. 3.2.0:
  // k8sdeps/kunstruct/factory.go.
  bool manifests_are_yaml_1_1;
  // Applies a strategic merge patch. 3.2.0: apimachinery's rules for the kinds of client-go 11, JSON merge for all others
  // (k8sdeps/kunstruct/kunstruct.go); 5.8.2: kyaml's.
  document::MergeResult (*merge)(document::Node& target, const document::Node& patch, const document::MergeSchema& schema);
  // A strategic merge patch without a target may move what it patches to its own namespace. 3.2.0: only the name is restored
  // (kunstruct.go, Patch).
  bool patches_set_namespace;
  // Equal label values that were set together later change together (aliases of one kyaml node).
  bool shares_label_values;
  // Prefixes and suffixes leave Namespaces alone. 3.2.0: only CustomResourceDefinition and APIService
  // (PrefixSuffixTransformer.go).
  bool namespaces_keep_names;
  // Images: those of custom resource definitions too, a digest instead of a tag, and nothing is looked for beside or below a list
  // of containers. 3.2.0: ImageTagTransformer.go.
  bool old_image_rules;
  // Entries of `patches` may be paths of strategic merge patches. 3.2.0: pkg/types/fix.go.
  bool patches_may_be_paths;
  // Deprecated fields are told. 3.2.0 knows no such warnings.
  bool warns_of_deprecated;
  // Resources annotated as local configuration are left out of the output, and all must have a name at the end. 5.8.2:
  // api/resmap.
  bool drops_local_config;
  // Default places (pkg/transformers/config/defaultconfig) that came later.
  std::span<const LaterField> later_fields;
};

// The release that `build` follows unless told otherwise: 5.8.2.
const Compat& latest_release();
// Throws Error(usage) with the list of the known ones.
const Compat& find_release(std::string_view release);
std::vector<std::string_view> known_releases();

}  // namespace kfrun::kustomize
