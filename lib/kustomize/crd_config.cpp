#include "kustomize/crd_config.h"

#include <optional>
#include <vector>

#include "base/text.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

// encoding/json matches names without regard to case.
const Node* find_field(const Node& node, std::string_view name) {
  if (!node.is_mapping()) return nullptr;
  for (const auto& [key, value] : node.members()) {
    if (to_lower(key.text()) == to_lower(name)) return &value;
  }
  return nullptr;
}

const Node* properties_of(const Node& definition) {
  const Node* schema = find_field(definition, "schema");
  const Node* properties = schema == nullptr ? nullptr : find_field(*schema, "properties");
  return properties != nullptr && properties->is_mapping() ? properties : nullptr;
}

bool is_resource(const Node& properties) {
  return properties.find("kind") != nullptr && properties.find("apiVersion") != nullptr && properties.find("metadata") != nullptr;
}

std::optional<std::string> extension(const Node& property, std::string_view name) {
  const Node* value = property.find(name);
  return value != nullptr && value->is_string() ? std::optional(value->text()) : std::nullopt;
}

// Collects the marked fields of one kind, following references between definitions.
class Collector {
 public:
  Collector(const Node& file, Gvk gvk) : file_(file), gvk_(std::move(gvk)) {}

  TransformerConfig collect(const std::string& type) {
    visit(type, {});
    return std::move(config_);
  }

 private:
  static constexpr std::size_t kMaxDepth = 100;  // definitions may refer to themselves

  void visit(const std::string& type, const std::vector<std::string>& path) {
    const Node* definition = file_.find(type);
    const Node* properties = definition == nullptr ? nullptr : properties_of(*definition);
    if (properties == nullptr) return;
    if (path.size() > kMaxDepth) throw input_error({}, "the definition of '{}' refers to itself", type);
    for (const auto& [name, property] : properties->members()) {
      auto inner = path;
      inner.push_back(name.text());
      add_marks(property, inner);
      if (auto reference = extension(property, "$ref")) visit(*reference, inner);
    }
  }

  FieldSpec spec(const std::vector<std::string>& path) const { return FieldSpec(gvk_, join(path, "/")); }

  void add_marks(const Node& property, const std::vector<std::string>& path) {
    if (extension(property, "x-kubernetes-annotation")) merge_field_spec(config_.common_annotations, spec(path));
    if (extension(property, "x-kubernetes-label-selector")) merge_field_spec(config_.common_labels, spec(path));
    if (extension(property, "x-kubernetes-identity")) merge_field_spec(config_.name_prefix, spec(path));
    auto version = extension(property, "x-kubernetes-object-ref-api-version");
    auto kind = extension(property, "x-kubernetes-object-ref-kind");
    if (!version || !kind) return;
    auto name_path = path;
    name_path.push_back(extension(property, "x-kubernetes-object-ref-name-key").value_or("name"));
    config_.merge(NameReference{Gvk{"", *version, *kind}, {spec(name_path)}});
  }

  const Node& file_;
  Gvk gvk_;
  TransformerConfig config_;
};

}  // namespace

TransformerConfig read_crd_config(const Node& file) {
  TransformerConfig config;
  if (!file.is_mapping()) return config;
  for (const auto& [name, definition] : file.members()) {
    const Node* properties = properties_of(definition);
    if (properties == nullptr || !is_resource(*properties)) continue;
    const std::string& type = name.text();
    auto dot = type.rfind('.');
    Gvk gvk{"", "", dot == std::string::npos ? type : type.substr(dot + 1)};
    config.merge(Collector(file, std::move(gvk)).collect(type));
  }
  return config;
}

}  // namespace kfrun::kustomize
