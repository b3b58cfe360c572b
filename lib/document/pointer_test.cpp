#include "document/pointer.h"
#include "base/test.h"
#include "document/json_values.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

std::string patched(const std::string& document, const std::string& operations) {
  Node target = read_json(document, "doc.json");
  apply_json_patch(target, read_json(operations, "patch.json"));
  return write_json(target);
}

std::string merged(const std::string& document, const std::string& patch) {
  Node target = read_json(document, "doc.json");
  apply_merge_patch(target, read_json(patch, "patch.json"));
  return write_json(target);
}

}  // namespace

TEST_CASE("pointers name nodes") {
  CHECK(parse_pointer("").empty());
  CHECK(parse_pointer("/a/b~1c/~01/") == std::vector<std::string>{"a", "b/c", "~1", ""});
  CHECK_THROWS_WITH(parse_pointer("a/b"), ContainsSubstring("begins with '/'"));
  const Node root = read_json(R"({"a":{"x/y":[10,20,{"":5}]},"n":null})", "");
  CHECK(find_pointer(root, "/a/x~1y/1")->as_integer() == 20);
  CHECK(find_pointer(root, "/a/x~1y/-1/")->as_integer() == 5);
  CHECK(find_pointer(root, "") == &root);
  CHECK(find_pointer(root, "/n")->is_null());
  CHECK(find_pointer(root, "/a/x~1y/3") == nullptr);
  CHECK(find_pointer(root, "/a/x~1y/x") == nullptr);
  CHECK(find_pointer(root, "/n/deeper") == nullptr);
}

TEST_CASE("JSON patches: the operations of RFC 6902 and json-patch's habits") {
  CHECK(patched(R"({"a":1})", R"([{"op":"add","path":"/b","value":{"c":[1]}},{"op":"add","path":"/b/c/-","value":2}])") ==
        R"({"a":1,"b":{"c":[1,2]}})");
  CHECK(patched(R"({"a":[1,2,3]})", R"([{"op":"add","path":"/a/1","value":9},{"op":"remove","path":"/a/-1"}])") ==
        R"({"a":[1,9,2]})");
  CHECK(patched(R"({"a":[1,2]})", R"([{"op":"add","path":"/a/-1","value":3}])") == R"({"a":[1,2,3]})");
  CHECK(patched(R"({"a":{"b":1}})", R"([{"op":"move","from":"/a/b","path":"/c"},{"op":"copy","from":"/c","path":"/d"}])") ==
        R"({"a":{},"c":1,"d":1})");
  CHECK(patched(R"({"a":1})", R"([{"op":"replace","path":"/new","value":2}])") == R"({"a":1,"new":2})");
  CHECK(patched(R"({"a":1})", R"([{"op":"add","path":"/b"}])") == R"({"a":1,"b":null})");
  CHECK(patched(R"({"a":1})", R"([{"op":"replace","path":"","value":{"z":1}}])") == R"({"z":1})");
  CHECK(patched(R"({"a":{"b":[1,"x"]}})", R"([{"op":"test","path":"/a","value":{"b":[1,"x"]}}])") == R"({"a":{"b":[1,"x"]}})");
  CHECK(patched(R"({"a":1})", R"([{"op":"test","path":"/no","value":null}])") == R"({"a":1})");
}

