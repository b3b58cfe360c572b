#include "run/kubernetes_override.h"

#include <array>

#include "document/merge.h"

namespace kfrun::run {

namespace {

using document::Node;

// The lists of a pod that merge by a key, as Kubernetes' API types mark them. Positions are numbers of kFields, and of their
// elements kElements + that.
class PodSchema : public document::MergeSchema {
 public:
  Position resource(std::string_view, std::string_view kind) const override { return kind == "Pod" ? kPod : kUnknownSchema; }
  Position field(Position parent, std::string_view name) const override {
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      if (kFields[i].parent == parent && kFields[i].name == name) return static_cast<Position>(i);
    }
    return kUnknownSchema;
  }
  Position elements(Position list) const override {
    return is_list(list) ? kElements + kFields[static_cast<std::size_t>(list)].elements : kUnknownSchema;
  }
  bool merges(Position position) const override { return is_list(position); }
  bool replaces(Position) const override { return false; }
  std::vector<std::string> merge_keys(Position position) const override {
    if (!is_list(position)) return {};
    return {std::string(kFields[static_cast<std::size_t>(position)].key)};
  }

 private:
  struct Field {
    Position parent;
    std::string_view name;
    std::string_view key;  // "" for a mapping
    Position elements;     // kContainer or kPlain
  };
  static constexpr Position kPod = 1000;
  static constexpr Position kElements = 2000;
  static constexpr Position kPlain = 0;
  static constexpr Position kContainer = 1;
  static constexpr Position kSpec = 0;  // its place in kFields
  static constexpr std::array<Field, 14> kFields{{{kPod, "spec", "", kPlain},
                                                  {kSpec, "containers", "name", kContainer},
                                                  {kSpec, "initContainers", "name", kContainer},
                                                  {kSpec, "ephemeralContainers", "name", kContainer},
                                                  {kSpec, "volumes", "name", kPlain},
                                                  {kSpec, "imagePullSecrets", "name", kPlain},
                                                  {kSpec, "hostAliases", "ip", kPlain},
                                                  {kSpec, "topologySpreadConstraints", "topologyKey", kPlain},
                                                  {kSpec, "resourceClaims", "name", kPlain},
                                                  {kSpec, "schedulingGates", "name", kPlain},
                                                  {kElements + kContainer, "env", "name", kPlain},
                                                  {kElements + kContainer, "ports", "containerPort", kPlain},
                                                  {kElements + kContainer, "volumeMounts", "mountPath", kPlain},
                                                  {kElements + kContainer, "volumeDevices", "devicePath", kPlain}}};

  static bool is_list(Position position) {
    return position >= 0 && position < static_cast<Position>(kFields.size()) &&
           !kFields[static_cast<std::size_t>(position)].key.empty();
  }
};

// In lists an item that is null is left out, and a template that gives a list stands for its items.
Node resolved(const Node& node, const pipeline::Scope& scope) {
  if (node.is_sequence()) {
    Node list = Node::sequence();
    for (const auto& item : node.items()) {
      Node made = resolved(item, scope);
      if (made.is_null()) continue;
      if (!item.is_string() || !made.is_sequence()) {
        list.push_back(std::move(made));
        continue;
      }
      for (auto& inner : made.items()) list.push_back(std::move(inner));
    }
    return list;
  }
  if (node.is_mapping()) {
    Node mapping = Node::mapping(document::Mapping{});
    for (const auto& member : node.members()) mapping.members().push_back({member.key, resolved(member.value, scope)});
    return mapping;
  }
  if (!node.is_string()) return node;
  return pipeline::evaluate(pipeline::parse_template(node.text(), pipeline::Dialect::native, node.place({})), scope);
}

}  // namespace

Node resolve_templates(const Node& node, const pipeline::Scope& scope) { return resolved(node, scope); }

void merge_pod_override(Node& pod, const Node& override, const pipeline::Scope& scope) {
  if (override.is_null()) return;
  if (!override.is_mapping())
    throw input_error(override.place({}), "pod: expected metadata and spec, found {}", override.type_name());
  Node patch = Node::mapping(document::Mapping{});
  for (const auto* part : {"metadata", "spec"}) {
    if (const Node* wanted = override.find(part)) patch.set(part, resolved(*wanted, scope));
  }
  document::merge_strategic(pod, patch, PodSchema());
}

Node* find_container(Node& pod, std::string_view name) {
  Node* containers = pod.find_path({"spec", "containers"});
  if (!containers || !containers->is_sequence()) return nullptr;
  for (auto& container : containers->items()) {
    if (container.text_of("name") == name) return &container;
  }
  return nullptr;
}

}  // namespace kfrun::run
