#include "kustomize/transform_metadata.h"

#include "kustomize/setters.h"
#include "kustomize/shared_values.h"

namespace kfrun::kustomize {

using document::Node;
using document::Tag;

FieldSpecs label_fields(const LabelSet& entry, const TransformerConfig& config) {
  FieldSpecs specs = entry.fields;
  auto merge = [&](std::string_view failure, const FieldSpecs& more) {
    within(std::string(failure), [&] { merge_field_specs(specs, more); });
  };
  constexpr std::string_view kLabels = "failed to merge labels";
  merge(kLabels, config.labels);
  if (entry.include_selectors) {
    merge(kLabels, config.common_labels);
    return specs;
  }
  if (entry.include_templates) merge("failed to merge template fieldSpec", config.template_labels);
  if (entry.include_volume_claim_templates) {
    merge("failed to merge volumeClaimTemplate fieldSpec", config.volume_claim_template_labels);
  }
  merge(kLabels, {FieldSpec({}, "metadata/labels", true)});
  return specs;
}

void transform_labels(Node& object, const TextMap& labels, const FieldSpecs& specs, const Compat& compat) {
  // Values that are new share one node between all places of their key.
  std::vector<std::uint32_t> shares(labels.size(), 0);
  bool changed_shared = false;
  apply_field_specs(object, specs, NewField::mapping, [&](Node& mapping) {
    auto share = shares.begin();
    for (const auto& [key, value] : labels) {
      bool is_new = mapping.is_mapping() && mapping.find(key) == nullptr;
      Node* entry = set_text_entry(mapping, key, value);
      if (is_new && compat.shares_label_values) {
        if (*share == 0) *share = next_share();
        entry->set_share(*share);
      } else if (entry != nullptr) {
        changed_shared |= entry->share_changed();
      }
      ++share;
    }
  });
  if (changed_shared) sync_shared(object);
}

void transform_annotations(Node& object, const TextMap& annotations, const FieldSpecs& specs, const Compat& compat) {
  transform_labels(object, annotations, specs, compat);
}

bool keeps_name(const Gvk& gvk, const Compat& compat) {
  return gvk.kind == "CustomResourceDefinition" || (compat.namespaces_keep_names && gvk.kind == "Namespace") ||
         (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io");
}

void add_prefix(Node& object, const std::string& prefix, const FieldSpec& spec) {
  apply_field_spec(object, spec, NewField::scalar, [&](Node& node) { set_scalar(node, prefix + node.text()); });
}

void add_suffix(Node& object, const std::string& suffix, const FieldSpec& spec) {
  apply_field_spec(object, spec, NewField::scalar, [&](Node& node) { set_scalar(node, node.text() + suffix); });
}

void set_replicas(Node& object, long long count, const FieldSpec& spec) {
  apply_field_spec(object, spec, NewField::scalar, [&](Node& node) { set_scalar(node, std::to_string(count), Tag::integer); });
}

}  // namespace kfrun::kustomize
