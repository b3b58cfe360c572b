#include "kustomize/replacement.h"

#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/field_path.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using document::Node;

namespace {

const std::string kSource = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata: {v: abc, port: \"8080\", url: a/b/c}\n";
const std::string kTarget =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: t, labels: {app: x}}\nspec: {n: 1, q: \"1\", l: [{name: a, i: 1}, "
    "{name: "
    "b, i: 2}]}\n";

// The target after one replacement.
std::string after(const std::string& replacement, const std::string& target = kTarget) {
  auto documents = document::read_yaml(kSource + "---\n" + target, "r.yaml");
  auto parsed = read_replacement(document::read_yaml(replacement, "k.yaml", document::Schema::go_yaml_v2).at(0));
  apply_replacements({parsed}, {{&documents[0], {}}, {&documents[1], {}}});
  return document::write_yaml(*documents[1].find("spec"));
}

std::string from_v(const std::string& target) {
  return "source: {kind: ConfigMap, fieldPath: data.v}\ntargets: [{" + target + "}]";
}
std::string select(const std::string& rest) { return "select: {kind: Deployment}, " + rest; }

const std::string kUnchanged = "l:\n- i: 1\n  name: a\n- i: 2\n  name: b\n\"n\": 1\nq: \"1\"\n";

}  // namespace

TEST_CASE("field paths keep brackets, escaped dots and dots in brackets") {
  using Parts = std::vector<std::string>;
  CHECK(split_field_path("a.b.[name=x.y].c") == Parts{"a", "b", "[name=x.y]", "c"});
  CHECK(split_field_path("metadata.annotations.[a.b/c]") == Parts{"metadata", "annotations", "a.b/c"});
  CHECK(split_field_path("data.config\\.yaml.x") == Parts{"data", "config.yaml", "x"});
}

TEST_CASE("a value takes the place of texts by index, name, wildcard and expression") {
  CHECK_THAT(after(from_v(select("fieldPaths: [spec.l.1.name]"))), ContainsSubstring("- i: 2\n  name: abc\n"));
  CHECK_THAT(after(from_v(select("fieldPaths: ['spec.l.[name=a].name']"))), ContainsSubstring("- i: 1\n  name: abc\n"));
  CHECK_THAT(after(from_v(select("fieldPaths: ['spec.l.*.name']"))), ContainsSubstring("name: abc\n- i: 2\n  name: abc\n"));
  CHECK_THAT(after(from_v(select("fieldPaths: ['spec.l.[name=^b$].name']"))),
             ContainsSubstring("name: a\n- i: 2\n  name: abc\n"));
}

TEST_CASE("a scalar keeps its type, and complains when the new text does not fit") {
  const std::string port =
      "source: {kind: ConfigMap, fieldPath: data.port}\ntargets: [{select: {kind: Deployment}, fieldPaths: [spec.n, spec.q]}]";
  CHECK_THAT(after(port), ContainsSubstring("\"n\": 8080\nq: \"8080\"\n"));
  CHECK_THROWS_WITH(after(from_v(select("fieldPaths: [spec.n]"))),
                    "map[string]interface {}(nil): yaml: cannot decode !!str `abc` as a !!int");
}

TEST_CASE("a missing field is an error unless it is created; what is created is typed by its text") {
  CHECK_THROWS_WITH(after(from_v(select("fieldPaths: [spec.x.y]"))), "unable to find field \"spec.x.y\" in replacement target");
  CHECK_THROWS_WITH(after(from_v(select("fieldPaths: [spec.l.5]"))),
                    "unable to find field \"spec.l.5\" in replacement target: index 5 specified but only 2 elements found");
  CHECK_THAT(
      after("sourceValue: \"80\"\ntargets: [{select: {kind: Deployment}, fieldPaths: [spec.x.y], options: {create: true}}]"),
      ContainsSubstring("x:\n  \"y\": 80\n"));
  CHECK_THAT(after(from_v(select("fieldPaths: ['spec.l.[name=c].i'], options: {create: true}"))),
             ContainsSubstring("- i: abc\n  name: c\n"));
  CHECK_THAT(after(from_v(select("fieldPaths: ['spec.k.[=9]'], options: {create: true}"))), ContainsSubstring("k:\n- abc\n"));
}

TEST_CASE("delimiters choose a part of the source and of the target") {
  const std::string part = "source: {kind: ConfigMap, fieldPath: data.url, options: {delimiter: /, index: 1}}\ntargets: [";
  CHECK_THAT(after(part + "{select: {kind: Deployment}, fieldPaths: [spec.q]}]"), ContainsSubstring("q: b\n"));
  const std::string target = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: t}\nspec: {u: x/y}\n";
  auto place = [&](int index) {
    return after(part + "{select: {kind: Deployment}, fieldPaths: [spec.u], options: {delimiter: /, index: " +
                     std::to_string(index) + "}}]",
                 target);
  };
  CHECK(place(0) == "u: b/y\n");
  CHECK(place(1) == "u: x/b\n");
  CHECK(place(-1) == "u: b/x/y\n");
  CHECK(place(9) == "u: x/y/b\n");
  CHECK_THROWS_WITH(
      after("source: {kind: ConfigMap, fieldPath: data.v, options: {delimiter: /, index: 1}}\ntargets: [{select: {kind: X}}]"),
      "options.index 1 is out of bounds for value abc");
}

