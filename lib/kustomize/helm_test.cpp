// The helm program is played by a script that writes down what it is given.
#include "kustomize/helm.h"

#include <filesystem>

#include "base/temporary_directory.h"
#include "base/test.h"
#include "base/text.h"
#include "kustomize/kustomize.h"

using namespace kfrun;
using namespace kfrun::kustomize;

namespace {

constexpr const char* kScript = R"(#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/calls"
case "$1" in
version) echo "${FAKE_VERSION:-v3.19.2+g1}" ;;
pull) mkdir -p "$4/web"; echo "from: repository" > "$4/web/values.yaml" ;;
template)
  if [ "$2" = broken ]; then echo "Error: boom" >&2; exit 3; fi
  for word in "$@"; do case "$word" in *-kustomize-values.yaml) cp "$word" "$here/values" ;; esac; done
  echo "HELM_CONFIG_HOME=$HELM_CONFIG_HOME HELM_CACHE_HOME=$HELM_CACHE_HOME HELM_DATA_HOME=$HELM_DATA_HOME" > "$here/homes"
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n---\n# nothing\n' "$2" ;;
esac
)";

class Tree {
 public:
  Tree() : directory_("kfrun-helm-test-") {
    add("helm", kScript);
    std::filesystem::permissions(path("helm"), std::filesystem::perms::owner_all);
  }
  std::string path(const std::string& name) const { return join_path(directory_.path(), name); }
  void add(const std::string& name, const std::string& text) {
    make_directories(directory_of(path(name)));
    write_file(path(name), text);
  }
  void add_chart(const std::string& values) { add("k/charts/web/values.yaml", values); }
  std::string build(const std::string& kustomization) {
    add("k/kustomization.yaml", kustomization);
    return to_yaml(kustomize::build(disk(), path("k"), options()));
  }
  std::string fault(const std::string& kustomization) {
    try {
      build(kustomization);
    } catch (const Error& error) {
      return replace_all(error.what(), directory_.path(), "ROOT");
    }
    return "";
  }
  BuildOptions options() const {
    BuildOptions made;
    made.enable_helm = true;
    made.helm_command = path("helm");
    return made;
  }
  // The last call of helm.
  std::string call() const {
    const auto lines = split(disk().read(path("calls")), '\n');
    return replace_all(lines.at(lines.size() - 2), directory_.path(), "ROOT");
  }
  std::string values() const { return disk().read(path("values")); }

 private:
  TemporaryDirectory directory_;
};

std::string config_map(const std::string& name) { return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n"; }

}  // namespace

