#include "kustomize/kustomize.h"

#include "base/test.h"
#include "base/text.h"

using namespace kfrun;
using namespace kfrun::kustomize;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

MemoryFileSystem tree(const Files& files) {
  MemoryFileSystem made;
  for (const auto& [path, text] : files) made.add(path, text);
  return made;
}

std::string built(const Files& files, const std::string& path = "/app", const BuildOptions& options = {}) {
  return to_yaml(build(tree(files), path, options));
}

std::string fault(const Files& files, const std::string& path = "/app") {
  try {
    return built(files, path);
  } catch (const Error& error) {
    return std::string("Error: ") + error.what();
  }
}

std::string config_map(const std::string& name, const std::string& more = "") {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n" + more;
}

const std::string kDeployment = R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: main
        image: nginx
        envFrom:
        - configMapRef: {name: settings}
)";

}  // namespace

TEST_CASE("resources come out sorted by kind, or as they are listed") {
  const Files files = {{"/app/kustomization.yaml", "resources: [b.yaml, n.yaml]\n"},
                       {"/app/b.yaml", config_map("b")},
                       {"/app/n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n"}};
  CHECK(built(files) == "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: \"n\"\n---\n" + config_map("b"));
  BuildOptions options;
  options.reorder = Order::none;
  CHECK(built(files, "/app", options) == config_map("b") + "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: \"n\"\n");
}

TEST_CASE("a generated name carries a hash, and references follow it") {
  const std::string text =
      built({{"/app/kustomization.yaml",
              "namePrefix: pre-\nresources: [d.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [a=1, 'b=x y', c=]\n"},
             {"/app/d.yaml", kDeployment}});
  CHECK_THAT(text, ContainsSubstring("name: pre-settings-kb4d8bh49t\n---"));
  CHECK_THAT(text, ContainsSubstring("        - configMapRef:\n            name: pre-settings-kb4d8bh49t\n"));
}

TEST_CASE("an overlay merges into what its base generates, and hashes the result once") {
  const std::string text = built(
      {{"/base/kustomization.yaml", "configMapGenerator: [{name: s, literals: [a=1, b=2]}]\n"},
       {"/app/kustomization.yaml", "resources: [../base]\nconfigMapGenerator: [{name: s, behavior: merge, literals: [b=3]}]\n"}});
  CHECK_THAT(text, ContainsSubstring("data:\n  a: \"1\"\n  b: \"3\"\n"));
  CHECK(split(text, '-').size() == 2);  // one suffix
}

TEST_CASE("patches find their targets by id or by expression") {
  const Files files = {{"/app/kustomization.yaml", R"(resources: [d.yaml, c.yaml]
patches:
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec: {template: {spec: {containers: [{name: side, image: s}]}}}
- target: {kind: Config.*, name: a|b}
  patch: '[{"op": "add", "path": "/metadata/annotations/x", "value": "y"}]'
)"},
                       {"/app/d.yaml", kDeployment},
                       {"/app/c.yaml", config_map("a") + "---\n" + config_map("ab")}};
  const std::string text = built(files);
  CHECK_THAT(text, ContainsSubstring("- image: s\n        name: side\n      - envFrom:"));
  CHECK_THAT(text, ContainsSubstring("metadata:\n  annotations:\n    x: \"y\"\n  name: a\n"));
  CHECK_THAT(text, ContainsSubstring("metadata:\n  name: ab\n"));
}

TEST_CASE("vars are replaced by the field they name, and keep its type when they stand alone") {
  const std::string text =
      built({{"/app/kustomization.yaml",
              "resources: [s.yaml, d.yaml]\nvars:\n- name: PORT\n  objref: {apiVersion: v1, kind: Service, name: s}\n"
              "  fieldref: {fieldPath: 'spec.ports[0].port'}\n"},
             {"/app/s.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n"},
             {"/app/d.yaml", replace_all(kDeployment, "        envFrom:\n        - configMapRef: {name: settings}\n",
                                         "        args: [$(PORT), '--p=$(PORT)', $$(PORT), $(NO)]\n")}});
  CHECK_THAT(text, ContainsSubstring("- args:\n        - 80\n        - --p=80\n        - $(PORT)\n        - $(NO)\n"));
}

