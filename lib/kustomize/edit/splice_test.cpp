#include "kustomize/edit/splice.h"

#include "base/test.h"
#include "document/reader.h"
#include "kustomize/edit/edit.h"
#include "kustomize/edit/glob.h"

using namespace kfrun;
using namespace kfrun::kustomize;

namespace {

std::string edited(std::string_view text, const Change& change) {
  Words remarks;
  return edited_text(text, "kustomization.yaml", change, remarks);
}

std::string with_resources(std::string_view text, Words paths) {
  return edited(text, add_paths("resources", "resource", std::move(paths)));
}

std::string without_resources(std::string_view text, Words patterns) {
  return edited(text, remove_paths("resources", "resource", std::move(patterns)));
}

}  // namespace

TEST_CASE("an edit keeps comments, blank lines and the order of fields") {
  const std::string text =
      "# who runs it\nnamespace: old # the team's\n\nresources:  # all\n- a.yaml\n\n# the second\n- b.yaml   # b\n\n# images\n"
      "images:\n- digest: sha256:1 # pinned\n  name: web\n- name: zoo\n";
  CHECK(edited(text, set_namespace({"new"})) ==
        "# who runs it\nnamespace: new # the team's\n\nresources:  # all\n- a.yaml\n\n# the second\n- b.yaml   # b\n\n# images\n"
        "images:\n- digest: sha256:1 # pinned\n  name: web\n- name: zoo\n");
  CHECK(with_resources(text, {"c.yaml"}) ==
        "# who runs it\nnamespace: old # the team's\n\nresources:  # all\n- a.yaml\n\n# the second\n- b.yaml   # b\n- c.yaml\n\n"
        "# images\nimages:\n- digest: sha256:1 # pinned\n  name: web\n- name: zoo\n");
  CHECK(edited(text, set_images({"web=shop/web:2", "mid:1"})) ==
        "# who runs it\nnamespace: old # the team's\n\nresources:  # all\n- a.yaml\n\n# the second\n- b.yaml   # b\n\n# images\n"
        "images:\n- name: mid\n  newTag: \"1\"\n- name: web\n  newName: shop/web\n  newTag: \"2\"\n- name: zoo\n");
  CHECK(without_resources(text, {"*.yaml"}) ==
        "# who runs it\nnamespace: old # the team's\n\n\n# images\nimages:\n- digest: sha256:1 # pinned\n  name: web\n- name: "
        "zoo\n");
  CHECK(edited(text, set_name_prefix({"x-"})) == text + "namePrefix: x-\n");
}

TEST_CASE("an edit follows the indentation of a list") {
  CHECK(with_resources("resources:\n  - a\n  # - b\nnamespace: ns\n", {"c"}) ==
        "resources:\n  - a\n  - c\n  # - b\nnamespace: ns\n");
  CHECK(with_resources("resources:\n- a\n\nnamespace: ns\n", {"c", "d"}) == "resources:\n- a\n- c\n- d\n\nnamespace: ns\n");
  CHECK(edited("replicas:\n  -   count: 1\n      name: web\n", set_replicas({"web=3", "zoo=1"})) ==
        "replicas:\n  -   count: 3\n      name: web\n  - count: 1\n    name: zoo\n");
  CHECK(without_resources("resources:\n  - a\n  # about b\n  - b\n  - c\n", {"b"}) == "resources:\n  - a\n  # about b\n  - c\n");
  CHECK(edited("images:\n- name: a # it\n", set_images({"a:1@sha256:2"})) ==
        "images:\n- digest: sha256:2\n  name: a # it\n  newTag: \"1\"\n");
  CHECK(without_resources("resources:\n-\n  a\n- b\n", {"a"}) == "resources:\n- b\n");
}

TEST_CASE("an edit keeps line ends") {
  CHECK(with_resources("resources:\r\n- a\r\nnamespace: ns\r\n", {"b"}) == "resources:\r\n- a\r\n- b\r\nnamespace: ns\r\n");
  CHECK(edited("namespace: ns\r\n", set_images({"a=b:1"})) ==
        "namespace: ns\r\nimages:\r\n- name: a\r\n  newName: b\r\n  newTag: \"1\"\r\n");
  CHECK(with_resources("resources:\n- a", {"b"}) == "resources:\n- a\n- b");
  CHECK(edited("resources:\n- a", set_name_suffix({"-x"})) == "resources:\n- a\nnameSuffix: -x");
  CHECK(edited("namespace: ns", set_namespace({"m"})) == "namespace: m");
  CHECK(without_resources("namespace: ns\nresources:\n- a", {"a"}) == "namespace: ns\n");
  CHECK(edited("\xEF\xBB\xBFnamespace: ns\n", set_namespace({"m"})) == "\xEF\xBB\xBFnamespace: m\n");
}

