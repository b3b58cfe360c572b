// What names a resource: group, version and kind; and with name and namespace, its id. The forms, comparisons and sort keys are
// kustomize's (kyaml/resid), because they reach the output through ordering and error texts.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "document/node.h"

namespace kfrun::kustomize {

struct Gvk {
  std::string group;
  std::string version;
  std::string kind;
  // Known to be cluster-scoped. Only make() sets it; the ids a user wrote down (selectors, replacement sources) leave it unset,
  // and kustomize compares them so.
  bool cluster_scoped = false;

  // With cluster_scoped looked up.
  static Gvk make(std::string group, std::string version, std::string kind);
  // "apps/v1" and "Deployment".
  static Gvk make(std::string_view api_version, std::string kind);
  // From apiVersion and kind of a resource, whatever is there.
  static Gvk of(const document::Node& resource);

  // "apps/v1", "v1".
  std::string api_version() const;
  // Whether every part that `selector` names is the same here.
  bool is_selected_by(const Gvk& selector) const;
  bool empty() const { return group.empty() && version.empty() && kind.empty(); }
  // Group, version and kind; cluster_scoped follows from them.
  bool operator==(const Gvk& other) const;
};

// "apps/v1" -> {"apps", "v1"}; "v1" -> {"", "v1"}.
std::pair<std::string, std::string> split_api_version(std::string_view api_version);
// "Deployment.v1.apps", with [noKind], [noVer] and [noGrp] for what is missing.
std::string to_string(const Gvk& gvk);
// The reverse of to_string().
Gvk parse_gvk(std::string_view text);
// Whether the kind is certainly cluster-scoped, certainly not, or unknown (custom resources).
enum class Scope { cluster, namespaced, unknown };
Scope scope_of(std::string_view api_version, std::string_view kind);

// "apps_v1_Deployment", with ~G, ~V and ~K for what is missing: kinds are ordered by this text.
std::string sort_key(const Gvk& gvk);
// The kinds that kustomize puts first, in their order, and those that it puts last.
std::span<const std::string_view> early_kinds();
std::span<const std::string_view> late_kinds();
// The order in which kustomize puts kinds (Namespace first, webhook configurations last, others by sort_key).
std::pair<int, std::string> order_key(const Gvk& gvk);

struct ResId {
  Gvk gvk;
  std::string name;
  std::string namespace_;

  // The current id of a resource: metadata.name and metadata.namespace, "" when they are missing.
  static ResId of(const document::Node& resource);

  // "_non_namespaceable_" for cluster-scoped kinds, "default" for none, else the namespace.
  std::string_view effective_namespace() const;
  bool is_in_default_namespace() const;
  bool same_namespace(const ResId& other) const { return effective_namespace() == other.effective_namespace(); }
  // The same kind and name, whatever the namespace.
  bool same_kind_and_name(const ResId& other) const { return name == other.name && gvk == other.gvk; }
  // Whether every part that `selector` names is the same here.
  bool is_selected_by(const ResId& selector) const;
  bool empty() const { return gvk.empty() && name.empty() && namespace_.empty(); }
  // The same kind, name and effective namespace.
  bool operator==(const ResId& other) const { return same_namespace(other) && same_kind_and_name(other); }
};

inline constexpr std::string_view kDefaultNamespace = "default";
inline constexpr std::string_view kNoNamespace = "_non_namespaceable_";

// "ConfigMap.v1.[noGrp]/a.[noNs]".
std::string to_string(const ResId& id);
// The reverse of to_string().
ResId parse_res_id(std::string_view text);
// "Deployment.v1.apps|namespace|name", with ~X and ~N for what is missing: resources of one kind are ordered by this text.
std::string sort_key(const ResId& id);

// metadata.name or another text field of metadata, "" when there is none (or null).
std::string metadata_text(const document::Node& resource, std::string_view field);

}  // namespace kfrun::kustomize

template <>
struct std::hash<kfrun::kustomize::Gvk> {
  std::size_t operator()(const kfrun::kustomize::Gvk& gvk) const noexcept;
};
// Agrees with ResId::operator==: the effective namespace counts.
template <>
struct std::hash<kfrun::kustomize::ResId> {
  std::size_t operator()(const kfrun::kustomize::ResId& id) const noexcept;
};
