// The resources of a build in their order, found by id in constant time (kustomize's ResMap).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kustomize/compat.h"
#include "kustomize/resource.h"

namespace kfrun::kustomize {

class ResourceMap {
 public:
  ResourceMap() = default;
  // Throws when two have the same id.
  explicit ResourceMap(std::vector<Resource> resources);

  std::size_t size() const { return resources_.size(); }
  bool empty() const { return resources_.empty(); }
  // For changing resources in place. Whoever changes an id calls ids_changed() afterwards.
  std::vector<Resource>& all() { return resources_; }
  const std::vector<Resource>& all() const { return resources_; }
  auto begin() { return resources_.begin(); }
  auto end() { return resources_.end(); }
  auto begin() const { return resources_.begin(); }
  auto end() const { return resources_.end(); }
  Resource& operator[](std::size_t position) { return resources_[position]; }
  const Resource& operator[](std::size_t position) const { return resources_[position]; }

  // Throws "may not add resource with an already registered id: ID".
  void append(Resource resource);
  void append_all(ResourceMap other);
  // Adds what a generator made, by its behavior: create, or merge with or replace the one of that id.
  void absorb(Resource resource, const Compat& compat = latest_release());
  void absorb_all(ResourceMap other);
  void remove_empty();
  // Keeps the resources at the positions where `keep` is true.
  void keep_only(const std::vector<bool>& keep);
  // The lookup tables are made anew at the next lookup.
  void ids_changed() {
    indexed_ = names_indexed_ = 0;
    by_kind_and_name_.clear();
    by_name_.clear();
  }

  // Positions, ascending.
  std::vector<std::size_t> find_current(const ResId& id) const;
  // Resources that have or had that id.
  std::vector<std::size_t> find_any(const ResId& id) const;
  // Resources that have or had that name, whatever their kind.
  std::vector<std::size_t> find_named(const std::string& name) const;
  // Resources that have or had that id, without regard to the namespace.
  std::vector<std::size_t> find_any_kind_and_name(const ResId& id) const;
  // The only resource that has or had that id. Throws "no matches for Id ID; failed to find unique target for patch ID" or
  // "multiple matches for Id ...".
  std::size_t get_by_any(const ResId& id) const;

 private:
  template <typename Matches>
  std::vector<std::size_t> find(const ResId& id, Matches matches) const;
  void index_up_to_date() const;
  void index(std::size_t position) const;
  void index_name(std::size_t position) const;

  std::vector<Resource> resources_;
  using Index = std::unordered_map<std::string, std::vector<std::uint32_t>>;
  // Positions of the resources that have or had a kind and name, for the first `indexed_` resources.
  mutable Index by_kind_and_name_;
  mutable std::size_t indexed_ = 0;
  // The same by name alone; only made when it is asked for.
  mutable Index by_name_;
  mutable std::size_t names_indexed_ = 0;
};

}  // namespace kfrun::kustomize
