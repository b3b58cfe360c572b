#include "kustomize/resource.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "kustomize/setters.h"

namespace kfrun::kustomize {

using document::Node;
using document::NodeKind;

namespace {

constexpr std::string_view kPreviousNames = "internal.config.kubernetes.io/previousNames";
constexpr std::string_view kPreviousNamespaces = "internal.config.kubernetes.io/previousNamespaces";
constexpr std::string_view kPreviousKinds = "internal.config.kubernetes.io/previousKinds";
constexpr std::string_view kPrefixes = "internal.config.kubernetes.io/prefixes";
constexpr std::string_view kSuffixes = "internal.config.kubernetes.io/suffixes";
constexpr std::string_view kBehavior = "internal.config.kubernetes.io/generatorBehavior";
constexpr std::string_view kNeedsHash = "internal.config.kubernetes.io/needsHashSuffix";
constexpr std::string_view kAllowNameChange = "internal.config.kubernetes.io/allowNameChange";
constexpr std::string_view kAllowKindChange = "internal.config.kubernetes.io/allowKindChange";
constexpr std::string_view kEnabled = "enabled";

std::vector<std::string> list_of(const Node& annotations, std::string_view key) {
  const Node* value = annotations.find(key);
  return value ? split(value->text(), ',') : std::vector<std::string>{};
}

// A mapping member of metadata, made when it is missing or null.
Node& metadata_of(Node& document) { return document.child_mapping("metadata"); }

void set_untagged(Node& mapping, std::string_view key, const std::string& text) {
  if (Node* old = mapping.find(key); old && old->is_scalar()) {
    set_scalar(*old, text);
  } else {
    mapping.set(key, untagged_scalar(text));
  }
}

}  // namespace

GeneratorBehavior parse_generator_behavior(std::string_view text) {
  if (text == "create") return GeneratorBehavior::create;
  if (text == "replace") return GeneratorBehavior::replace;
  if (text == "merge") return GeneratorBehavior::merge;
  return GeneratorBehavior::unspecified;
}

std::string_view to_string(GeneratorBehavior behavior) {
  constexpr std::array<std::string_view, 4> kNames = {"unspecified", "create", "replace", "merge"};
  return kNames[static_cast<std::size_t>(behavior)];
}

Resource::Resource(Node object) : document(std::move(object)) {
  Node* annotations = document.find_path({"metadata", "annotations"});
  if (!annotations || !annotations->is_mapping()) return;
  const auto names = list_of(*annotations, kPreviousNames);
  const auto namespaces = list_of(*annotations, kPreviousNamespaces);
  const auto kinds = list_of(*annotations, kPreviousKinds);
  for (std::size_t i = 0; i < std::min({names.size(), namespaces.size(), kinds.size()}); ++i) {
    previous_names.push_back({names[i], namespaces[i], kinds[i]});
  }
  name_prefixes = list_of(*annotations, kPrefixes);
  name_suffixes = list_of(*annotations, kSuffixes);
  behavior = parse_generator_behavior(annotations->text_of(kBehavior));
  needs_hash = annotations->text_of(kNeedsHash) == kEnabled;
  allow_name_change = annotations->text_of(kAllowNameChange) == kEnabled;
  allow_kind_change = annotations->text_of(kAllowKindChange) == kEnabled;
}

ResId Resource::previous_id(const PreviousName& previous) const {
  auto [group, version] = split_api_version(document.text_of("apiVersion"));
  return {Gvk{std::move(group), std::move(version), previous.kind}, previous.name, previous.namespace_};
}

std::vector<ResId> Resource::previous_ids() const {
  std::vector<ResId> ids;
  ids.reserve(previous_names.size());
  for (const auto& previous : previous_names) ids.push_back(previous_id(previous));
  return ids;
}

ResId Resource::original_id() const { return previous_names.empty() ? current_id() : previous_id(previous_names.front()); }

void Resource::remember_current_id() {
  const ResId id = current_id();
  previous_names.push_back({id.name, std::string(id.effective_namespace()), id.gvk.kind});
}

void Resource::add_name_prefix(const std::string& prefix) {
  if (!prefix.empty()) name_prefixes.push_back(prefix);
}

void Resource::add_name_suffix(const std::string& suffix) {
  if (!suffix.empty()) name_suffixes.push_back(suffix);
}

void Resource::set_name(const std::string& name) { set_untagged(metadata_of(document), "name", name); }

void Resource::set_namespace(const std::string& name) {
  if (!name.empty()) {
    set_untagged(metadata_of(document), "namespace", name);
  } else if (Node* metadata = document.find("metadata")) {
    metadata->remove("namespace");
  }
}

void Resource::set_kind(const std::string& kind) { set_untagged(document, "kind", kind); }

void Resource::set_api_version(const std::string& api_version) { set_untagged(document, "apiVersion", api_version); }

bool Resource::has_memory() const {
  return !previous_names.empty() || !name_prefixes.empty() || !name_suffixes.empty() || needs_hash || origin ||
         behavior != GeneratorBehavior::unspecified;
}

void Resource::forget() {
  previous_names.clear();
  name_prefixes.clear();
  name_suffixes.clear();
  behavior = GeneratorBehavior::unspecified;
  needs_hash = false;
  origin.reset();
  transformations.clear();
}

}  // namespace kfrun::kustomize
