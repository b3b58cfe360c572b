#include "kustomize/identity.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "base/text.h"
#include "kustomize/scope_table.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kNoGroup = "[noGrp]";
constexpr std::string_view kNoVersion = "[noVer]";
constexpr std::string_view kNoKind = "[noKind]";
constexpr std::string_view kNoName = "[noName]";
constexpr std::string_view kNoNamespaceText = "[noNs]";

std::string_view or_else(std::string_view text, std::string_view fallback) { return text.empty() ? fallback : text; }
std::string unless(std::string_view text, std::string_view placeholder) { return text == placeholder ? "" : std::string(text); }

std::string concat(std::initializer_list<std::string_view> parts) {
  std::string out;
  std::size_t size = 0;
  for (auto part : parts) size += part.size();
  out.reserve(size);
  for (auto part : parts) out += part;
  return out;
}

constexpr std::string_view kEarlyKinds[] = {
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
};
constexpr std::string_view kLateKinds[] = {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"};

// Where kustomize puts a kind: below 0 comes early, above 0 late.
int type_order(std::string_view kind) {
  if (auto it = std::find(std::begin(kEarlyKinds), std::end(kEarlyKinds), kind); it != std::end(kEarlyKinds)) {
    return static_cast<int>(it - std::end(kEarlyKinds));
  }
  if (auto it = std::find(std::begin(kLateKinds), std::end(kLateKinds), kind); it != std::end(kLateKinds)) {
    return static_cast<int>(it - std::begin(kLateKinds)) + 1;
  }
  return 0;
}

std::size_t combine(std::size_t seed, std::string_view text) {
  return seed ^ (std::hash<std::string_view>{}(text) + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2));
}

}  // namespace

Gvk Gvk::make(std::string group, std::string version, std::string kind) {
  Gvk gvk{std::move(group), std::move(version), std::move(kind)};
  gvk.cluster_scoped = scope_of(gvk.api_version(), gvk.kind) == Scope::cluster;
  return gvk;
}

Gvk Gvk::make(std::string_view api_version, std::string kind) {
  auto [group, version] = split_api_version(api_version);
  Gvk gvk{std::move(group), std::move(version), std::move(kind)};
  gvk.cluster_scoped = scope_of(api_version, gvk.kind) == Scope::cluster;
  return gvk;
}

Gvk Gvk::of(const Node& resource) { return make(resource.text_of("apiVersion"), resource.text_of("kind")); }

std::string Gvk::api_version() const { return group.empty() ? version : concat({group, "/", version}); }

bool Gvk::is_selected_by(const Gvk& selector) const {
  return (selector.group.empty() || selector.group == group) && (selector.version.empty() || selector.version == version) &&
         (selector.kind.empty() || selector.kind == kind);
}

bool Gvk::operator==(const Gvk& other) const { return kind == other.kind && group == other.group && version == other.version; }

std::pair<std::string, std::string> split_api_version(std::string_view api_version) {
  auto slash = api_version.find('/');
  if (slash == std::string_view::npos) return {"", std::string(api_version)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1))};
}

std::string to_string(const Gvk& gvk) {
  return concat({or_else(gvk.kind, kNoKind), ".", or_else(gvk.version, kNoVersion), ".", or_else(gvk.group, kNoGroup)});
}

Gvk parse_gvk(std::string_view text) {
  auto first = text.find('.');
  auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return {std::string(kNoGroup), std::string(kNoVersion), std::string(kNoKind)};
  return Gvk::make(unless(text.substr(second + 1), kNoGroup), unless(text.substr(first + 1, second - first - 1), kNoVersion),
                   unless(text.substr(0, first), kNoKind));
}

Scope scope_of(std::string_view api_version, std::string_view kind) {
  auto rows = scope_table();
  auto key = [](const ScopeRow& row) { return std::pair(row.kind, row.api_version); };
  auto it = std::lower_bound(rows.begin(), rows.end(), std::pair(kind, api_version),
                             [&](const ScopeRow& row, const auto& wanted) { return key(row) < wanted; });
  if (it == rows.end() || it->kind != kind || it->api_version != api_version) return Scope::unknown;
  return it->cluster ? Scope::cluster : Scope::namespaced;
}

std::string sort_key(const Gvk& gvk) {
  return concat({or_else(gvk.group, "~G"), "_", or_else(gvk.version, "~V"), "_", or_else(gvk.kind, "~K")});
}

std::span<const std::string_view> early_kinds() { return kEarlyKinds; }
std::span<const std::string_view> late_kinds() { return kLateKinds; }

std::pair<int, std::string> order_key(const Gvk& gvk) { return {type_order(gvk.kind), sort_key(gvk)}; }

ResId ResId::of(const Node& resource) {
  return {Gvk::of(resource), metadata_text(resource, "name"), metadata_text(resource, "namespace")};
}

std::string_view ResId::effective_namespace() const {
  if (gvk.cluster_scoped) return kNoNamespace;
  return namespace_.empty() ? kDefaultNamespace : std::string_view(namespace_);
}

bool ResId::is_in_default_namespace() const {
  return !gvk.cluster_scoped && (namespace_.empty() || namespace_ == kDefaultNamespace);
}

bool ResId::is_selected_by(const ResId& selector) const {
  return (selector.name.empty() || selector.name == name) && (selector.namespace_.empty() || selector.same_namespace(*this)) &&
         gvk.is_selected_by(selector.gvk);
}

std::string to_string(const ResId& id) {
  return concat({to_string(id.gvk), "/", or_else(id.name, kNoName), ".", or_else(id.namespace_, kNoNamespaceText)});
}

ResId parse_res_id(std::string_view text) {
  auto slash = text.find('/');
  ResId id{parse_gvk(text.substr(0, slash)), "", ""};
  if (slash == std::string_view::npos) return id;
  auto rest = text.substr(slash + 1);
  rest = rest.substr(0, rest.find('/'));
  auto dot = rest.rfind('.');
  id.namespace_ = unless(dot == std::string_view::npos ? rest : rest.substr(dot + 1), kNoNamespaceText);
  id.name = unless(dot == std::string_view::npos ? std::string_view() : rest.substr(0, dot), kNoName);
  return id;
}

std::string sort_key(const ResId& id) {
  return concat({to_string(id.gvk), "|", or_else(id.namespace_, "~X"), "|", or_else(id.name, "~N")});
}

std::string metadata_text(const Node& resource, std::string_view field) {
  const Node* value = resource.find_path({"metadata", field});
  return value == nullptr || value->is_null() ? std::string() : value->text();
}

}  // namespace kfrun::kustomize

std::size_t std::hash<kfrun::kustomize::Gvk>::operator()(const kfrun::kustomize::Gvk& gvk) const noexcept {
  using kfrun::kustomize::combine;
  return combine(combine(combine(0, gvk.group), gvk.version), gvk.kind);
}

std::size_t std::hash<kfrun::kustomize::ResId>::operator()(const kfrun::kustomize::ResId& id) const noexcept {
  using kfrun::kustomize::combine;
  return combine(combine(std::hash<kfrun::kustomize::Gvk>{}(id.gvk), id.effective_namespace()), id.name);
}
