#include "kustomize/explain.h"

#include "base/files.h"
#include "base/test.h"
#include "document/writer.h"
#include "kustomize/explain_path.h"

using namespace kfrun;
using namespace kfrun::kustomize;

namespace {

MemoryFileSystem overlay() {
  MemoryFileSystem files;
  files.add("/app/base/kustomization.yaml", "resources: [web.yaml]\nconfigMapGenerator:\n- name: page\n  literals: [a=1]\n");
  files.add("/app/base/web.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n"
            "      containers:\n      - name: a\n        image: a:1\n        envFrom: [{configMapRef: {name: page}}]\n"
            "      - name: b\n        image: b:1\n        tty: true\n");
  files.add(
      "/app/prod/kustomization.yaml",
      "namePrefix: p-\nresources:\n- ../base\npatchesStrategicMerge:\n- other.yaml\n- web.yaml\nimages:\n- name: a\n  newTag: "
      "\"3\"\n"
      "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: remove\n      path: /spec/template/spec/containers/1/tty\n"
      "replicas:\n- name: web\n  count: 4\n");
  files.add("/app/prod/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page}\ndata: {b: \"2\"}\n");
  files.add("/app/prod/web.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 2\n  template:\n    spec:\n"
            "      containers:\n      - name: a\n        image: a:2\n");
  return files;
}

std::string explained(const std::string& query) { return to_text(explain(overlay(), "/app/prod", {}, query)); }

std::vector<std::string> paths_of(const std::string& query) {
  std::vector<std::string> paths;
  for (const auto& field : explain(overlay(), "/app/prod", {}, query)) paths.push_back(field.path);
  return paths;
}

// The error's message and hints.
std::string refusal(const std::string& query) {
  try {
    explained(query);
  } catch (const Error& error) {
    std::string text = error.what();
    for (const auto& hint : error.hints()) text += " | " + hint;
    return text;
  }
  return "";
}

}  // namespace

TEST_CASE("a field's chain begins where it was read and names each layer that changed it") {
  CHECK(explained("Deployment/web:spec.replicas") ==
        "Deployment/p-web:spec.replicas: 4\n"
        "  ../base/web.yaml:6:13: read: 1\n"
        "  web.yaml:6:13: patchesStrategicMerge: 1 -> 2\n"
        "  kustomization.yaml:16:3: replicas[0]: 2 -> 4\n");
  CHECK(explained("Deployment/p-web:spec.template.spec.containers[name=a].image") ==
        "Deployment/p-web:spec.template.spec.containers[name=a].image: a:3\n"
        "  ../base/web.yaml:11:16: read: a:1\n"
        "  web.yaml:11:16: patchesStrategicMerge: a:1 -> a:2\n"
        "  kustomization.yaml:7:1: images: a:2 -> a:3\n");
}

TEST_CASE("generated names, references to them and removed fields are followed too") {
  CHECK(explained("ConfigMap/page:data") ==
        "ConfigMap/p-page-" + explain(overlay(), "/app/prod", {}, "ConfigMap/page:metadata.name").at(0).value->text().substr(7) +
            ":data: {\"a\":\"1\",\"b\":\"2\"}\n"
            "  ../base/kustomization.yaml:3:3: configMapGenerator[0]: {\"a\":\"1\"}\n"
            "  other.yaml:4:7: patchesStrategicMerge: {\"a\":\"1\"} -> {\"a\":\"1\",\"b\":\"2\"}\n");
  const auto reference =
      explain(overlay(), "/app/prod", {}, "Deployment:spec/template/spec/containers/envFrom/configMapRef/name").at(0);
  REQUIRE(reference.chain.size() == 2);
  CHECK(reference.chain[1].by == "name references");
  CHECK(reference.chain[1].from->text() == "page");
  CHECK(reference.value->text().substr(0, 7) == "p-page-");
  const auto removed = explain(overlay(), "/app/prod", {}, "Deployment/web:spec.template.spec.containers[name=b].tty").at(0);
  CHECK_FALSE(removed.value);
  REQUIRE(removed.chain.size() == 2);
  CHECK(removed.chain[1].by == "patches[0]");
  CHECK_FALSE(removed.chain[1].to);
}

