#include "kustomize/patches.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "document/json_values.h"
#include "document/pointer.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/resource_reader.h"
#include "kustomize/shared_values.h"

namespace kfrun::kustomize {

using document::MergeResult;
using document::MergeSchema;
using document::Node;

namespace {

// Go's %q, for text that is printed in errors.
std::string quoted(const std::string& text) { return document::write_json(Node::string(text)); }

void set_if(Node& node, std::string_view key, const std::string& value) {
  if (!value.empty()) node.set(key, Node::string(value));
}

Node selector_node(const Selector& selector) {
  Node node = Node::mapping(document::Mapping{});
  set_if(node, "group", selector.id.gvk.group);
  set_if(node, "version", selector.id.gvk.version);
  set_if(node, "kind", selector.id.gvk.kind);
  set_if(node, "name", selector.id.name);
  set_if(node, "namespace", selector.id.namespace_);
  set_if(node, "annotationSelector", selector.annotation_selector);
  set_if(node, "labelSelector", selector.label_selector);
  return node;
}

// The configuration as kustomize prints it when it is wrong. JSON 6902 patches call their text jsonOp.
std::string configuration_text(const Patch& patch, std::string_view text_field) {
  Node node = Node::mapping(document::Mapping{});
  set_if(node, "path", patch.path);
  set_if(node, text_field, patch.patch);
  if (patch.target) node.set("target", selector_node(*patch.target));
  if (patch.options) {
    Node options = Node::mapping(document::Mapping{});
    if (patch.options->allow_name_change) options.set("allowNameChange", Node::boolean(true));
    if (patch.options->allow_kind_change) options.set("allowKindChange", Node::boolean(true));
    node.set("options", std::move(options));
  }
  return document::write_yaml(node);
}

template <typename Body>
auto configuring(std::string_view plugin, const std::string& configuration, Body body) {
  return within(fmt::format("trouble configuring builtin {} with config: `\n{}`", plugin, configuration), body);
}

// The operations in a text: JSON when it starts with '[', else YAML 1.1. Throws what Go throws when it is neither.
Node read_operations(const std::string& text, const std::string& file) {
  if (text.empty()) throw make_error(ErrorKind::input, "empty json patch operations");
  if (text.front() == '[') return document::read_json(text, file);
  auto documents = document::read_yaml(text, file, document::Schema::go_yaml_v2);
  return documents.empty() ? Node() : document::yaml_to_json(documents.front());
}

bool is_operations(const Node& node) {
  return node.is_sequence() &&
         std::all_of(node.items().begin(), node.items().end(), [](const Node& item) { return item.is_mapping(); });
}

template <typename Read>
auto attempt(Read read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Patches one resource. What it is called, its kind and namespace stay, unless the patch may change them.
void patch_resource(Resource& resource, const Node& patch, bool may_change_name, bool may_change_kind, const MergeSchema& schema,
                    const Compat& compat, bool has_target) {
  const auto name = resource.name();
  const auto name_space = resource.namespace_();
  const auto kind = resource.kind();
  if (may_change_name || may_change_kind) resource.remember_current_id();
  if (compat.merge(resource.document, patch, schema) == MergeResult::deleted) {
    resource.document = Node();
    return;
  }
  if (resource.empty()) return;
  sync_shared(resource.document);
  if (const Node* annotations = patch.find_path({"metadata", "annotations"}); annotations && annotations->is_null()) {
    if (compat.memory_in_annotations) resource.forget();
  }
  if (!may_change_kind) resource.set_kind(kind);
  if (!may_change_name) resource.set_name(name);
  if (has_target || !compat.patches_set_namespace) resource.set_namespace(name_space);
}

}  // namespace

LoadedPatch LoadedPatch::any(const Patch& patch, const Loader& loader, const Compat& compat) {
  const std::string configuration = configuration_text(patch, "patch");
  return configuring("PatchTransformer", configuration, [&] { return load(patch, configuration, loader, compat); });
}

LoadedPatch LoadedPatch::configured(const Patch& patch, const Node& configuration, const Loader& loader, const Compat& compat) {
  return load(patch, document::write_yaml(configuration), loader, compat);
}

LoadedPatch LoadedPatch::load(const Patch& patch, const std::string& configuration, const Loader& loader, const Compat& compat) {
  LoadedPatch loaded;
  loaded.compat_ = &compat;
  loaded.target_ = patch.target;
  std::string text(trim(patch.patch));
  std::string file = "patch";
  if (text.empty() && patch.path.empty()) {
    throw make_error(ErrorKind::input, "must specify one of patch and path in\n{}", configuration);
  }
  if (!text.empty() && !patch.path.empty()) {
    throw make_error(ErrorKind::input, "patch and path can't be set at the same time\n{}", configuration);
  }
  if (text.empty()) {
    text = within(fmt::format("failed to get the patch file from path({})", patch.path), [&] { return loader.read(patch.path); });
    file = patch.path;
    loaded.source_ = fmt::format("[path: {}]", quoted(patch.path));
  } else {
    loaded.source_ = fmt::format("[patch: {}]", quoted(text));
  }
  auto strategic = attempt([&] { return read_resources(text, file, compat); });
  auto operations = attempt([&] { return read_operations(text, file); });
  if (operations && !operations->is_null() && !is_operations(*operations)) operations.reset();
  if (strategic && !strategic->empty() && operations && operations->size() > 0) {
    throw make_error(ErrorKind::input, "illegally qualifies as both an SM and JSON patch: {}", loaded.source_);
  }
  if (!strategic && !operations) throw make_error(ErrorKind::input, "unable to parse SM or JSON patch from {}", loaded.source_);
  if (strategic) {
    loaded.strategic_ = std::move(*strategic);
    for (auto& one : loaded.strategic_) {
      one.allow_name_change |= patch.options && patch.options->allow_name_change;
      one.allow_kind_change |= patch.options && patch.options->allow_kind_change;
    }
  } else {
    loaded.operations_ = std::move(*operations);
  }
  return loaded;
}

LoadedPatch LoadedPatch::strategic(const std::vector<std::string>& paths_or_texts, const std::string& text, const Loader& loader,
                                   const Compat& compat) {
  LoadedPatch loaded;
  loaded.compat_ = &compat;
  loaded.field_ = Field::patches_strategic_merge;
  if (paths_or_texts.empty() && text.empty()) throw make_error(ErrorKind::input, "empty file path and empty patch content");
  auto add = [&](std::vector<Resource> more) {
    for (auto& patch : more) loaded.strategic_.push_back(std::move(patch));
  };
  for (const auto& entry : paths_or_texts) {
    if (auto inline_patches = attempt([&] { return read_resources(entry, "patch", compat); })) {
      add(std::move(*inline_patches));
    } else {
      add(read_resource_file(loader.read(entry), entry, join_path(loader.root(), entry), compat));
    }
  }
  if (!text.empty()) add(read_resources(text, "patch", compat));
  if (loaded.strategic_.empty()) {
    throw make_error(ErrorKind::input, "patch appears to be empty; files=[{}], Patch={}", join(paths_or_texts, " "), text);
  }
  return loaded;
}

LoadedPatch LoadedPatch::strategic(const std::vector<std::string>& paths_or_texts, const Loader& loader, const Compat& compat) {
  const Node configuration = Node::mapping({{"paths", Node::strings(paths_or_texts)}});
  return configuring("PatchStrategicMergeTransformer", document::write_yaml(configuration),
                     [&] { return strategic(paths_or_texts, "", loader, compat); });
}

LoadedPatch LoadedPatch::json6902(const Patch& patch, const Loader& loader, const Compat& compat) {
  return configuring("PatchJson6902Transformer", configuration_text(patch, "jsonOp"),
                     [&] { return json6902_configured(patch, loader, compat); });
}

LoadedPatch LoadedPatch::json6902_configured(const Patch& patch, const Loader& loader, const Compat& compat) {
  LoadedPatch loaded;
  loaded.compat_ = &compat;
  loaded.field_ = Field::patches_json6902;
  loaded.target_ = patch.target;
  std::string text = patch.patch;
  if (!patch.target || patch.target->id.name.empty()) throw make_error(ErrorKind::input, "must specify the target name");
  if (patch.path.empty() && text.empty()) throw make_error(ErrorKind::input, "empty file path and empty jsonOp");
  if (!patch.path.empty()) {
    if (!text.empty()) throw make_error(ErrorKind::input, "must specify a file path or jsonOp, not both");
    text = loader.read(patch.path);
    if (text.empty()) throw make_error(ErrorKind::input, "patch file '{}' empty seems to be empty", patch.path);
  }
  const std::string file = patch.path.empty() ? "patch" : patch.path;
  Node operations = read_operations(text, file);
  if (!operations.is_null() && !is_operations(operations)) {
    throw make_error(ErrorKind::input, "decoding {}: json: cannot unmarshal {} into Go value of type jsonpatch.Patch", text,
                     operations.is_mapping() ? "object" : "string");
  }
  if (operations.size() == 0) {
    throw make_error(ErrorKind::input, "patch appears to be empty; file={}, JsonOp={}", patch.path, text);
  }
  loaded.operations_ = std::move(operations);
  return loaded;
}

void LoadedPatch::apply(ResourceMap& resources, const MergeSchema& schema) const {
  if (!operations_) {
    if (target_) {
      apply_to_selected(resources, schema);
    } else {
      apply_strategic(resources, schema);
    }
  } else if (!target_) {
    throw make_error(ErrorKind::input, "must specify a target for JSON patch {}", source_);
  } else {
    apply_operations(resources);
  }
}

void LoadedPatch::apply_strategic(ResourceMap& resources, const MergeSchema& schema) const {
  bool changes_ids = false;
  for (const auto& patch : strategic_) {
    const ResId id = patch.original_id();
    const std::size_t position = field_ == Field::patches
                                     ? within(fmt::format("no resource matches strategic merge patch \"{}\"", to_string(id)),
                                              [&] { return resources.get_by_any(id); })
                                     : resources.get_by_any(id);
    Resource& resource = resources[position];
    patch_resource(resource, patch.document, patch.allow_name_change, patch.allow_kind_change, schema, *compat_, false);
    changes_ids |= patch.allow_name_change || patch.allow_kind_change || resource.empty() || compat_->patches_set_namespace;
    if (changes_ids) resources.ids_changed();
  }
  if (changes_ids && field_ == Field::patches_strategic_merge) resources.remove_empty();
}

void LoadedPatch::apply_to_selected(ResourceMap& resources, const MergeSchema& schema) const {
  if (strategic_.empty()) return;
  if (strategic_.size() > 1) {
    throw make_error(ErrorKind::input,
                     "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: {}",
                     source_);
  }
  const Resource& patch = strategic_.front();
  const auto selected = within(fmt::format("unable to find patch target {} in `resources`", quoted(target_->id.name)),
                               [&] { return select(resources, *target_); });
  Node content = patch.document;
  for (const auto position : selected) {
    Resource& resource = resources[position];
    if (Node* version = content.find("apiVersion")) {
      *version = Node::string(resource.document.text_of("apiVersion"));
    } else {
      content.set("apiVersion", Node::string(resource.document.text_of("apiVersion")));
    }
    patch_resource(resource, content, patch.allow_name_change, patch.allow_kind_change, schema, *compat_, true);
  }
  resources.remove_empty();
  if (patch.allow_name_change || patch.allow_kind_change) {
    // Two may have become one.
    std::vector<Resource> all = std::move(resources.all());
    resources = ResourceMap(std::move(all));
  }
}

void LoadedPatch::apply_operations(ResourceMap& resources) const {
  bool changes_ids = false;
  for (const auto position : select(resources, *target_)) {
    Resource& resource = resources[position];
    const auto kind = resource.kind();
    const auto name = resource.name();
    if (field_ == Field::patches) resource.remember_current_id();
    // kustomize's memory stands in annotations, so a path into them exists even when the user wrote none.
    if (compat_->memory_in_annotations && resource.has_memory())
      resource.document.child_mapping("metadata").child_mapping("annotations");
    Node json = document::to_json_values(resource.document);
    document::apply_json_patch(json, *operations_);
    resource.document = document::from_json_values(json);
    clear_shared(resource.document);
    changes_ids |= resource.kind() != kind || resource.name() != name;
  }
  if (changes_ids) resources.ids_changed();
}

std::vector<std::size_t> select(const ResourceMap& resources, const Selector& selector) {
  const SelectorMatcher matcher(selector);
  const auto is_selected = [&](const Resource& resource) {
    const ResId current = resource.current_id();
    const ResId original = resource.original_id();
    return (matcher.matches_namespace(original.effective_namespace()) ||
            matcher.matches_namespace(current.effective_namespace())) &&
           (matcher.matches_name(original.name) || matcher.matches_name(current.name)) && matcher.matches_gvk(current.gvk) &&
           matcher.matches_labels(resource.document) && matcher.matches_annotations(resource.document);
  };
  std::vector<std::size_t> candidates;
  if (const auto& name = matcher.only_name()) {
    candidates = resources.find_named(*name);
  } else {
    candidates.resize(resources.size());
    std::iota(candidates.begin(), candidates.end(), std::size_t{0});
  }
  std::erase_if(candidates, [&](std::size_t position) { return !is_selected(resources[position]); });
  return candidates;
}

}  // namespace kfrun::kustomize
