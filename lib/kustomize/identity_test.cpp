#include "kustomize/identity.h"

#include "base/test.h"
#include "document/reader.h"

using namespace kfrun;
using namespace kfrun::kustomize;

namespace {

ResId id_of(const std::string& text) { return ResId::of(document::read_yaml(text, "r.yaml").at(0)); }

}  // namespace

TEST_CASE("ids print and read back in kustomize's form") {
  auto id = id_of("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
  CHECK(to_string(id) == "ConfigMap.v1.[noGrp]/a.[noNs]");
  CHECK(parse_res_id(to_string(id)) == id);
  auto role = id_of("apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a.b, namespace: n}\n");
  CHECK(to_string(role) == "Role.v1.rbac.authorization.k8s.io/a.b.n");
  CHECK(parse_res_id(to_string(role)) == role);
  CHECK(parse_res_id(to_string(role)).name == "a.b");
  CHECK(to_string(ResId{}) == "[noKind].[noVer].[noGrp]/[noName].[noNs]");
}

TEST_CASE("missing and odd identity fields are empty text") {
  auto id = id_of("kind: X\nmetadata: {name: 123, namespace: null}\n");
  CHECK(id.gvk.version.empty());
  CHECK(id.name == "123");
  CHECK(id.namespace_.empty());
  CHECK(id_of("kind: X\n").name.empty());
}

TEST_CASE("builtin kinds know their scope, unknown kinds count as namespaced") {
  CHECK(scope_of("v1", "Namespace") == Scope::cluster);
  CHECK(scope_of("v1", "ConfigMap") == Scope::namespaced);
  CHECK(scope_of("rbac.authorization.k8s.io/v1", "ClusterRole") == Scope::cluster);
  CHECK(scope_of("example.com/v1", "Namespace") == Scope::unknown);
  CHECK(id_of("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n").effective_namespace() == kNoNamespace);
  CHECK(id_of("apiVersion: e.com/v1\nkind: Foo\nmetadata: {name: a}\n").effective_namespace() == "default");
}

TEST_CASE("no namespace and the namespace default are the same id") {
  auto bare = id_of("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
  auto with_default = id_of("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n");
  auto other = id_of("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n");
  CHECK(bare == with_default);
  CHECK(std::hash<ResId>{}(bare) == std::hash<ResId>{}(with_default));
  CHECK_FALSE(bare == other);
  CHECK(other.is_selected_by(ResId{{"", "", "ConfigMap"}, "", ""}));
  CHECK_FALSE(other.is_selected_by(ResId{{"", "", "ConfigMap"}, "", "default"}));
}

TEST_CASE("kinds and ids are ordered as kustomize's legacy order does") {
  auto make = [](const char* version, const char* kind) { return Gvk::make(version, kind); };
  CHECK(order_key(make("v1", "Namespace")) < order_key(make("apps/v1", "Deployment")));
  CHECK(order_key(make("apps/v1", "Deployment")) < order_key(make("a.io/v1", "Foo")));
  CHECK(order_key(make("a.io/v1", "Foo")) < order_key(make("v1", "Foo")));
  CHECK(order_key(make("v1", "Foo")) < order_key(make("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")));
  CHECK(sort_key(make("v1", "Pod")) == "~G_v1_Pod");
  CHECK(sort_key(id_of("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n")) == "Deployment.v1.apps|~X|a");
}