TEST_CASE("JSON patches fail in json-patch's words") {
  const std::tuple<const char*, const char*, const char*> table[] = {
      {R"({"a":1})", R"([{"op":"replace","path":"/x/y","value":1}])",
       "replace operation does not apply: doc is missing path: /x/y: missing value"},
      {R"({"a":1})", R"([{"op":"add","path":"/x/y","value":1}])",
       "add operation does not apply: doc is missing path: \"/x/y\": missing value"},
      {R"({"a":1})", R"([{"op":"remove","path":"/x"}])",
       "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value"},
      {R"({"a":[1]})", R"([{"op":"remove","path":"/a/1"}])",
       "error in remove for path: '/a/1': Unable to access invalid index: 1: invalid index referenced"},
      {R"({"a":[1]})", R"([{"op":"add","path":"/a/x","value":1}])",
       "error in add for path: '/a/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax"},
      {R"({"a":[1]})", R"([{"op":"replace","path":"/a/4","value":1}])",
       "replace operation does not apply: doc is missing key: /a/4: missing value"},
      {R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])", "testing value /a failed: test failed"},
      {R"({"a":1})", R"([{"op":"test","path":"/a","value":1.0}])", "testing value /a failed: test failed"},
      {R"({"a":1})", R"([{"op":"jump","path":"/a"}])", "Unexpected kind: jump"},
      {R"({"a":1})", R"([{"path":"/a"}])", "Unexpected kind: unknown"},
      {R"({"a":1})", R"([{"op":"add"}])", "add operation failed to decode path: missing value"},
      {R"({"a":1})", R"([{"op":"replace"}])",
       "replace operation failed to decode path: operation missing path field: missing value"},
      {R"({"a":1})", R"([{"op":"move","path":"/b"}])",
       "move operation failed to decode from: operation, missing from field: missing value"},
      {R"({"a":1})", R"([{"op":"move","path":"/b","from":"/c"}])",
       "error in move for path: 'c': Unable to remove nonexistent key: c: missing value"},
      {R"({"a":1})", R"({"op":"add"})", "json: cannot unmarshal object into Go value of type jsonpatch.Patch"},
  };
  for (const auto& [document, operations, words] : table) {
    INFO(operations);
    std::string message = "no error";
    try {
      patched(document, operations);
    } catch (const Error& error) {
      message = error.what();
    }
    CHECK(message == words);
  }
}

TEST_CASE("merge patches: the examples of RFC 7386") {
  const std::tuple<const char*, const char*, const char*> table[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const auto& [document, patch, result] : table) {
    INFO(patch);
    CHECK(merged(document, patch) == result);
  }
}

TEST_CASE("what JSON makes of a tree, and what comes back") {
  const Node tree = read_yaml(
      "i: 9007199254740993\nbig: 12345678901234567890\nf: 1.0\ng: 1.50\no: 0644\nd: 2001-12-14\nt: 2001-1-2T3:04:05.10-05:00\n"
      "b: True\ny: 'yes'\nn: ~\nm: 1000000\n",
      "in.yaml")[0];
  const Node json = to_json_values(tree);
  CHECK(write_json(json) ==
        R"({"i":9007199254740993,"big":12345678901234567890,"f":1,"g":1.5,"o":420,"d":"2001-12-14T00:00:00Z",)"
        R"("t":"2001-01-02T03:04:05.1-05:00","b":true,"y":"yes","n":null,"m":1000000})");
  const Node back = from_json_values(json);
  CHECK(back.find("i")->text() == "9.007199254740992e+15");
  CHECK(back.find("m")->text() == "1e+06");
  CHECK(back.find("y")->style() == Style::double_quoted);
  CHECK(write_json(back) ==
        R"({"i":9007199254740992,"big":12345678901234567000,"f":1,"g":1.5,"o":420,"d":"2001-12-14T00:00:00Z",)"
        R"("t":"2001-01-02T03:04:05.1-05:00","b":true,"y":"yes","n":null,"m":1000000})");
  CHECK_THROWS_WITH(to_json_values(read_yaml("a: {1: x}\n", "")[0]), ContainsSubstring("map[interface {}]interface {}"));
  CHECK_THROWS_WITH(to_json_values(read_yaml("a: .inf\n", "")[0]), ContainsSubstring("json: unsupported value: +Inf"));
}

TEST_CASE("YAML 1.1 as sigs.k8s.io/yaml turns it into JSON") {
  const auto json = [](const std::string& text) {
    return write_json(yaml_to_json(read_yaml(text, "in.yaml", Schema::go_yaml_v2).at(0)));
  };
  CHECK(json("{y: 1, on: 2, 1: a, 0x10: b, 1.5: c, .123: d, 'x': e}\n") ==
        R"({"true":2,"1":"a","16":"b","1.5":"c","0.123":"d","x":"e"})");
  CHECK(json("{a: 1, b: yes, a: 2, d: 2001-12-14}\n") == R"({"a":2,"b":true,"d":"2001-12-14"})");
  CHECK_THROWS_WITH(json("{~: 1}\n"), ContainsSubstring("unsupported map key of type: %!s(<nil>)"));
}
