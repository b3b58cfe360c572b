#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/transform_images.h"
#include "kustomize/transform_metadata.h"
#include "kustomize/transform_namespace.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using document::Node;

namespace {

TransformerConfig config() { return default_transformer_config(); }

template <typename Change>
std::string after(const std::string& text, Change change) {
  Node node = document::read_yaml(text, "r.yaml").at(0);
  change(node);
  return document::write_yaml(node);
}

std::string with_namespace(const std::string& text, const NamespaceChange& change = {"ns"}) {
  return after(text, [&](Node& node) { transform_namespace(node, change, config().namespace_); });
}

std::string image_after(const std::string& image, const ImageChange& change, const std::string& field = "template") {
  Node node = document::read_yaml("kind: Deployment\nspec: {" + field + ": {spec: {image: x}}}\n", "r.yaml").at(0);
  node.find_path({"spec", field, "spec", "image"})->set_text(image);
  std::vector<ImageChange> changes{change};
  ImageTransformer(changes).apply(node, {FieldSpec({}, "spec/" + field + "/spec/image")});
  return node.find_path({"spec", field, "spec", "image"})->text();
}

}  // namespace

TEST_CASE("common labels reach metadata, selectors and templates; plain labels only metadata") {
  const std::string deployment = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec: {}\n";
  LabelSet all{{{"a", "1"}, {"b", "yes"}}, true, false, false, {}};
  CHECK(after(deployment, [&](Node& node) { transform_labels(node, all.pairs, label_fields(all, config())); }) ==
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    a: \"1\"\n    b: \"yes\"\nspec:\n  selector:\n    "
        "matchLabels:\n      a: \"1\"\n      b: \"yes\"\n  template:\n    metadata:\n      labels:\n        a: \"1\"\n        b: "
        "\"yes\"\n    spec: {}\n");
  LabelSet plain{{{"a", "1"}}, false, false, false, {}};
  CHECK(after(deployment, [&](Node& node) { transform_labels(node, plain.pairs, label_fields(plain, config())); }) ==
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    a: \"1\"\nspec:\n  template:\n    spec: {}\n");
  LabelSet conflicting{{{"a", "1"}}, false, false, false, {FieldSpec({}, "metadata/labels", false)}};
  CHECK_THROWS_WITH(label_fields(conflicting, config()), "failed to merge labels: conflicting fieldspecs");
  LabelSet in_template{{}, false, true, false, {FieldSpec({"", "", "Deployment"}, "spec/template/metadata/labels", false)}};
  CHECK_THROWS_WITH(label_fields(in_template, config()), "failed to merge template fieldSpec: conflicting fieldspecs");
}

TEST_CASE("a label that was set at several places at once changes at all of them") {
  // kustomize 5.8.2: an overlay's plain label reaches the selectors that its base's label made.
  const std::string deployment = "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {}}}\n";
  LabelSet base{{{"a", "1"}}, true, false, false, {}};
  LabelSet overlay{{{"a", "x"}, {"b", "y"}}, false, false, false, {}};
  CHECK(after(deployment,
              [&](Node& node) {
                transform_labels(node, base.pairs, label_fields(base, config()));
                transform_labels(node, overlay.pairs, label_fields(overlay, config()));
              }) ==
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    a: x\n    b: \"y\"\nspec:\n  selector:\n    "
        "matchLabels:\n      a: x\n  template:\n    metadata:\n      labels:\n        a: x\n    spec: {}\n");
}

TEST_CASE("a prefix keeps a number a number, and some kinds keep their names") {
  CHECK(after("kind: A\nmetadata: {name: 2}\n", [](Node& node) { add_prefix(node, "1", config().name_prefix[0]); }) ==
        "kind: A\nmetadata:\n  name: 12\n");
  CHECK(after("kind: A\nmetadata: {name: \"2\"}\n", [](Node& node) { add_suffix(node, "-x", config().name_suffix[0]); }) ==
        "kind: A\nmetadata:\n  name: 2-x\n");
  CHECK(keeps_name(Gvk{"", "v1", "Namespace"}));
  CHECK(keeps_name(Gvk{"apiregistration.k8s.io", "v1", "APIService"}));
  CHECK_FALSE(keeps_name(Gvk{"e.com", "v1", "APIService"}));
}

TEST_CASE("replicas become an integer whatever stood there") {
  CHECK(after("kind: Deployment\nspec: {replicas: \"3\"}\n", [](Node& node) { set_replicas(node, 5, config().replicas[0]); }) ==
        "kind: Deployment\nspec:\n  replicas: 5\n");
  CHECK(after("kind: Deployment\n", [](Node& node) { set_replicas(node, 5, config().replicas[0]); }) ==
        "kind: Deployment\nspec:\n  replicas: 5\n");
}