TEST_CASE("helm gets every field in kustomize's order, and a home") {
  Tree tree;
  tree.add_chart("a: 1\n");
  tree.add("k/more.yaml", "b: 1\n");
  CHECK(tree.build(R"(
helmGlobals: {configHome: /tmp/some-home}
helmCharts:
- {name: web, releaseName: rel, namespace: apps, nameTemplate: t, additionalValuesFiles: [more.yaml], apiVersions: [a/v1, b/v1],
   kubeVersion: "1.30", includeCRDs: true, skipTests: true, skipHooks: true, debug: true, devel: true, version: "1"}
)") == config_map("rel"));
  const std::string call = tree.call();
  CHECK(call.starts_with("template rel ROOT/k/charts/web --namespace apps --name-template t -f "));
  CHECK(call.ends_with(
      "/web-kustomize-values.yaml -f ROOT/k/more.yaml --api-versions a/v1 --api-versions b/v1 --kube-version 1.30 --include-crds "
      "--skip-tests --no-hooks --debug --devel"));
  CHECK(disk().read(tree.path("homes")) ==
        "HELM_CONFIG_HOME=/tmp/some-home HELM_CACHE_HOME=/tmp/some-home/.cache HELM_DATA_HOME=/tmp/some-home/.data\n");
  CHECK(tree.values() == "a: 1\n");
}

TEST_CASE("the values of the file and the inline ones are put together as asked") {
  Tree tree;
  tree.add_chart("image: {tag: \"1\", pull: Always}\ngone: {a: 1}\nlist: [1]\n");
  const auto chart = [](const std::string& how) {
    return "helmCharts: [{name: web, releaseName: rel, valuesMerge: " + how +
           ", valuesInline: {image: {tag: 2, on: yes}, gone: null, list: [2]}}]\n";
  };
  tree.build(chart("override"));
  CHECK(tree.values() == "image:\n  pull: Always\n  tag: 2\n  \"true\": true\nlist:\n- 2\n");
  tree.build(chart("merge"));
  CHECK(tree.values() == "gone:\n  a: 1\nimage:\n  pull: Always\n  tag: \"1\"\n  \"true\": true\nlist:\n- 1\n");
  tree.build(chart("replace"));
  CHECK(tree.values() == "gone: null\nimage:\n  tag: 2\n  \"true\": true\nlist:\n- 2\n");
}

TEST_CASE("a chart that is not there is pulled into a home of its version") {
  Tree tree;
  CHECK(tree.build("helmCharts: [{name: web, releaseName: rel, repo: 'https://charts.example.com', version: 1.2.3}]\n") ==
        config_map("rel"));
  CHECK(disk()
            .read(tree.path("calls"))
            .find("pull --untar --untardir " + tree.path("k/charts/web-1.2.3") +
                  " --repo https://charts.example.com web --version 1.2.3\n") != std::string::npos);
  CHECK(tree.values() == "from: repository\n");
  tree.build("helmCharts: [{name: web, releaseName: rel, repo: 'oci://registry.example.com/x/'}]\n");
  CHECK(disk().read(tree.path("calls")).find("/k/charts oci://registry.example.com/x/web\n") != std::string::npos);
}

TEST_CASE("the namespace above is helm's business") {
  Tree tree;
  tree.add("k/base/charts/web/values.yaml", "");
  tree.add("k/base/kustomization.yaml", "helmCharts: [{name: web, releaseName: rel}]\n");
  CHECK(tree.build("namespace: outer\nresources: [base]\n") == config_map("rel"));
  CHECK(tree.call().find("--namespace outer") != std::string::npos);
}

TEST_CASE("the old field and the plugin configuration do the same") {
  Tree tree;
  tree.add_chart("");
  CHECK(tree.build("helmChartInflationGenerator: [{chartName: web, releaseName: old}]\n") == config_map("old"));
  tree.add("k/generator.yaml",
           "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\nname: web\nreleaseName: plugin\n");
  CHECK(tree.build("generators: [generator.yaml]\n") == config_map("plugin"));
}

TEST_CASE("faults around helm are told in kustomize's words") {
  Tree tree;
  const std::string configuring = "trouble configuring builtin HelmChartInflationGenerator with config: `\n";
  CHECK(tree.fault("helmCharts: [{name: nope, releaseName: r}]\n") == "no repo specified for pull, no chart found at ''");
  CHECK(tree.fault("helmCharts: [{name: web, releaseName: -x}]\n") ==
        configuring + "name: web\nreleaseName: -x\n`: releaseName must not start with '-', got \"-x\"");
  CHECK(tree.fault("helmCharts: [{releaseName: x}]\n") == configuring + "releaseName: x\n`: chart name cannot be empty");
  CHECK(tree.fault("helmCharts: [{name: web, valuesMerge: add}]\n") ==
        configuring + "name: web\nvaluesMerge: add\n`: valuesMerge must be one of [merge override replace]");
  tree.add_chart("");
  const std::string failed = tree.fault("helmGlobals: {configHome: /h}\nhelmCharts: [{name: web, releaseName: broken}]\n");
  CHECK(failed.starts_with("Error: boom\n: unable to run: 'ROOT/helm template broken ROOT/k/charts/web -f "));
  CHECK(
      failed.ends_with("with env=[HELM_CONFIG_HOME=/h HELM_CACHE_HOME=/h/.cache HELM_DATA_HOME=/h/.data] (is 'ROOT/helm' "
                       "installed?): exit status 3"));
}

TEST_CASE("no helm is run unless the user says so") {
  Tree tree;
  tree.add("k/kustomization.yaml", "helmCharts: [{name: web}]\n");
  CHECK_THROWS_AS(kustomize::build(disk(), tree.path("k")), Error);
  CHECK_FALSE(disk().is_file(tree.path("calls")));
}

TEST_CASE("a helm of another age is refused") {
  Tree tree;
  tree.add("helm", "#!/bin/sh\necho v2.17.0\n");
  std::filesystem::permissions(tree.path("helm"), std::filesystem::perms::owner_all);
  CHECK(tree.fault("helmCharts: [{name: web}]\n") == "this plugin requires helm V3 or V4 but got v2.17.0");
}
