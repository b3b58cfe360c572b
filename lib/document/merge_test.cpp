#include "document/merge.h"

#include "base/test.h"
#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

// Lists named "items" merge by "id"; "pairs" by "id" and "part"; "words" as sets; anything else is replaced. Kind Known is known.
class TestSchema : public MergeSchema {
 public:
  Position resource(std::string_view, std::string_view kind) const override { return kind == "Known" ? object : kUnknownSchema; }
  Position field(Position, std::string_view name) const override {
    return name == "items"     ? items
           : name == "pairs"   ? pairs
           : name == "words"   ? words
           : name == "unknown" ? kUnknownSchema
                               : object;
  }
  Position elements(Position) const override { return object; }
  bool merges(Position position) const override { return position != object; }
  bool replaces(Position) const override { return false; }
  std::vector<std::string> merge_keys(Position position) const override {
    if (position == items) return {"id"};
    if (position == pairs) return {"id", "part"};
    return {};
  }

 private:
  static constexpr Position object = 0, items = 1, pairs = 2, words = 3;
};

constexpr const char* kHead = "apiVersion: x/v1\nkind: Known\n";

// The merged resource without apiVersion and kind.
std::string merged(const std::string& target, const std::string& patch) {
  Node node = read_yaml(kHead + target, "target.yaml")[0];
  const auto result = merge_strategic(node, read_yaml(kHead + patch, "patch.yaml")[0], TestSchema());
  if (result == MergeResult::deleted) return "deleted";
  return replace_all(replace_all(write_yaml(node), "apiVersion: x/v1\n", ""), "kind: Known\n", "");
}

}  // namespace

// The expected texts are what kyaml v0.21.2 makes of the same inputs under an equal schema.
TEST_CASE("mappings merge, null deletes, nulls of the target stay") {
  CHECK(merged("spec: {a: 1, b: 2, n: null, e: }\n", "spec: {b: null, c: 3, d: null}\n") ==
        "spec:\n  a: 1\n  c: 3\n  \"n\": null\n");
  CHECK(merged("spec: {a: {b: 1}}\n", "spec: {x: {y: null, z: {}}}\n") == "spec:\n  a:\n    b: 1\n  x:\n    z: {}\n");
}

TEST_CASE("a scalar keeps the quotes of the one it replaces") {
  CHECK(merged("spec: {k: \"1\", m: old}\n", "spec: {k: 2, m: yes, o: 0x10}\n") == "spec:\n  k: \"2\"\n  m: \"yes\"\n  o: 16\n");
}

TEST_CASE("keyed lists: items of the patch come first") {
  CHECK(merged("items: [{id: a, v: 1}, {id: b, v: 2}, {id: c}]\n", "items: [{id: z}, {id: c, w: 3}, {id: a, v: 9}]\n") ==
        "items:\n- id: z\n- id: c\n  w: 3\n- id: a\n  v: 9\n- id: b\n  v: 2\n");
  CHECK(merged("items: [{id: a}]\n", "items: []\n") == "items:\n- id: a\n");
  CHECK(merged("items: [{id: a}]\n", "items: null\n") == "");
  CHECK(merged("words: [a, b]\n", "words: [c, a]\n") == "words:\n- c\n- a\n- b\n");
  CHECK(merged("list: [a, b]\n", "list: [c]\n") == "list:\n- c\n");
  CHECK(merged("unknown: {items: [{id: a}]}\n", "unknown: {items: [{id: b}]}\n") == "unknown:\n  items:\n  - id: b\n");
}

TEST_CASE("two merge keys: the second counts only where it is used") {
  CHECK(merged("pairs: [{id: 1, v: x}, {id: 2}]\n", "pairs: [{id: 3}, {id: 2, v: y}]\n") ==
        "pairs:\n- id: 3\n- id: 2\n  v: \"y\"\n- id: 1\n  v: x\n");
  CHECK(merged("pairs: [{id: 1, part: p}, {id: 2, part: p}]\n", "pairs: [{id: 2, part: p, v: 1}, {id: 2, part: q}]\n") ==
        "pairs:\n- id: 2\n  part: q\n- id: 1\n  part: p\n- id: 2\n  part: p\n  v: 1\n");
  // The patch's item without the second key loses its other fields.
  CHECK(merged("pairs: [{id: 80, part: p}, {id: 81, part: p}]\n", "pairs: [{id: 81, name: x}, {id: 90}]\n") ==
        "pairs:\n- id: 90\n- id: 80\n  part: p\n- id: 81\n  part: p\n");
}

TEST_CASE("$patch directives") {
  CHECK(merged("items: [{id: a}, {id: b}]\n", "items: [{id: a, $patch: delete}]\n") == "items:\n- id: b\n");
  CHECK(merged("items: [{id: a}]\n", "items: [{$patch: replace}, {id: c}]\n") == "items:\n- id: c\n");
  CHECK(merged("spec: {a: 1, b: 2}\n", "spec: {$patch: replace, c: 3}\n") == "spec:\n  c: 3\n");
  CHECK(merged("spec: {a: {b: 1}}\nx: 1\n", "spec: {$patch: delete}\n") == "x: 1\n");
  CHECK(merged("x: 1\n", "$patch: delete\n") == "deleted");
  // A replacement of the whole is not taken over.
  CHECK(merged("x: 1\n", "$patch: replace\ny: 2\n") == "x: 1\n");
  CHECK_THROWS_WITH(merged("spec: {a: 1}\n", "spec: {$patch: odd}\n"), ContainsSubstring("unknown patch strategy 'odd'"));
}

TEST_CASE("kinds that do not fit are errors in kyaml's words") {
  CHECK_THROWS_WITH(merged("spec: {a: 1}\n", "spec: [1]\n"),
                    ContainsSubstring("wrong node kind: expected MappingNode but got SequenceNode: node contents:\n- 1\n"));
  CHECK_THROWS_WITH(merged("items: [{id: a}]\n", "items: x\n"), ContainsSubstring("expected SequenceNode but got ScalarNode"));
}

TEST_CASE("the walk touches all of the target") {
  CHECK(merged("items: [{id: a, v: 1}, {}, {id: a, w: 2}]\nspec: {e: }\n", "other: 1\n") ==
        "items:\n- id: a\n  v: 1\nother: 1\nspec: {}\n");
}
