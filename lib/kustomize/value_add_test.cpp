#include "kustomize/value_add.h"

#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using document::Node;

namespace {

std::string after(const std::string& text, const std::string& path, long long position = 0) {
  Node node = document::read_yaml(text, "r.yaml").at(0);
  add_value(node, "PEACH", {std::nullopt, path, position});
  return document::write_yaml(node);
}

}  // namespace

TEST_CASE("a value becomes a part of a path") {
  // The table of kyaml's filesys.InsertPathPart.
  CHECK(insert_path_part("", 0, "PEACH") == "PEACH");
  CHECK(insert_path_part("/", 5, "PEACH") == "/PEACH");
  CHECK(insert_path_part("pie", 0, "PEACH") == "PEACH/pie");
  CHECK(insert_path_part("/pie", -1, "PEACH") == "/PEACH/pie");
  CHECK(insert_path_part("/raw", 1, "PEACH") == "/raw/PEACH");
  CHECK(insert_path_part("a/nice/warm/pie", 3, "PEACH") == "a/nice/warm/PEACH/pie");
  CHECK(insert_path_part("/a/nice/warm/pie", 3, "PEACH") == "/a/nice/warm/PEACH/pie");
}

TEST_CASE("a value is put into fields, which are made when missing") {
  CHECK(after("kind: A\n", "spec/x") == "kind: A\nspec:\n  x: PEACH\n");
  CHECK(after("kind: A\nspec: {p: /a/b}\n", "spec/p", 2) == "kind: A\nspec:\n  p: /a/PEACH/b\n");
  CHECK(after("kind: A\n", "metadata/annotations/a.io\\/b") == "kind: A\nmetadata:\n  annotations:\n    a.io/b: PEACH\n");
  CHECK(after("kind: A\nl: [{name: x}]\n", "l/[name=x]/v") == "kind: A\nl:\n- name: x\n  v: PEACH\n");
  CHECK(after("kind: A\nl: []\n", "l/[name=y]/v") == "kind: A\nl:\n- name: \"y\"\n  v: PEACH\n");
  CHECK(after("apiVersion: v1\nkind: Pod\n", "metadata/namespace") ==
        "apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: PEACH\n");
}

TEST_CASE("a configuration needs targets with paths") {
  auto read = [](const char* text) { return read_value_add(document::read_yaml(text, "p.yaml").at(0)); };
  CHECK(read("value: ' x '\ntargets: [{fieldPath: a, filePathPosition: 2}]").targets.at(0).file_path_position == 2);
  CHECK_THROWS_WITH(check_value_add(read("value: x")), "must specify at least one target");
  CHECK_THROWS_WITH(check_value_add(read("targets: [{selector: {kind: A}}]")), "fieldPath cannot be empty");
  CHECK_THROWS_WITH(check_value_add(read("targets: [{fieldPath: a, filePathPosition: -1}]")),
                    "value of FilePathPosition (-1) cannot be negative");
}
