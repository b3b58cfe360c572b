#include "kustomize/compat.h"

#include <string>

#include "base/error.h"
#include "base/text.h"
#include "kustomize/compat_3_2_0.h"
#include "kustomize/identity.h"

namespace kfrun::kustomize {

namespace {

// pkg/gvk/gvk.go
constexpr std::string_view kEarly320[] = {"Namespace",
                                          "ResourceQuota",
                                          "StorageClass",
                                          "CustomResourceDefinition",
                                          "MutatingWebhookConfiguration",
                                          "ServiceAccount",
                                          "PodSecurityPolicy",
                                          "Role",
                                          "ClusterRole",
                                          "RoleBinding",
                                          "ClusterRoleBinding",
                                          "ConfigMap",
                                          "Secret",
                                          "Service",
                                          "LimitRange",
                                          "PriorityClass",
                                          "Deployment",
                                          "StatefulSet",
                                          "CronJob",
                                          "PodDisruptionBudget"};
constexpr std::string_view kLate320[] = {"ValidatingWebhookConfiguration"};

constexpr LaterField kLaterThan320[] = {
    {"commonLabels", "", "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", ""},
    {"images", "", "", ""},
    {"namespace", "Namespace", "", ""},
    {"namespace", "APIService", "", ""},
    {"namespace", "CustomResourceDefinition", "", ""},
    {"varReference", "", "*nfs/server", ""},
    {"varReference", "", "*metadata/annotations", ""},
    {"nameReference", "", "", "StatefulSet"},
    {"nameReference", "PodTemplate", "", ""},
    {"nameReference", "Node", "", ""},
    {"nameReference", "Role", "rules/resourceNames", "ConfigMap"},
    {"nameReference", "ClusterRole", "rules/resourceNames", "ConfigMap"},
    {"nameReference", "Ingress", "*fastcgi-params-configmap", ""},
    {"nameReference", "Service", "*env/valueFrom/secretKeyRef/name", ""},
    {"nameReference", "PersistentVolume", "spec/azureFile/secretName", ""},
    {"nameReference", "Ingress", "*backend/service/name", ""},
    {"nameReference", "Ingress", "spec/defaultBackend/service/name", ""},
    {"nameReference", "", "", "PriorityClass"},
    {"nameReference", "", "", "IngressClass"},
    {"nameReference", "", "", "ValidatingAdmissionPolicy"},
};

Compat make_5_8_2() {
  Compat compat;
  compat.release = "5.8.2";
  compat.early_kinds = early_kinds();
  compat.late_kinds = late_kinds();
  compat.core_namespaces_first = true;
  compat.hash_has_name = false;
  compat.wraps_base64 = true;
  compat.trims_all_quotes = false;
  compat.env_files_read_environment = false;
  compat.absorbing_keeps_options = false;
  compat.memory_in_annotations = true;
  compat.manifests_are_yaml_1_1 = false;
  compat.merge = document::merge_strategic;
  compat.patches_set_namespace = false;
  compat.shares_label_values = true;
  compat.namespaces_keep_names = true;
  compat.old_image_rules = false;
  compat.patches_may_be_paths = false;
  compat.warns_of_deprecated = true;
  compat.drops_local_config = true;
  compat.later_fields = {};
  return compat;
}

Compat make_3_2_0() {
  Compat compat;
  compat.release = "3.2.0";
  compat.early_kinds = kEarly320;
  compat.late_kinds = kLate320;
  compat.core_namespaces_first = false;
  compat.hash_has_name = true;
  compat.wraps_base64 = false;
  compat.trims_all_quotes = true;
  compat.env_files_read_environment = true;
  compat.absorbing_keeps_options = true;
  compat.memory_in_annotations = false;
  compat.manifests_are_yaml_1_1 = true;
  compat.merge = merge_as_3_2_0;
  compat.patches_set_namespace = true;
  compat.shares_label_values = false;
  compat.namespaces_keep_names = false;
  compat.old_image_rules = true;
  compat.patches_may_be_paths = true;
  compat.warns_of_deprecated = false;
  compat.drops_local_config = false;
  compat.later_fields = kLaterThan320;
  return compat;
}

const std::vector<Compat>& releases() {
  static const std::vector<Compat> all = {make_3_2_0(), make_5_8_2()};
  return all;
}

}  // namespace

const Compat& latest_release() { return releases().back(); }

std::vector<std::string_view> known_releases() {
  std::vector<std::string_view> names;
  for (const auto& compat : releases()) names.push_back(compat.release);
  return names;
}

const Compat& find_release(std::string_view release) {
  const auto wanted = release.starts_with('v') ? release.substr(1) : release;
  for (const auto& compat : releases()) {
    if (compat.release == wanted) return compat;
  }
  const auto known = known_releases();
  throw usage_error("--compat {}: the behaviour of that release is not known; known are {}", release,
                    join(std::vector<std::string>(known.begin(), known.end()), ", "));
}

}  // namespace kfrun::kustomize
