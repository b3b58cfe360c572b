// Labels, annotations, name prefixes and suffixes, replica counts: each changes one document at the places its field specs name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "document/node.h"
#include "kustomize/compat.h"
#include "kustomize/transformer_config.h"

namespace kfrun::kustomize {

using TextMap = std::map<std::string, std::string>;

// One entry of `labels` in a kustomization.
struct LabelSet {
  TextMap pairs;
  bool include_selectors = false;
  bool include_templates = false;
  bool include_volume_claim_templates = false;
  FieldSpecs fields;
};

// Where the labels of an entry go: its own fields, the configuration's `labels`, and as its flags say the selectors and
// templates. Throws "failed to merge labels: conflicting fieldspecs".
FieldSpecs label_fields(const LabelSet& entry, const TransformerConfig& config);

// Sets every pair at every place (labels and annotations alike).
void transform_labels(document::Node& object, const TextMap& labels, const FieldSpecs& specs,
                      const Compat& compat = latest_release());
void transform_annotations(document::Node& object, const TextMap& annotations, const FieldSpecs& specs,
                           const Compat& compat = latest_release());

// Whether prefix and suffix leave this kind alone (custom resource definitions, APIServices, namespaces). `gvk` is that of the
// original id.
bool keeps_name(const Gvk& gvk, const Compat& compat = latest_release());
// Puts `prefix` before (`suffix` behind) the text at one place.
void add_prefix(document::Node& object, const std::string& prefix, const FieldSpec& spec);
void add_suffix(document::Node& object, const std::string& suffix, const FieldSpec& spec);

// Sets the number of replicas at one place.
void set_replicas(document::Node& object, long long count, const FieldSpec& spec);

}  // namespace kfrun::kustomize
