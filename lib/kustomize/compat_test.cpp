#include "kustomize/compat.h"

#include <cstdlib>

#include "base/files.h"
#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/hash.h"
#include "kustomize/kustomize.h"
#include "kustomize/transform_images.h"
#include "kustomize/transformer_config.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using document::Node;

namespace {

Node read(const std::string& text) { return document::read_yaml(text, "r.yaml").at(0); }

std::string built(const MemoryFileSystem& files, const Compat& compat) {
  BuildOptions options;
  options.compat = &compat;
  return to_yaml(build(files, "/app", options));
}

// What each release makes of the same files.
void compare(const MemoryFileSystem& files, const std::string& latest, const std::string& old) {
  CHECK(built(files, latest_release()) == latest);
  CHECK(built(files, find_release("3.2.0")) == old);
}

const Compat& old() { return find_release("3.2.0"); }

}  // namespace

TEST_CASE("releases are found by name, with or without v; others are refused with the known ones") {
  CHECK(find_release("5.8.2").release == latest_release().release);
  CHECK(find_release("v3.2.0").release == "3.2.0");
  CHECK_THROWS_WITH(find_release("4.0.0"), "--compat 4.0.0: the behaviour of that release is not known; known are 3.2.0, 5.8.2");
}

TEST_CASE("the hash of 3.2.0 covers the name, that of today does not") {
  // kustomize's own hasher_test.go of 3.2.0: objects without a name.
  CHECK(content_hash(read("kind: ConfigMap\ndata: {}\n"), old()) == "42745tchd9");
  CHECK(content_hash(read("kind: ConfigMap\ndata: {one: \"\"}\n"), old()) == "9g67k2htb6");
  CHECK(content_hash(read("kind: ConfigMap\n"), old()) == "dk855m5d49");
  CHECK(content_hash(read("kind: Secret\ntype: my-type\ndata: {one: \"\"}\n"), old()) == "74bd68bm66");
  const auto named = read("kind: ConfigMap\nmetadata: {name: cm2}\ndata: {a: \"1\", b: x y, c: \"\"}\n");
  CHECK(content_hash(named, old()) == "gf88kfm45c");
  CHECK(content_hash(named, latest_release()) == "kb4d8bh49t");
}

TEST_CASE("images change by the rules of their release") {
  const auto after = [](const Compat& compat, const std::string& text, ImageChange change) {
    Node node = read(text);
    ImageTransformer({std::move(change)}, compat).apply(node, default_transformer_config(compat).images);
    return document::write_yaml(node);
  };
  const std::string pod = "kind: A\ncontainers:\n- image: host:5000/a:1\n";
  const ImageChange both{"host:5000/a", "", "2", "sha256:ff", ""};
  CHECK(after(old(), pod, both) == "containers:\n- image: host:5000/a@sha256:ff\nkind: A\n");
  CHECK(after(latest_release(), pod, both) == "containers:\n- image: host:5000/a:2@sha256:ff\nkind: A\n");
  // Below a list of containers 3.2.0 looks no further.
  const std::string nested = "kind: A\ncontainers: []\nx:\n  containers:\n  - image: a:1\n";
  const ImageChange tag{"a", "", "2", "", ""};
  CHECK(after(old(), nested, tag) == "containers: []\nkind: A\nx:\n  containers:\n  - image: a:1\n");
  CHECK(after(latest_release(), nested, tag) == "containers: []\nkind: A\nx:\n  containers:\n  - image: a:2\n");
}

TEST_CASE("fields that came after 3.2.0 are not among its defaults") {
  const auto config = default_transformer_config(old());
  CHECK(config.images.empty());
  CHECK(config.common_labels.size() + 2 == default_transformer_config().common_labels.size());
  std::size_t referrers = 0;
  for (const auto& reference : config.name_references) referrers += reference.referrers.size();
  CHECK(referrers == 136);  // one of them stands twice in the table of 5.8.2
  CHECK(config.var_references.size() == 62);
}

TEST_CASE("manifests are YAML 1.1 in 3.2.0, and keep their annotations as they are") {
  MemoryFileSystem files;
  files.add("/app/kustomization.yaml", "resources: [a.yaml]\n");
  files.add("/app/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {}\ndata:\n  k: yes\n  text: |\n    last");
  compare(files, "apiVersion: v1\ndata:\n  k: \"yes\"\n  text: last\nkind: ConfigMap\nmetadata:\n  name: a\n",
          "apiVersion: v1\ndata:\n  k: true\n  text: |\n    last\nkind: ConfigMap\nmetadata:\n  annotations: {}\n  name: a\n");
}

TEST_CASE("patches merge by the rules of their release") {
  MemoryFileSystem files;
  files.add("/app/kustomization.yaml", "resources: [a.yaml]\npatchesStrategicMerge: [p.yaml]\n");
  files.add(
      "/app/a.yaml",
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {containers: [{name: a}, {name: b}, "
      "{name: c}]}}}\n");
  files.add("/app/p.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: ~}\nspec: {template: {spec: {containers: "
            "[{name: z}, "
            "{name: c}, {name: a}]}}}\n");
  const std::string head =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  template:\n    spec:\n      containers:\n";
  compare(files, head + "      - name: z\n      - name: c\n      - name: a\n      - name: b\n",
          head + "      - name: z\n      - name: b\n      - name: c\n      - name: a\n");
}

TEST_CASE("directives of patches are checked as apimachinery checks them") {
  const auto patched = [](const std::string& spec) {
    MemoryFileSystem files;
    files.add("/app/kustomization.yaml", "resources: [a.yaml]\npatchesStrategicMerge: [p.yaml]\n");
    const std::string head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n";
    files.add("/app/a.yaml", head +
                                 "spec: {strategy: {type: A, rollingUpdate: {maxSurge: 1}}, template: {spec: {containers: "
                                 "[{name: a}, {name: b}]}}}\n");
    files.add("/app/p.yaml", head + "spec: {" + spec + "}\n");
    return built(files, old());
  };
  const auto in_pod = [&](const std::string& fields) { return patched("template: {spec: {" + fields + "}}"); };
  const std::string end = "  template:\n    spec:\n      containers:\n";
  CHECK_THAT(in_pod("$setElementOrder/containers: [{name: b}, {name: a}]"),
             ContainsSubstring(end + "      - name: b\n      - name: a\n"));
  CHECK_THROWS_WITH(in_pod("$setElementOrder/containers: b"),
                    ContainsSubstring("expected a []interface {}, but received a string"));
  CHECK_THROWS_WITH(in_pod("$setElementOrder/containers: [{name: b}], containers: {name: b}"),
                    ContainsSubstring("expected a []interface {}, but received a map[string]interface {}"));
  CHECK_THROWS_WITH(in_pod("$setElementOrder/containers: [{name: b}, {name: a}], containers: [{name: a}, {name: b}]"),
                    ContainsSubstring("The order in patch list doesn't match $setElementOrder/ list"));
  CHECK_THAT(patched("strategy: {$retainKeys: [type], type: B}"), ContainsSubstring("  strategy:\n    type: B\n"));
  CHECK_THROWS_WITH(patched("strategy: {$retainKeys: [rollingUpdate], type: B}"),
                    ContainsSubstring("invalid patch format of retainKeys"));
}