TEST_CASE("an empty kustomization gets its type") {
  const std::string type = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
  CHECK(edited("", set_namespace({"ns"})) == type + "namespace: ns\n");
  CHECK(edited("# soon\n", set_namespace({"ns"})) == "# soon\n" + type + "namespace: ns\n");
  CHECK(edited("# soon", set_namespace({"ns"})) == "# soon\n" + type + "namespace: ns");
  CHECK(edited("---\n# soon\n", set_namespace({"ns"})) == "---\n# soon\n" + type + "namespace: ns\n");
  CHECK(without_resources("# all\nresources:\n- a\n", {"a"}) == "# all\n" + type);
}

TEST_CASE("flow style stays") {
  CHECK(with_resources("resources: [a, 'b']  # two\nnamespace: ns\n", {"c"}) == "resources: [a, 'b', c]  # two\nnamespace: ns\n");
  CHECK(with_resources("resources: []  # none\nnamespace: ns\n", {"c"}) == "resources:  # none\n- c\nnamespace: ns\n");
  CHECK(with_resources("resources: # none\n# yet\nnamespace: ns\n", {"c"}) == "resources: # none\n- c\n# yet\nnamespace: ns\n");
  CHECK(with_resources("resources: [\n  a,\n  b  # last\n]\n", {"c"}) == "resources: [\n  a,\n  b,\n  c  # last\n]\n");
  CHECK(without_resources("resources: [a, b, c]\n", {"a"}) == "resources: [b, c]\n");
  CHECK(without_resources("resources: [a, b, c]\n", {"c"}) == "resources: [a, b]\n");
  CHECK(without_resources("resources: [a, b, c]\n", {"[ab]"}) == "resources: [c]\n");
  CHECK(edited("images: [{name: a, newTag: '1'}, {name: c}]\n", set_images({"a:2", "b=x@sha256:9"})) ==
        "images: [{name: a, newTag: '2'}, {digest: \"sha256:9\", name: b, newName: x}, {name: c}]\n");
  CHECK(edited("{\"resources\": [\"a\"]}\n", set_labels({"app:web", "n:1"})) ==
        "{\"resources\": [\"a\"], \"commonLabels\": {\"app\":\"web\",\"n\":\"1\"}}\n");
}

TEST_CASE("quotes stay where they can") {
  CHECK(edited("namespace: 'a'\n", set_namespace({"b"})) == "namespace: 'b'\n");
  CHECK(edited("namespace: \"a\"\n", set_namespace({"b"})) == "namespace: \"b\"\n");
  CHECK(edited("namespace: a\n", set_namespace({"1e3"})) == "namespace: \"1e3\"\n");
  CHECK(edited("namePrefix: >-\n  a\n\n# end\n", set_name_prefix({"b-"})) == "namePrefix: b-\n\n# end\n");
  CHECK(edited("namePrefix:\nnamespace: ns\n", set_name_prefix({"b-"})) == "namePrefix: b-\nnamespace: ns\n");
  CHECK(edited("namespace: ns\n", add_labels({"a: b"}, {})) == "namespace: ns\ncommonLabels:\n  a: ' b'\n");
}

TEST_CASE("block texts end where they end") {
  const std::string patch = "patches:\n- patch: |-\n    a: b\n\n    c: d\n\n\n# next\nnamespace: ns\n";
  CHECK(edited(patch, add_patch({"p.yaml", "", "", "", "Deployment", "", "", "", ""})) ==
        "patches:\n- patch: |-\n    a: b\n\n    c: d\n- path: p.yaml\n  target:\n    kind: Deployment\n\n\n# next\nnamespace: "
        "ns\n");
  CHECK(edited("patches:\n- patch: |+\n    a\n\nnamespace: ns\n", add_patch({"p.yaml", "", "", "", "", "", "", "", ""})) ==
        "patches:\n- patch: |+\n    a\n\n- path: p.yaml\nnamespace: ns\n");
}

TEST_CASE("deprecated fields become their successors in place") {
  MemoryFileSystem files;
  files.add("p.yaml", "a: b\n");
  CHECK(edited(
            "# base\nbases:\n- ../base # it\npatchesStrategicMerge:\n# one\n- p.yaml # why\n- |-\n  x: y\ncommonLabels:\n  a: b\n"
            "namespace: ns\n",
            fix(files)) ==
        "# base\nresources:\n- ../base # it\npatches:\n# one\n- path: p.yaml # why\n- patch: 'x: y'\nlabels:\n- "
        "includeSelectors: true\n"
        "  pairs:\n    a: b\nnamespace: ns\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n");
}