// As kustomize 5.8.2 prints it: a created field has no type of its own, and the search for $(NAME) makes a string of it.
TEST_CASE("a number that a replacement put into a new field is a string where vars are looked for") {
  const auto value = [](const std::string& vars) {
    const std::string text = built(
        {{"/app/kustomization.yaml", "resources: [s.yaml, d.yaml]\n" + vars +
                                         "replacements:\n- source: {kind: Service, name: s, fieldPath: spec.ports.0.port}\n"
                                         "  targets:\n  - select: {kind: Deployment}\n    fieldPaths: "
                                         "['spec.template.spec.containers.0.env.[name=P].value']\n    options: {create: true}\n"},
         {"/app/s.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n"},
         {"/app/d.yaml", kDeployment}});
    const auto at = text.find("value: ");
    return at == std::string::npos ? text : text.substr(at, text.find('\n', at) - at);
  };
  CHECK(value("") == "value: 80");
  CHECK(value("vars: [{name: V, objref: {apiVersion: v1, kind: Service, name: s}}]\n") == "value: \"80\"");
}

TEST_CASE("components work on what is already there") {
  const std::string text =
      built({{"/app/kustomization.yaml", "resources: [c.yaml]\ncomponents: [../more]\n"},
             {"/app/c.yaml", config_map("a")},
             {"/more/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -x\n"}});
  CHECK(text == config_map("a-x"));
}

TEST_CASE("lists are flattened, and local configuration is left out") {
  const std::string text =
      built({{"/app/kustomization.yaml", "resources: [l.yaml]\n"},
             {"/app/l.yaml",
              "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, "
              "kind: ConfigMap, metadata: {name: l, annotations: {config.kubernetes.io/local-config: 'true'}}}\n"}});
  CHECK(text == config_map("a"));
}

TEST_CASE("deprecated fields are told in the order they are met, also when the build fails") {
  std::vector<std::string> told;
  BuildOptions options;
  options.on_warning = [&](const std::string& warning) { told.push_back(warning); };
  const Files files = {{"/app/kustomization.yaml", "commonLabels: {a: b}\nbases: [../base]\n"},
                       {"/base/kustomization.yaml", "resources: [nope.yaml]\nvars: [{name: X, objref: {kind: Z, name: z}}]\n"}};
  CHECK_THROWS(built(files, "/app", options));
  REQUIRE(told.size() == 3);
  CHECK_THAT(told[0], ContainsSubstring("'bases' is deprecated"));
  CHECK_THAT(told[2], ContainsSubstring("'replacements' instead. [EXPERIMENTAL] Run"));
}

TEST_CASE("faults are told in kustomize's words") {
  CHECK(fault({{"/app/x", ""}}) ==
        "Error: unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/app'");
  CHECK(fault({{"/app/kustomization.yaml", "foo: 1\n"}}) == "Error: invalid Kustomization: json: unknown field \"foo\"");
  CHECK(fault({{"/app/kustomization.yaml", "patches: [{target: {kind: 5}}]\n"}}) ==
        "Error: invalid Kustomization: json: cannot unmarshal number into Go struct field Selector.patches.target.ResId.Gvk.kind "
        "of type "
        "string");
  CHECK(fault({{"/app/kustomization.yaml", "kind: Kustomization\n"}}) == "Error: kustomization.yaml is empty");
  CHECK_THAT(fault({{"/app/kustomization.yaml", "resources: [../c.yaml]\n"}, {"/c.yaml", config_map("c")}}),
             ContainsSubstring("security; file '/c.yaml' is not in or below '/app'"));
  CHECK_THAT(fault({{"/app/kustomization.yaml", "resources: [b]\n"}, {"/app/b/kustomization.yaml", "resources: [../]\n"}}),
             ContainsSubstring("cycle detected: candidate root '/app' contains visited root '/app/b'"));
  CHECK_THAT(
      fault({{"/app/kustomization.yaml", "resources: [c.yaml]\n"}, {"/app/c.yaml", config_map("c") + "---\n" + config_map("c")}}),
      ContainsSubstring("may not add resource with an already registered id: ConfigMap.v1.[noGrp]/c.[noNs]"));
  CHECK_THAT(fault({{"/app/kustomization.yaml", "resources: [c.yaml]\n"}, {"/app/c.yaml", "a: [\n"}}),
             ContainsSubstring("MalformedYAMLError: yaml: line"));
}

