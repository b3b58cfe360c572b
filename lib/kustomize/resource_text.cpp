#include "kustomize/resource_text.h"

#include <utility>
#include <vector>

#include "base/text.h"
#include "document/writer.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

template <typename Part>
std::string listed(const std::vector<PreviousName>& names, Part part) {
  std::vector<std::string> parts;
  for (const PreviousName& name : names) parts.push_back(name.*part);
  return join(parts, ",");
}

}  // namespace

Node annotated_document(const Resource& resource) {
  const bool is_generated = resource.needs_hash || resource.behavior != GeneratorBehavior::unspecified;
  const std::pair<std::string_view, std::string> memory[] = {
      {"internal.config.kubernetes.io/previousKinds", listed(resource.previous_names, &PreviousName::kind)},
      {"internal.config.kubernetes.io/previousNames", listed(resource.previous_names, &PreviousName::name)},
      {"internal.config.kubernetes.io/previousNamespaces", listed(resource.previous_names, &PreviousName::namespace_)},
      {"internal.config.kubernetes.io/prefixes", join(resource.name_prefixes, ",")},
      {"internal.config.kubernetes.io/suffixes", join(resource.name_suffixes, ",")},
      {"internal.config.kubernetes.io/generatorBehavior", is_generated ? std::string(to_string(resource.behavior)) : ""},
      {"internal.config.kubernetes.io/needsHashSuffix", resource.needs_hash ? "enabled" : ""},
      {kOriginAnnotation, resource.origin ? origin_text(*resource.origin) : ""},
      {kTransformationsAnnotation, resource.transformations.empty() ? "" : transformations_text(resource.transformations)},
  };
  Node document = resource.document;
  for (const auto& [key, value] : memory) {
    if (!value.empty()) document.child_mapping("metadata").child_mapping("annotations").set(key, Node::string(value));
  }
  return document;
}

std::string resource_json(const Resource& resource) {
  return document::write_json(annotated_document(resource), {0, true, true});
}

}  // namespace kfrun::kustomize
