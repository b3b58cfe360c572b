#include "kustomize/resource_map.h"

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "kustomize/data_map.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

std::string key_of(std::string_view kind, std::string_view name) {
  std::string key;
  key.reserve(kind.size() + name.size() + 1);
  key.append(kind).push_back('\n');
  key.append(name);
  return key;
}

// Go's %#v of an id, which reaches error texts.
std::string go_syntax(const ResId& id) {
  return fmt::format(
      "resid.ResId{{Gvk:resid.Gvk{{Group:\"{}\", Version:\"{}\", Kind:\"{}\", isClusterScoped:{}}}, Name:\"{}\", "
      "Namespace:\"{}\"}}",
      id.gvk.group, id.gvk.version, id.gvk.kind, id.gvk.cluster_scoped, id.name, id.namespace_);
}

// What `of` remembers goes to the resource that takes its place; the hash is made only when both ask for it.
void take_identity(Resource& taker, const Resource& of, const Compat& compat) {
  merge_text_maps(taker.document, of.document, {"metadata", "labels"});
  merge_text_maps(taker.document, of.document, {"metadata", "annotations"});
  taker.set_name(of.name());
  taker.set_namespace(of.namespace_());
  taker.previous_names = of.previous_names;
  taker.name_prefixes = of.name_prefixes;
  taker.name_suffixes = of.name_suffixes;
  taker.behavior = of.behavior;
  taker.needs_hash = of.needs_hash && (taker.needs_hash || compat.absorbing_keeps_options);
  if (compat.absorbing_keeps_options) {
    taker.document.child_mapping("metadata").child_mapping("labels");
    taker.document.child_mapping("metadata").child_mapping("annotations");
  }
  taker.referring_vars = of.referring_vars;
  taker.trace = of.trace;
  if (!taker.origin) taker.origin = of.origin;
  if (taker.transformations.empty()) taker.transformations = of.transformations;
}

Error already_registered(const ResId& id) {
  return make_error(ErrorKind::input, "may not add resource with an already registered id: {}", to_string(id));
}

}  // namespace

ResourceMap::ResourceMap(std::vector<Resource> resources) {
  resources_.reserve(resources.size());
  for (auto& resource : resources) append(std::move(resource));
}

void ResourceMap::append(Resource resource) {
  const ResId id = resource.current_id();
  if (!find_current(id).empty()) throw already_registered(id);
  resources_.push_back(std::move(resource));
}

void ResourceMap::append_all(ResourceMap other) {
  if (resources_.empty()) {
    // Transformers may have made two of one.
    for (const Resource& resource : other) {
      const ResId id = resource.current_id();
      if (other.find_current(id).size() > 1) throw already_registered(id);
    }
    *this = std::move(other);
    return;
  }
  resources_.reserve(resources_.size() + other.size());
  for (auto& resource : other) append(std::move(resource));
}

void ResourceMap::absorb(Resource resource, const Compat& compat) {
  const ResId id = resource.current_id();
  const auto matches = find_any(id);
  const bool joins = resource.behavior == GeneratorBehavior::merge || resource.behavior == GeneratorBehavior::replace;
  if (matches.empty()) {
    if (joins) throw make_error(ErrorKind::input, "id {} does not exist; cannot merge or replace", go_syntax(id));
    append(std::move(resource));
    return;
  }
  if (matches.size() > 1) {
    throw make_error(ErrorKind::input, "found multiple objects {} that could accept merge of {}", matches.size(), to_string(id));
  }
  Resource& old = resources_[matches.front()];
  if (!joins) {
    throw make_error(ErrorKind::input, "id {} exists; can not use behavior: '{}', behavior must be merge or replace",
                     go_syntax(id), to_string(resource.behavior));
  }
  const bool merges = resource.behavior == GeneratorBehavior::merge;
  if (merges && id.gvk.kind == "Secret" && id.gvk.api_version() == "v1") normalize_string_data(old.document);
  const auto own_origin = resource.origin;
  take_identity(resource, old, compat);
  if (merges) {
    merge_data(resource.document, old.document);
    if (old.origin) resource.origin = old.origin;
  } else if (own_origin) {
    resource.origin = own_origin;
  }
  old = std::move(resource);
  ids_changed();
}

