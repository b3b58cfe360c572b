#include "kustomize/compat_3_2_0.h"

#include <algorithm>
#include <string_view>

#include "document/merge_kubernetes.h"

namespace kfrun::kustomize {

namespace {

using document::Node;

// A kind that client-go 11 (Kubernetes 1.14) registers in its scheme. Its lists merge as those of today's `schema_of`, where that
// kind has left the API since; compared field by field, the merge keys of the two releases are the same.
struct KnownKind {
  std::string_view kind;
  std::string_view api_version;
  std::string_view schema_of;  // "" for its own apiVersion
};
// clang-format off
constexpr KnownKind kKnownKinds[] = {
    {"AuditSink", "auditregistration.k8s.io/v1alpha1", ""},
    {"CSIDriver", "storage.k8s.io/v1beta1", ""},
    {"CSINode", "storage.k8s.io/v1beta1", ""},
    {"CertificateSigningRequest", "certificates.k8s.io/v1beta1", ""},
    {"ClusterRole", "rbac.authorization.k8s.io/v1", ""},
    {"ClusterRole", "rbac.authorization.k8s.io/v1alpha1", "rbac.authorization.k8s.io/v1"},
    {"ClusterRole", "rbac.authorization.k8s.io/v1beta1", ""},
    {"ClusterRoleBinding", "rbac.authorization.k8s.io/v1", ""},
    {"ClusterRoleBinding", "rbac.authorization.k8s.io/v1alpha1", "rbac.authorization.k8s.io/v1"},
    {"ClusterRoleBinding", "rbac.authorization.k8s.io/v1beta1", ""},
    {"ComponentStatus", "v1", ""},
    {"ConfigMap", "v1", ""},
    {"ControllerRevision", "apps/v1", ""},
    {"ControllerRevision", "apps/v1beta1", "apps/v1"},
    {"ControllerRevision", "apps/v1beta2", "apps/v1"},
    {"CronJob", "batch/v1beta1", ""},
    {"CronJob", "batch/v2alpha1", "batch/v1beta1"},
    {"DaemonSet", "apps/v1", ""},
    {"DaemonSet", "apps/v1beta2", "apps/v1"},
    {"DaemonSet", "extensions/v1beta1", "apps/v1"},
    {"Deployment", "apps/v1", ""},
    {"Deployment", "apps/v1beta1", "apps/v1"},
    {"Deployment", "apps/v1beta2", "apps/v1"},
    {"Deployment", "extensions/v1beta1", "apps/v1"},
    {"Endpoints", "v1", ""},
    {"HorizontalPodAutoscaler", "autoscaling/v1", ""},
    {"HorizontalPodAutoscaler", "autoscaling/v2beta1", ""},
    {"HorizontalPodAutoscaler", "autoscaling/v2beta2", ""},
    {"Ingress", "extensions/v1beta1", ""},
    {"Ingress", "networking.k8s.io/v1beta1", ""},
    {"Job", "batch/v1", ""},
    {"Lease", "coordination.k8s.io/v1", ""},
    {"Lease", "coordination.k8s.io/v1beta1", ""},
    {"LimitRange", "v1", ""},
    {"LocalSubjectAccessReview", "authorization.k8s.io/v1", ""},
    {"LocalSubjectAccessReview", "authorization.k8s.io/v1beta1", ""},
    {"MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1beta1", ""},
    {"Namespace", "v1", ""},
    {"NetworkPolicy", "extensions/v1beta1", "networking.k8s.io/v1"},
    {"NetworkPolicy", "networking.k8s.io/v1", ""},
    {"Node", "v1", ""},
    {"PersistentVolume", "v1", ""},
    {"PersistentVolumeClaim", "v1", ""},
    {"Pod", "v1", ""},
    {"PodDisruptionBudget", "policy/v1beta1", ""},
    {"PodPreset", "settings.k8s.io/v1alpha1", ""},
    {"PodSecurityPolicy", "extensions/v1beta1", "policy/v1beta1"},
    {"PodSecurityPolicy", "policy/v1beta1", ""},
    {"PodTemplate", "v1", ""},
    {"PriorityClass", "scheduling.k8s.io/v1", ""},
    {"PriorityClass", "scheduling.k8s.io/v1alpha1", "scheduling.k8s.io/v1"},
    {"PriorityClass", "scheduling.k8s.io/v1beta1", ""},
    {"ReplicaSet", "apps/v1", ""},
    {"ReplicaSet", "apps/v1beta2", "apps/v1"},
    {"ReplicaSet", "extensions/v1beta1", "apps/v1"},
    {"ReplicationController", "v1", ""},
    {"ResourceQuota", "v1", ""},
    {"Role", "rbac.authorization.k8s.io/v1", ""},
    {"Role", "rbac.authorization.k8s.io/v1alpha1", "rbac.authorization.k8s.io/v1"},
    {"Role", "rbac.authorization.k8s.io/v1beta1", ""},
    {"RoleBinding", "rbac.authorization.k8s.io/v1", ""},
    {"RoleBinding", "rbac.authorization.k8s.io/v1alpha1", "rbac.authorization.k8s.io/v1"},
    {"RoleBinding", "rbac.authorization.k8s.io/v1beta1", ""},
    {"RuntimeClass", "node.k8s.io/v1alpha1", "node.k8s.io/v1beta1"},
    {"RuntimeClass", "node.k8s.io/v1beta1", ""},
    {"Secret", "v1", ""},
    {"SelfSubjectAccessReview", "authorization.k8s.io/v1", ""},
    {"SelfSubjectAccessReview", "authorization.k8s.io/v1beta1", ""},
    {"SelfSubjectRulesReview", "authorization.k8s.io/v1", ""},
    {"SelfSubjectRulesReview", "authorization.k8s.io/v1beta1", ""},
    {"Service", "v1", ""},
    {"ServiceAccount", "v1", ""},
    {"StatefulSet", "apps/v1", ""},
    {"StatefulSet", "apps/v1beta1", "apps/v1"},
    {"StatefulSet", "apps/v1beta2", "apps/v1"},
    {"StorageClass", "storage.k8s.io/v1", ""},
    {"StorageClass", "storage.k8s.io/v1beta1", ""},
    {"SubjectAccessReview", "authorization.k8s.io/v1", ""},
    {"SubjectAccessReview", "authorization.k8s.io/v1beta1", ""},
    {"TokenRequest", "authentication.k8s.io/v1", ""},
    {"TokenReview", "authentication.k8s.io/v1", ""},
    {"TokenReview", "authentication.k8s.io/v1beta1", ""},
    {"ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1beta1", ""},
    {"VolumeAttachment", "storage.k8s.io/v1", ""},
    {"VolumeAttachment", "storage.k8s.io/v1alpha1", "storage.k8s.io/v1"},
    {"VolumeAttachment", "storage.k8s.io/v1beta1", ""},
};
// clang-format on

const KnownKind* find_kind(std::string_view api_version, std::string_view kind) {
  const auto found = std::find_if(std::begin(kKnownKinds), std::end(kKnownKinds),
                                  [&](const KnownKind& known) { return known.kind == kind && known.api_version == api_version; });
  return found == std::end(kKnownKinds) ? nullptr : &*found;
}

}  // namespace

document::MergeResult merge_as_3_2_0(Node& target, const Node& patch, const document::MergeSchema& schema) {
  const auto api_version = patch.text_of("apiVersion");
  const auto kind = patch.text_of("kind");
  if (const KnownKind* known = find_kind(api_version, kind)) {
    const auto position = schema.resource(known->schema_of.empty() ? api_version : known->schema_of, kind);
    return document::merge_kubernetes(target, patch, schema, position);
  }
  document::merge_json(target, patch);
  return document::MergeResult::kept;
}

}  // namespace kfrun::kustomize