TEST_CASE("paths have the terms of replacements, of field specs, and brackets behind their list") {
  const std::vector<std::string> both{"spec.template.spec.containers[name=a].image",
                                      "spec.template.spec.containers[name=b].image"};
  CHECK(paths_of("Deployment/web:spec.template.spec.containers.*.image") == both);
  CHECK(paths_of("Deployment/web:spec/template/spec/containers/image") == both);
  CHECK(paths_of("Deployment/web:spec.template.spec.containers.[name=b].image") == std::vector<std::string>{both[1]});
  CHECK(paths_of("Deployment/web:spec.template.spec.containers[1].image") == std::vector<std::string>{both[1]});
  CHECK(parse_explain_query("Deployment.v1.apps/web.[noNs]:a").name == "web");
  CHECK(parse_explain_query("ConfigMap/ns/a:data.[x.y]").steps == std::vector<std::string>{"data", "x.y"});
}

TEST_CASE("an index is that of the final build, and its element is followed by its key") {
  auto files = overlay();
  files.add("/app/mesh/kustomization.yaml", "kind: Component\npatches:\n- path: sidecar.yaml\n");
  files.add("/app/mesh/sidecar.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n"
            "      containers:\n      - name: proxy\n        image: proxy:1\n        args: [x, y]\n");
  files.add("/app/meshed/kustomization.yaml", "resources: [../base]\ncomponents: [../mesh]\n");
  const auto text = [&](const std::string& field) {
    return to_text(explain(files, "/app/meshed", {}, "Deployment/web:spec.template.spec." + field));
  };
  const std::string proxy =
      "Deployment/web:spec.template.spec.containers[name=proxy].image: proxy:1\n"
      "  ../mesh/sidecar.yaml:10:16: patches[0]: proxy:1\n";
  CHECK(text("containers[0].image") == proxy);
  CHECK(text("containers[name=proxy].image") == proxy);
  CHECK(text("containers.1.image") ==
        "Deployment/web:spec.template.spec.containers[name=a].image: a:1\n  ../base/web.yaml:11:16: read: a:1\n");
  CHECK(text("containers[0].args[1]") ==
        "Deployment/web:spec.template.spec.containers[name=proxy].args[1]: y\n"
        "  ../mesh/sidecar.yaml:11:19: patches[0]: y\n");
  CHECK_THROWS_AS(text("containers[3].image"), Error);
}

TEST_CASE("what is not there is refused with what is") {
  CHECK(refusal("Deployment").find("expected KIND[/[NAMESPACE/]NAME]:FIELD") != std::string::npos);
  CHECK(refusal("Deploymnt/web:spec") == "--explain: there is no Deploymnt in the output | did you mean 'Deployment'?");
  CHECK(refusal("Deployment/wep:spec") == "--explain: there is no Deployment 'wep' in the output | of this kind there are p-web");
  CHECK(refusal("Deployment/web:spec.replica") ==
        "--explain: Deployment 'p-web' has no field 'spec.replica', now or on the way | did you mean 'replicas' instead of "
        "'replica'? | "
        "'spec' has replicas, template");
}

TEST_CASE("the document for scripts leaves out what is not known") {
  const auto fields = explain(overlay(), "/app/prod", {}, "Deployment/web:spec.replicas");
  const auto node = to_node(fields);
  CHECK(document::write_json(node.items()[0].find("chain")->items()[0]) ==
        "{\"by\":\"read\",\"file\":\"../base/web.yaml\",\"line\":6,\"column\":13,\"to\":1}");
  CHECK(document::write_json(*node.items()[0].find("resource")) ==
        "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"p-web\"}");
}