void ResourceMap::absorb_all(ResourceMap other) {
  for (auto& resource : other) absorb(std::move(resource));
}

void ResourceMap::remove_empty() {
  const auto first = std::remove_if(resources_.begin(), resources_.end(), [](const Resource& r) { return r.empty(); });
  if (first == resources_.end()) return;
  resources_.erase(first, resources_.end());
  ids_changed();
}

void ResourceMap::keep_only(const std::vector<bool>& keep) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < resources_.size(); ++i) {
    if (!keep[i]) continue;
    if (kept != i) resources_[kept] = std::move(resources_[i]);
    ++kept;
  }
  resources_.resize(kept);
  ids_changed();
}

void ResourceMap::index(std::size_t position) const {
  const Resource& resource = resources_[position];
  auto add = [&](std::string_view kind, std::string_view name) {
    auto& positions = by_kind_and_name_[key_of(kind, name)];
    if (positions.empty() || positions.back() != position) positions.push_back(static_cast<std::uint32_t>(position));
  };
  add(resource.kind(), resource.name());
  for (const auto& previous : resource.previous_names) add(previous.kind, previous.name);
}

void ResourceMap::index_name(std::size_t position) const {
  const Resource& resource = resources_[position];
  auto add = [&](const std::string& name) {
    auto& positions = by_name_[name];
    if (positions.empty() || positions.back() != position) positions.push_back(static_cast<std::uint32_t>(position));
  };
  add(resource.name());
  for (const auto& previous : resource.previous_names) add(previous.name);
}

void ResourceMap::index_up_to_date() const {
  for (; indexed_ < resources_.size(); ++indexed_) index(indexed_);
}

template <typename Matches>
std::vector<std::size_t> ResourceMap::find(const ResId& id, Matches matches) const {
  index_up_to_date();
  std::vector<std::size_t> found;
  const auto entry = by_kind_and_name_.find(key_of(id.gvk.kind, id.name));
  if (entry == by_kind_and_name_.end()) return found;
  for (const auto position : entry->second) {
    if (matches(resources_[position])) found.push_back(position);
  }
  return found;
}

std::vector<std::size_t> ResourceMap::find_current(const ResId& id) const {
  return find(id, [&](const Resource& resource) { return id == resource.current_id(); });
}

std::vector<std::size_t> ResourceMap::find_any(const ResId& id) const {
  return find(id, [&](const Resource& resource) {
    if (resource.empty()) return false;
    if (id == resource.current_id()) return true;
    const auto& names = resource.previous_names;
    return std::any_of(names.begin(), names.end(), [&](const auto& previous) { return id == resource.previous_id(previous); });
  });
}

std::vector<std::size_t> ResourceMap::find_named(const std::string& name) const {
  for (; names_indexed_ < resources_.size(); ++names_indexed_) index_name(names_indexed_);
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::vector<std::size_t>()
                                 : std::vector<std::size_t>(found->second.begin(), found->second.end());
}

std::vector<std::size_t> ResourceMap::find_any_kind_and_name(const ResId& id) const {
  return find(id, [&](const Resource& resource) {
    if (resource.empty()) return false;
    if (id.same_kind_and_name(resource.current_id())) return true;
    const auto& names = resource.previous_names;
    return std::any_of(names.begin(), names.end(),
                       [&](const auto& previous) { return id.same_kind_and_name(resource.previous_id(previous)); });
  });
}

std::size_t ResourceMap::get_by_any(const ResId& id) const {
  const auto found = find_any(id);
  if (found.size() == 1) return found.front();
  throw make_error(ErrorKind::input, "{} for Id {}; failed to find unique target for patch {}",
                   found.empty() ? "no matches" : "multiple matches", to_string(id), to_string(id));
}

}  // namespace kfrun::kustomize