TEST_CASE("what cannot be edited alone is refused") {
  CHECK_THROWS_WITH(with_resources("resources: &all\n- a\ncomponents: *all\n", {"b"}), ContainsSubstring("anchor"));
  CHECK_THROWS_WITH(with_resources("components: &all\n- a\nresources: *all\n", {"b"}), ContainsSubstring("anchor"));
  CHECK_THROWS_WITH(edited("namespace: a\nnamespace: b\n", set_namespace({"c"})), ContainsSubstring("twice"));
  CHECK_THROWS_WITH(edited("bar: a\n", set_namespace({"c"})), ContainsSubstring("invalid Kustomization: json: unknown field"));
  // An anchor elsewhere is no hindrance.
  CHECK(edited("resources: &all\n- a\ncomponents: *all\n", set_namespace({"ns"})) ==
        "resources: &all\n- a\ncomponents: *all\nnamespace: ns\n");
}

TEST_CASE("patterns are Go's") {
  CHECK(matches_pattern("*.yaml", "a.yaml"));
  CHECK(matches_pattern("a*b*c", "axxbyyc"));
  CHECK_FALSE(matches_pattern("a*b*c", "axxbyycd"));
  CHECK_FALSE(matches_pattern("*.yaml", "d/a.yaml"));
  CHECK(matches_pattern("*/*.yaml", "d/a.yaml"));
  CHECK(matches_pattern("?[a-c][^x]\\*",
                        "\xC3\xA9"
                        "by*"));
  CHECK_FALSE(matches_pattern("[a-c]", "d"));
  CHECK_FALSE(matches_pattern("a?", "a"));
  CHECK_THROWS_WITH(matches_pattern("[a", "b"), ContainsSubstring("syntax error in pattern"));
  MemoryFileSystem files;
  for (const auto* name : {"a.yaml", "b.yaml", ".c.yaml", "d/e.yaml", "d/f.txt"}) files.add(name, "");
  CHECK(matching_paths(files, "*.yaml") == Words{"a.yaml", "b.yaml"});
  CHECK(matching_paths(files, ".*.yaml") == Words{".c.yaml"});
  CHECK(matching_paths(files, "*/*.yaml") == Words{"d/e.yaml"});
  CHECK(matching_paths(files, "d") == Words{"d"});
  CHECK(matching_paths(files, "x").empty());
}

TEST_CASE("fields that stand twice stay, and only they cannot be edited") {
  const std::string text = "namePrefix: a-\nresources: [a.yaml]\nnamePrefix: b- # the last one counts\n";
  CHECK(with_resources(text, {"b.yaml"}) ==
        "namePrefix: a-\nresources: [a.yaml, b.yaml]\nnamePrefix: b- # the last one counts\n");
  CHECK(edited(text, set_namespace({"team"})) == text + "namespace: team\n");
  CHECK_THROWS_WITH(edited(text, set_name_prefix({"c-"})), ContainsSubstring("field 'namePrefix' stands twice"));
  CHECK(with_resources("components: a\ncomponents: c\ncomponents: [b]\n", {"b.yaml"}) ==
        "components: a\ncomponents: c\ncomponents: [b]\nresources:\n- b.yaml\n");
  CHECK_THROWS_WITH(edited(text, set_name_prefix({""})), ContainsSubstring("stands twice"));
}

TEST_CASE("an item that becomes another altogether is written anew") {
  const auto wanted = document::read_yaml("list:\n- {c: 1, d: [2]}\n- {x: 2}\n", "").at(0);
  CHECK(spliced("list: # l\n# one\n- a: 1\n  b: 2\n- x: 1 # two\n", "f", wanted) ==
        "list: # l\n# one\n- c: 1\n  d:\n  - 2\n- x: 2 # two\n");
  CHECK(spliced("list: [{a: 1}, {x: 1}]\n", "f", wanted) == "list: [{c: 1, d: [2]}, {x: 2}]\n");
}

TEST_CASE("values that are not there in flow style come with their colon") {
  const auto wanted = document::read_yaml("m: {a: x, c: [1]}\n", "").at(0);
  CHECK(spliced("m: {a, c} # m\n", "f", wanted) == "m: {a: x, c: [1]} # m\n");
}
