#include "kustomize/transformers.h"

#include <unordered_map>

#include "base/text.h"
#include "kustomize/hash.h"
#include "kustomize/resource_text.h"
#include "kustomize/shared_values.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kHelmGenerated = "internal.config.kubernetes.io/helm-generated";
constexpr std::string_view kNamePath = "metadata/name";

bool is_from_helm(const Resource& resource) {
  const Node* annotations = resource.document.find_path({"metadata", "annotations"});
  return annotations && annotations->text_of(kHelmGenerated) == "true";
}

// kustomize's memory stands in annotations, so they are there for it even when the user wrote none. Empty ones go at the end.
Node& with_annotations(Resource& resource, const Compat& compat) {
  if (compat.memory_in_annotations && resource.has_memory())
    resource.document.child_mapping("metadata").child_mapping("annotations");
  return resource.document;
}

std::string conflict_text(const ResourceMap& resources, const ResId& id) {
  std::vector<std::string> shown;
  for (const auto& resource : resources) {
    if (resource.current_id() == id) shown.push_back(resource_json(resource));
  }
  return fmt::format("namespace transformation produces ID conflict: [{}]", join(shown, " "));
}

// Prefix and suffix: `remember` and `change` differ, the rest is the same.
template <typename Remember, typename Change>
void rename_all(ResourceMap& resources, const FieldSpecs& specs, const Compat& compat, Remember remember, Change change) {
  for (auto& resource : resources) {
    const Gvk gvk = resource.original_id().gvk;
    if (keeps_name(gvk, compat)) continue;
    for (const auto& spec : specs) {
      if (!spec.selects(gvk)) continue;
      if (spec.path == kNamePath) {
        remember(resource);
        resource.remember_current_id();
      }
      change(resource.document, spec);
    }
  }
  resources.ids_changed();
}

bool ever_selected(const Resource& resource, const std::string& name, const FieldSpec& spec) {
  if (resource.name() == name && spec.selects(resource.gvk())) return true;
  for (const auto& previous : resource.previous_names) {
    if (previous.name == name && spec.selects(resource.previous_id(previous).gvk)) return true;
  }
  return false;
}

}  // namespace

Transform transform_labels(TextMap labels, FieldSpecs specs, const Compat& compat) {
  return [labels = std::move(labels), specs = std::move(specs), &compat](ResourceMap& resources) {
    if (labels.empty()) return;
    for (auto& resource : resources) transform_labels(with_annotations(resource, compat), labels, specs, compat);
  };
}

Transform transform_annotations(TextMap annotations, FieldSpecs specs, const Compat& compat) {
  return [annotations = std::move(annotations), specs = std::move(specs), &compat](ResourceMap& resources) {
    if (annotations.empty()) return;
    for (auto& resource : resources) transform_annotations(with_annotations(resource, compat), annotations, specs, compat);
  };
}

Transform transform_namespace(NamespaceChange change, FieldSpecs specs) {
  return [change = std::move(change), specs = std::move(specs)](ResourceMap& resources) {
    if (change.name.empty()) return;
    std::unordered_map<ResId, int> count;
    for (const auto& resource : resources) ++count[resource.current_id()];
    for (auto& resource : resources) {
      if (resource.empty() || is_from_helm(resource)) continue;
      --count[resource.current_id()];
      resource.remember_current_id();
      transform_namespace(resource.document, change, specs);
      const ResId id = resource.current_id();
      if (++count[id] != 1) throw make_error(ErrorKind::input, "{}", conflict_text(resources, id));
    }
    resources.ids_changed();
  };
}

Transform transform_prefix(std::string prefix, FieldSpecs specs, const Compat& compat) {
  return [prefix = std::move(prefix), specs = std::move(specs), &compat](ResourceMap& resources) {
    if (prefix.empty()) return;
    rename_all(
        resources, specs, compat, [&](Resource& resource) { resource.add_name_prefix(prefix); },
        [&](Node& object, const FieldSpec& spec) { add_prefix(object, prefix, spec); });
  };
}

Transform transform_suffix(std::string suffix, FieldSpecs specs, const Compat& compat) {
  return [suffix = std::move(suffix), specs = std::move(specs), &compat](ResourceMap& resources) {
    if (suffix.empty()) return;
    rename_all(
        resources, specs, compat, [&](Resource& resource) { resource.add_name_suffix(suffix); },
        [&](Node& object, const FieldSpec& spec) { add_suffix(object, suffix, spec); });
  };
}

Transform transform_replicas(Replica replica, FieldSpecs specs) {
  return [replica = std::move(replica), specs = std::move(specs)](ResourceMap& resources) {
    bool found = false;
    for (const auto position : resources.find_named(replica.name)) {
      Resource& resource = resources[position];
      for (const auto& spec : specs) {
        if (!ever_selected(resource, replica.name, spec)) continue;
        found = true;
        set_replicas(resource.document, replica.count, spec);
      }
    }
    if (found) return;
    std::vector<std::string> kinds;
    for (const auto& spec : specs) kinds.push_back(to_string(spec.gvk));
    throw make_error(ErrorKind::input, "resource with name {} does not match a config with the following GVK [{}]", replica.name,
                     join(kinds, " "));
  };
}

Transform transform_images(std::vector<ImageChange> images, FieldSpecs specs, const Compat& compat) {
  const auto transformer = std::make_shared<ImageTransformer>(std::move(images), compat);
  return [transformer, specs = std::move(specs)](ResourceMap& resources) {
    for (auto& resource : resources) transformer->apply(resource.document, specs);
  };
}

Transform transform_replacements(std::vector<Replacement> replacements) {
  return [replacements = std::move(replacements)](ResourceMap& resources) {
    std::vector<ReplacementSubject> subjects;
    subjects.reserve(resources.size());
    for (auto& resource : resources) subjects.push_back({&resource.document, resource.previous_ids()});
    apply_replacements(replacements, subjects);
    resources.ids_changed();
  };
}

Transform transform_values(ValueAdd plugin) {
  return [plugin = std::move(plugin)](ResourceMap& resources) {
    for (const auto& target : plugin.targets) {
      std::vector<std::size_t> positions;
      if (target.selector) {
        positions = select(resources, *target.selector);
      } else {
        for (std::size_t i = 0; i < resources.size(); ++i) positions.push_back(i);
      }
      for (const auto position : positions) {
        if (target.field_path == "metadata/namespace") {
          transform_namespace(resources[position].document, NamespaceChange{plugin.value}, {});
        } else {
          add_value(resources[position].document, plugin.value, target);
        }
      }
      resources.ids_changed();
    }
  };
}

Transform transform_patch(LoadedPatch patch, const document::MergeSchema& schema) {
  return [patch = std::move(patch), &schema](ResourceMap& resources) { patch.apply(resources, schema); };
}

void add_hashes(ResourceMap& resources, const Compat& compat) {
  for (auto& resource : resources) {
    if (!resource.needs_hash) continue;
    const std::string hash = content_hash(resource.document, compat);
    resource.remember_current_id();
    resource.set_name(resource.name() + "-" + hash);
  }
  resources.ids_changed();
}

}  // namespace kfrun::kustomize
