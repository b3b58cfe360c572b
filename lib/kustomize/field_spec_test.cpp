#include "kustomize/field_spec.h"

#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/setters.h"
#include "kustomize/transformer_config.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using document::Node;

namespace {

Node parse(const std::string& text) { return document::read_yaml(text, "r.yaml").at(0); }

std::string set_at(const std::string& text, const FieldSpec& spec, NewField new_field, const FieldSetter& set) {
  Node node = parse(text);
  apply_field_spec(node, spec, new_field, set);
  return document::write_yaml(node);
}

const FieldSetter kSetX = [](Node& node) { set_scalar(node, "x"); };

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("paths are split at slashes that are not escaped") {
  CHECK(split_path("a/b[]/c", '/') == std::vector<std::string>{"a", "b[]", "c"});
  CHECK(split_path("/a/b", '/') == std::vector<std::string>{"a", "b"});
  CHECK(split_path("metadata/annotations/a.io\\/b", '/') == std::vector<std::string>{"metadata", "annotations", "a.io/b"});
  CHECK(split_path("a\\.b.c", '.') == std::vector<std::string>{"a.b", "c"});
}

TEST_CASE("a field is set in every element of the lists on the way") {
  const std::string text = "kind: A\ns:\n- i: 1\n- j: 2\n- i: 3\n";
  CHECK(set_at(text, {{}, "s/i"}, NewField::nothing, kSetX) == "kind: A\ns:\n- i: x\n- j: 2\n- i: x\n");
  CHECK(set_at(text, {{}, "s[]/i"}, NewField::nothing, kSetX) == "kind: A\ns:\n- i: x\n- j: 2\n- i: x\n");
  CHECK(set_at(text, {{"", "", "B"}, "s/i"}, NewField::nothing, kSetX) == "kind: A\ns:\n- i: 1\n- j: 2\n- i: 3\n");
  CHECK(set_at("kind: A\ns:\n- - i: 1\n", {{}, "s/i"}, NewField::nothing, kSetX) == "kind: A\ns:\n- - i: x\n");
}

TEST_CASE("a field spec that changes the kind decides for those behind it") {
  Node node = parse("kind: A\ns: 1\n");
  apply_field_specs(node, {{{}, "kind"}, {{"", "", "x"}, "s"}, {{"", "", "A"}, "t", true}}, NewField::scalar, kSetX);
  CHECK(document::write_yaml(node) == "kind: x\ns: x\n");
}

TEST_CASE("missing fields are made when the spec says create, but never lists") {
  CHECK(set_at("kind: A\n", {{}, "a/b", true}, NewField::scalar, kSetX) == "a:\n  b: x\nkind: A\n");
  CHECK(set_at("kind: A\n", {{}, "a/b"}, NewField::scalar, kSetX) == "kind: A\n");
  CHECK(set_at("kind: A\n", {{}, "a/b", true}, NewField::nothing, kSetX) == "kind: A\n");
  CHECK(set_at("kind: A\n", {{}, "a[]/b", true}, NewField::scalar, kSetX) == "kind: A\n");
}

TEST_CASE("null ends the walk unless something is created there") {
  CHECK(set_at("a: null\n", {{}, "a/b"}, NewField::nothing, kSetX) == "a: null\n");
  CHECK(set_at("a: null\n", {{}, "a/b", true}, NewField::scalar, kSetX) == "a:\n  b: x\n");
  CHECK(set_at("a: {b: null}\n", {{}, "a/b"}, NewField::nothing, kSetX) == "a:\n  b: x\n");
  CHECK(set_at("a: null\n", {{}, "a[]/b"}, NewField::nothing, kSetX) == "a: []\n");
}

TEST_CASE("a scalar in the way is an error that names the field and the object") {
  // facts: the images field specs on a PodSecurityPolicy.
  const std::string policy =
      "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: p}\nspec: {volumes: [secret]}\n";
  CHECK(error_of([&] {
          set_at(policy, {{}, "spec/volumes[]/image/reference", true}, NewField::nothing, kSetX);
        }) ==
        "considering field 'spec/volumes[]/image/reference' of object PodSecurityPolicy.v1beta1.policy/p.[noNs]: visit traversal "
        "on path: [image reference]: expected sequence or mapping node");
}

TEST_CASE("setters keep the style of what they replace") {
  Node node = parse("a: \"1\"\nb: 1\nc: 'x'\n");
  set_scalar(*node.find("a"), "2");
  set_scalar(*node.find("b"), "2");
  set_scalar(*node.find("c"), "true", document::Tag::string);
  CHECK(document::write_yaml(node) == "a: \"2\"\nb: 2\nc: \"true\"\n");
  set_text_entry(node, "d", "yes");
  CHECK(node.find("d")->is_string());
  CHECK_THROWS_WITH(set_text_entry(*node.find("b"), "k", "v"),
                    ContainsSubstring("wrong node kind: expected MappingNode but got ScalarNode"));
}

TEST_CASE("a new key that reads as a number or a boolean cannot be printed") {
  // kustomize 5.8.2: commonLabels: {"1": a}.
  for (const char* key : {"1", "true", "1.5"}) {
    Node node = parse("m: {}\n");
    set_text_entry(*node.find("m"), key, "x");
    CHECK_THROWS_WITH(document::write_yaml(node), ContainsSubstring("json: unsupported type: map[interface {}]interface {}"));
  }
  Node node = parse("m: {}\n");
  set_text_entry(*node.find("m"), "yes", "x");
  CHECK(document::write_yaml(node) == "m:\n  \"yes\": x\n");
}

TEST_CASE("field specs merge by path and kind") {
  FieldSpecs specs{{{"", "", "A"}, "p", true}};
  merge_field_spec(specs, {{"", "", "A"}, "p", true});
  CHECK(specs.size() == 1);
  merge_field_spec(specs, {{}, "p", true});  // selects the kind A too, so it is taken for the same
  CHECK(specs.size() == 1);
  merge_field_spec(specs, {{"", "", "B"}, "p", true});
  CHECK(specs.size() == 2);
  CHECK_THROWS_WITH(merge_field_spec(specs, {{"", "", "A"}, "p"}), "conflicting fieldspecs");
}

TEST_CASE("the default configuration holds kustomize's tables, sorted by kind") {
  const auto& config = default_transformer_config();
  CHECK(config.name_prefix == FieldSpecs{{{}, "metadata/name"}});
  CHECK(config.replicas.size() == 4);
  CHECK(config.replicas.front().gvk.kind == "Deployment");
  CHECK(config.name_references.size() == 16);
  CHECK(config.common_labels.size() == 32);
}

TEST_CASE("a wide field spec is left out when a narrow one of the same path came first") {
  // The recorded case TestIssue4884_UseLocalConfigAsNameRefSource: a configuration merged from nothing, in the order of kinds.
  TransformerConfig config;
  config.merge(read_transformer_config(parse("namePrefix: [{kind: Foo, path: metadata/name}, {path: metadata/name}]\n")));
  CHECK(config.name_prefix == FieldSpecs{{{"", "", "Foo"}, "metadata/name"}});
}

TEST_CASE("a configurations file adds to the defaults") {
  auto config = default_transformer_config();
  config.merge(
      read_transformer_config(parse("namePrefix: [{kind: Foo, path: spec/x}]\n"
                                    "nameReference: [{kind: Secret, version: v1, fieldSpecs: [{kind: Foo, path: spec/s}]}]\n")));
  CHECK(config.name_prefix.size() == 2);
  CHECK(config.name_references.size() == 16);
  CHECK_THROWS_WITH(read_transformer_config(parse("namoPrefix: []\n")),
                    "error unmarshaling JSON: while decoding JSON: json: unknown field \"namoPrefix\"");
}
