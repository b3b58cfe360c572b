// `edit fix`: deprecated fields to their successors.
#include "base/text.h"
#include "kustomize/edit/edit.h"
#include "kustomize/edit/fields.h"
#include "kustomize/kustomization.h"
#include "kustomize/kustomization_shape.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

void set_type(Node& fields) {
  const Node* kind = find_field(fields, "kind");
  const bool is_component = kind && kind->text() == "Component";
  if (!find_field(fields, "apiVersion")) {
    put_field(fields, "apiVersion",
              Node::string(is_component ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1"));
  }
  if (!kind) put_field(fields, "kind", Node::string("Kustomization"));
}

void move_envs(Node& fields, std::string_view field) {
  Node* list = find_field(fields, field);
  if (!list) return;
  for (auto& entry : list->items()) {
    const Node* env = find_field(entry, "env");
    if (!env) continue;
    Node path = *env;
    if (!path.text().empty()) list_field(entry, "envs").push_back(std::move(path));
    drop_field(entry, "env");
  }
}

// A text that names no file is the patch itself.
void move_strategic_patches(Node& fields, const FileSystem& files) {
  Node* old = find_field(fields, "patchesStrategicMerge");
  if (!old) return;
  for (auto& item : old->items())
    item = Node::mapping({{files.is_file(item.text()) ? "path" : "patch", Node::string(item.text())}});
  move_list(fields, "patchesStrategicMerge", "patches");
}

void move_labels(Node& fields) {
  Node* old = find_field(fields, "commonLabels");
  if (!old) return;
  if (Node* labels = find_field(fields, "labels")) {
    for (const auto& entry : labels->items()) {
      const Node* pairs = entry.find("pairs");
      for (const auto& member : old->members()) {
        if (pairs && pairs->find(member.key.text())) {
          throw make_error(ErrorKind::conflict, "label name '{}' exists in both commonLabels and labels", member.key.text());
        }
      }
    }
  }
  if (old->size() > 0) {
    Node entry = Node::mapping({{"includeSelectors", Node::boolean(true)}, {"pairs", *old}});
    *old = Node::sequence({std::move(entry)});
  } else {
    *old = Node::sequence();
  }
  move_list(fields, "commonLabels", "labels");
  drop_if_empty(fields, "labels");
}

// The names in the charts differ too.
void move_charts(Node& fields, const std::string& file) {
  if (!find_field(fields, "helmChartInflationGenerator")) return;
  auto made = kustomization_of(decode_json_shape(fields, kustomization_shape(), file));
  drop_field(fields, "helmChartInflationGenerator");
  if (!made.helm_charts.is_null()) put_field(fields, "helmCharts", std::move(made.helm_charts));
  if (!made.helm_globals.is_null()) put_field(fields, "helmGlobals", std::move(made.helm_globals));
}

void move_list_if_any(Node& fields, std::string_view deprecated, std::string_view successor) {
  move_list(fields, deprecated, successor);
  drop_field(fields, deprecated);
}

}  // namespace

Change fix(const FileSystem& files) {
  return [&files](Edited& edited) {
    auto& fields = edited.fields;
    set_type(fields);
    move_list_if_any(fields, "bases", "resources");
    move_list_if_any(fields, "imageTags", "images");
    move_charts(fields, edited.file);
    move_envs(fields, "configMapGenerator");
    move_envs(fields, "secretGenerator");
    move_list_if_any(fields, "patchesJson6902", "patches");
    move_strategic_patches(fields, files);
    move_labels(fields);
  };
}

}  // namespace kfrun::kustomize