TEST_CASE("the namespace goes to namespaced kinds, Namespace names, APIServices and conversion webhooks") {
  CHECK(with_namespace("apiVersion: e.com/v1\nkind: A\nmetadata: {name: a}\n") ==
        "apiVersion: e.com/v1\nkind: A\nmetadata:\n  name: a\n  namespace: ns\n");
  CHECK(with_namespace("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n") ==
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns\n");
  CHECK(with_namespace("apiVersion: e.com/v1\nkind: Namespace\nmetadata: {name: a}\n") ==
        "apiVersion: e.com/v1\nkind: Namespace\nmetadata:\n  name: a\n  namespace: ns\n");
  CHECK(with_namespace("apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nspec: {service: {name: s}}\n") ==
        "apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nspec:\n  service:\n    name: s\n    namespace: ns\n");
  CHECK(with_namespace("apiVersion: v1\nkind: Pod\nmetadata: {namespace: old}\n", {"ns", true}) ==
        "apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: old\n");
}

TEST_CASE("subjects of role bindings follow by the mode") {
  const std::string binding =
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nsubjects: [{kind: ServiceAccount, name: default}, "
      "{kind: ServiceAccount, name: b}]\n";
  const std::string head =
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nsubjects:\n- kind: ServiceAccount\n  name: default\n";
  CHECK(with_namespace(binding) == head + "  namespace: ns\n- kind: ServiceAccount\n  name: b\n");
  CHECK(with_namespace(binding, {"ns", false, SubjectMode::all_service_accounts}) ==
        head + "  namespace: ns\n- kind: ServiceAccount\n  name: b\n  namespace: ns\n");
  CHECK(with_namespace(binding, {"ns", false, SubjectMode::none}) == head + "- kind: ServiceAccount\n  name: b\n");
  CHECK_THROWS_WITH(parse_subject_mode("x"), ContainsSubstring("invalid value \"x\" for setRoleBindingSubjects"));
}

TEST_CASE("a namespace field spec must lead to a scalar") {
  Node node = document::read_yaml("kind: A\nspec: {place: {x: 1}}\n", "r.yaml").at(0);
  CHECK_THROWS_WITH(transform_namespace(node, {"ns"}, {FieldSpec({}, "spec/place")}),
                    ContainsSubstring("namespace field specs must target scalar nodes: considering field 'spec/place'"));
  CHECK_THROWS_WITH(transform_namespace(node, {"ns"}, {FieldSpec({}, "kind/place")}),
                    ContainsSubstring("namespace transformation failed: considering field 'kind/place'"));
}

TEST_CASE("images are split at tag and digest, not at the port of the host") {
  auto parts = split_image("host:5000/a/b:1.2@sha256:ff");
  CHECK(parts.name == "host:5000/a/b");
  CHECK(parts.tag == "1.2");
  CHECK(parts.digest == "sha256:ff");
  CHECK(split_image("host:5000/a").tag.empty());
  CHECK(split_image("a@sha256:ff").digest == "sha256:ff");
}

TEST_CASE("names, tags and digests are replaced by kustomize's rules") {
  CHECK(image_after("nginx:1", {"nginx", "apache", "", "", ""}) == "apache:1");
  CHECK(image_after("nginx:1", {"nginx", "", "2", "", ""}) == "nginx:2");
  CHECK(image_after("nginx:1", {"nginx", "", "", "sha256:ff", ""}) == "nginx@sha256:ff");
  CHECK(image_after("nginx:1", {"nginx", "", "2", "sha256:ff", ""}) == "nginx:2@sha256:ff");
  CHECK(image_after("nginx@sha256:abc", {"nginx", "", "v9", "", ""}) == "nginx:v9");
  CHECK(image_after("nginx:1@sha256:abc", {"nginx", "a", "", "", ""}) == "a:1@sha256:abc");
  CHECK(image_after("redis:6", {"redis", "", "", "", "-alpine"}) == "redis:6-alpine");
  CHECK(image_after("docker.io/nginx:1", {"nginx", "", "2", "", ""}) == "docker.io/nginx:1");
  CHECK(image_after("nginx:1", {"ng.*", "", "2", "", ""}) == "nginx:2");
  CHECK(image_after("[:1", {"[", "", "2", "", ""}) == "[:1");
}

TEST_CASE("images in containers of any depth change, but not those of custom resource definitions") {
  std::vector<ImageChange> changes{{"a", "b", "", "", ""}};
  auto change = [&](Node& node) { ImageTransformer(changes).apply(node, config().images); };
  CHECK(after("kind: Foo\nx:\n- y: {initContainers: [{image: a}, {name: n}], containers: z}\n", change) ==
        "kind: Foo\nx:\n- \"y\":\n    containers: z\n    initContainers:\n    - image: b\n    - name: \"n\"\n");
  CHECK(after("kind: CustomResourceDefinition\ncontainers: [{image: a}]\n", change) ==
        "containers:\n- image: a\nkind: CustomResourceDefinition\n");
  CHECK_THROWS_WITH(after("kind: Foo\ncontainers: [a]\n", change),
                    ContainsSubstring("wrong node kind: expected MappingNode but got ScalarNode: node contents:\na\n"));
}