TEST_CASE("targets are selected and rejected by id and labels") {
  CHECK(after(from_v("select: {kind: StatefulSet}, fieldPaths: [spec.q]")) == kUnchanged);
  CHECK(after(from_v(select("reject: [{name: t}], fieldPaths: [spec.q]"))) == kUnchanged);
  CHECK(after(from_v(select("reject: [{labelSelector: app=x}], fieldPaths: [spec.q]"))) == kUnchanged);
  CHECK_THAT(after(from_v(select("reject: [{labelSelector: app=z}], fieldPaths: [spec.q]"))), ContainsSubstring("q: abc\n"));
  CHECK_THROWS_WITH(after(from_v("fieldPaths: [spec.q]")), "target must specify resources to select");
  CHECK_THROWS_WITH(after("source: {kind: ConfigMap}\ntargets: []"),
                    "replacements must specify a source and at least one target");
  CHECK_THROWS_WITH(after("targets: [{select: {kind: X}}]"), "replacements must specify a source and at least one target");
  CHECK_THROWS_WITH(after("source: {kind: ConfigMap, fieldPath: data.none}\ntargets: [{select: {kind: X}}]"),
                    "fieldPath `data.none` is missing for replacement source ConfigMap.[noVer].[noGrp]/[noName].[noNs]");
  CHECK_THROWS_WITH(after("source: {name: zz}\ntargets: [{select: {kind: X}}]"),
                    "nothing selected by [noKind].[noVer].[noGrp]/zz.[noNs]");
  CHECK_THROWS_WITH(after("source: {}\ntargets: [{select: {kind: X}}]"),
                    "multiple matches for selector [noKind].[noVer].[noGrp]/[noName].[noNs]");
}

TEST_CASE("a path may lead into a YAML or JSON text") {
  const std::string target =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: t}\nspec:\n  yaml: |-\n    b: 1\n    a:\n        - x: \"y\"\n  "
      "json: '{\"b\": "
      "1, \"a\": \"<\"}'\n";
  CHECK_THAT(after(from_v(select("fieldPaths: [spec.yaml.a.0.x]")), target),
             ContainsSubstring("yaml: |-\n  b: 1\n  a:\n  - x: \"abc\"\n"));
  CHECK_THAT(after(from_v(select("fieldPaths: [spec.json.c], options: {create: true}")), target),
             ContainsSubstring("json: '{\"a\":\"\\u003c\",\"b\":1,\"c\":\"abc\"}'\n"));
}
