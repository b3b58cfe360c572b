// Which fields each transformer changes: kustomize's defaults, and the `configurations` files a user adds to them.
#pragma once

#include <vector>

#include "document/node.h"
#include "kustomize/compat.h"
#include "kustomize/field_spec.h"

namespace kfrun::kustomize {

// A kind that is referred to by name, and the fields that refer to it.
struct NameReference {
  Gvk gvk;
  FieldSpecs referrers;
};

struct TransformerConfig {
  FieldSpecs name_prefix;
  FieldSpecs name_suffix;
  FieldSpecs namespace_;
  FieldSpecs common_labels;
  FieldSpecs labels;
  FieldSpecs template_labels;
  FieldSpecs volume_claim_template_labels;
  FieldSpecs common_annotations;
  std::vector<NameReference> name_references;
  FieldSpecs var_references;
  FieldSpecs images;
  FieldSpecs replicas;

  // Adds what `other` has more and sorts every table by kind, as kustomize does. Throws
  // "failed to merge NamePrefix fieldSpec: ..." when the two disagree.
  void merge(const TransformerConfig& other);
  // Adds referrers of one kind.
  void merge(const NameReference& reference);
};

// As Go prints it in error texts: "&{[...] [...] ...}", field specs as "Kind.version.group:create:path".
std::string to_string(const TransformerConfig& config);

// What the release changes by default.
TransformerConfig default_transformer_config(const Compat& compat = latest_release());
// From a `configurations` file. Throws Error(input) in the words of Go's encoding/json for unknown fields and wrong types.
TransformerConfig read_transformer_config(const document::Node& file);
// Reads a list of {group, version, kind, path, create} (label fields, fieldSpecs of plugin configurations). `context` is Go's
// name of the place for error texts, e.g. "TransformerConfig.namePrefix". Plugin configurations may have unknown fields.
enum class UnknownFields { refused, ignored };
FieldSpecs read_field_specs(const document::Node& list, std::string_view context, UnknownFields unknown = UnknownFields::ignored);

}  // namespace kfrun::kustomize