TEST_CASE("a slip in a field's name has a place and a hint") {
  try {
    built({{"/app/kustomization.yaml", "resources: []\nnamePrefx: a\n"}});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(to_string(error.place()) == "/app/kustomization.yaml:2:1");
    REQUIRE(error.hints().size() == 1);
    CHECK(error.hints()[0] == "did you mean \"namePrefix\"?");
  }
}

TEST_CASE("a missing file's hint is the name that is almost the same") {
  try {
    built({{"/app/kustomization.yaml", "resources: [depoyment.yaml]\n"}, {"/app/deployment.yaml", kDeployment}});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.hints() == std::vector<std::string>{"did you mean 'deployment.yaml'?"});
  }
}

TEST_CASE("files are only read where the restriction lets them be") {
  const Files files = {{"/app/kustomization.yaml", "resources: [../c.yaml]\n"}, {"/c.yaml", config_map("c")}};
  BuildOptions options;
  options.load_restriction = LoadRestriction::none;
  CHECK(built(files, "/app", options) == config_map("c"));
}

TEST_CASE("many files are read by several threads, in the order they are listed") {
  Files files = {{"/app/kustomization.yaml", "resources:\n"}};
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    const auto name = fmt::format("c{:03}", i);
    files[0].second += "- " + name + ".yaml\n";
    files.emplace_back("/app/" + name + ".yaml", config_map(name));
    expected += (i > 0 ? "---\n" : "") + config_map(name);
  }
  CHECK(built(files) == expected);
}

TEST_CASE("patches find what patches before them renamed, by both names") {
  // kustomize 5.8.2
  CHECK(built({{"/app/r.yaml", config_map("a")}, {"/app/kustomization.yaml", R"(
resources: [r.yaml]
patches:
- target: {kind: ConfigMap, name: a}
  patch: "- {op: replace, path: /metadata/name, value: b-1}"
- target: {name: b-1}
  patch: "- {op: add, path: /data, value: {x: now}}"
- target: {name: a}
  patch: "- {op: add, path: /data/y, value: before}"
- target: {name: b.1}
  patch: "- {op: add, path: /data/z, value: expression}"
- target: {name: b}
  patch: "- {op: add, path: /data/w, value: never}"
)"}}) == "apiVersion: v1\ndata:\n  x: now\n  \"y\": before\n  z: expression\nkind: ConfigMap\nmetadata:\n  name: b-1\n");
}

TEST_CASE("what kustomize logs has the time before it, its other warnings have none") {
  const Files files = {
      {"/app/kustomization.yaml",
       "sortOptions: {order: fifo}\nresources: [a.yaml]\nvars:\n- name: UNUSED\n  objref: {apiVersion: v1, kind: ConfigMap, "
       "name: a}\n"},
      {"/app/a.yaml", config_map("a")}};
  BuildOptions options;
  options.reorder = Order::legacy;
  options.log_stamp = [] { return std::string("2026/11/24 23:35:07 "); };
  const auto warnings = build(tree(files), "/app", options).warnings;
  REQUIRE(warnings.size() == 3);
  CHECK(warnings[0].starts_with("# Warning: 'vars' is deprecated."));
  CHECK(warnings[1] == "2026/11/24 23:35:07 well-defined vars that were never replaced: UNUSED");
  CHECK(warnings[2] ==
        "2026/11/24 23:35:07 Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag "
        "('--reorder'). Using the kustomization file over the CLI flag.");
  options.reorder.reset();
  options.log_stamp = nullptr;
  CHECK(build(tree(files), "/app", options).warnings.back() == "well-defined vars that were never replaced: UNUSED");
}

TEST_CASE("a NUL does not end the name of a file") {
  MemoryFileSystem files;
  files.add("/app/a.yaml", "kind: A\n");
  for (const auto restriction : {LoadRestriction::root_only, LoadRestriction::none}) {
    BuildOptions options;
    options.load_restriction = restriction;
    files.add("/app/kustomization.yaml", "configMapGenerator: [{name: c, files: [\"k=a.yaml\\0\"]}]\n");
    CHECK_THROWS_WITH(build(files, "/app", options), ContainsSubstring("loading KV pairs"));
  }
}
