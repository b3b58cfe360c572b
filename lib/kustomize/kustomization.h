// A kustomization file: its text checked and read as Go reads it (sigs.k8s.io/yaml, then encoding/json with unknown fields
// refused).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"
#include "kustomize/compat.h"
#include "kustomize/identity.h"
#include "kustomize/selector.h"
#include "kustomize/transform_images.h"
#include "kustomize/transform_metadata.h"

namespace kfrun::kustomize {

struct PatchOptions {
  bool allow_name_change = false;
  bool allow_kind_change = false;
};

struct Patch {
  std::string path;
  std::string patch;
  std::optional<Selector> target;
  std::optional<PatchOptions> options;
};

struct Replica {
  std::string name;
  long long count = 0;
};

struct Var {
  std::string name;
  ResId target;            // apiVersion already split into group and version
  Gvk written;             // without the apiVersion
  std::string field_path;  // "metadata.name" when empty
  bool operator==(const Var&) const = default;
};

struct GeneratorOptions {
  TextMap labels;
  TextMap annotations;
  bool disable_name_suffix_hash = false;
  bool immutable = false;
};

// A configMapGenerator or secretGenerator entry.
struct GeneratorArguments {
  std::string name;
  std::string namespace_;
  std::string behavior;
  std::vector<std::string> literals;
  std::vector<std::string> files;
  std::vector<std::string> envs;
  std::optional<GeneratorOptions> options;
  std::string type;  // of a Secret
};

struct SortOptions {
  std::string order;
  bool has_legacy = false;
  std::vector<std::string> order_first;
  std::vector<std::string> order_last;
};

struct Kustomization {
  std::string api_version;
  std::string kind;
  TextMap openapi;
  std::string name_prefix;
  std::string name_suffix;
  std::string namespace_;
  TextMap common_labels;
  std::vector<LabelSet> labels;
  TextMap common_annotations;
  std::vector<std::string> patches_strategic_merge;
  std::vector<Patch> patches_json6902;
  std::vector<Patch> patches;
  std::vector<ImageChange> images;
  std::vector<Replica> replicas;
  std::vector<Var> vars;
  std::optional<SortOptions> sort_options;
  std::vector<std::string> resources;
  std::vector<std::string> components;
  std::vector<std::string> crds;
  std::vector<GeneratorArguments> config_map_generators;
  std::vector<GeneratorArguments> secret_generators;
  std::optional<GeneratorOptions> generator_options;
  std::vector<std::string> configurations;
  std::vector<std::string> generators;
  std::vector<std::string> transformers;
  std::vector<std::string> validators;
  std::vector<std::string> build_metadata;
  // Still as checked nodes; null when absent.
  document::Node replacements;
  document::Node helm_globals;
  document::Node helm_charts;

  bool is_component() const { return kind == "Component"; }
  bool has_build_metadata(std::string_view option) const;
};

// The names a kustomization file may have.
const std::vector<std::string>& kustomization_file_names();

// Reads the text of `file`. Deprecated fields are moved to their successors, and told in `warnings`. Throws Error(input) in
// kustomize's words: "invalid Kustomization: json: unknown field "bar"", "kustomization.yaml is empty", and for a wrong kind or
// apiVersion "Failed to read kustomization file under ROOT:\n...".
Kustomization read_kustomization(std::string_view text, const std::string& file, const std::string& root,
                                 std::vector<std::string>& warnings, const Compat& compat = latest_release());

// The same from a tree that decode_json_shape() has checked.
Kustomization kustomization_of(const document::Node& checked);

}  // namespace kfrun::kustomize
