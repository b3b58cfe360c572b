#include "document/json_path.h"

#include "base/test.h"
#include "document/reader.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

const Node& pods() {
  static const Node node = read_json(R"({
    "kind": "List", "count": 2, "rate": 0.00001, "big": 1e21, "none": null, "on": true,
    "labels": {"app.kubernetes.io/name": "x", "b": "<&>"},
    "items": [
      {"name": "a", "port": 80, "ready": true, "conditions": [{"type": "Ready", "status": "True"}, {"type": "Old", "status": "False"}]},
      {"name": "b", "port": 8080, "ready": false, "conditions": []},
      {"name": "c", "tags": ["x", "y", "z"]}
    ]})",
                                     "pods.json");
  return node;
}

std::string fault(const std::string& text) {
  try {
    return "printed " + print_json_path(pods(), text);
  } catch (const Error& error) {
    return std::to_string(error.place().column) + ": " + error.what();
  }
}

}  // namespace

TEST_CASE("JSONPath templates print as kubectl prints them") {
  const std::pair<const char*, const char*> table[] = {
      {"{.kind}", "List"},
      {"kind: {.kind}!", "kind: List!"},
      {"{.items[*].name}", "a b c"},
      {"{.items[0].name}{'\\t'}{.items[-1].name}", "a\tc"},
      {"{.items[0:2].name}", "a b"},
      {"{.items[::2].name}", "a c"},
      {"{.items[1:].name}", "b c"},
      {"{.items[0,2].name}", "a c"},
      {"{.items[0]['name','port']}", "a 80"},
      {"{.items[*]['name']}", "a b c"},
      {"{.items[?(@.port)].name}", "a b"},
      {"{.items[?(@.port > 80)].name}", "b"},
      {"{.items[?(@.port<=80)].name}", "a"},
      {"{.items[?(@.name!=\"a\")].name}", "b c"},
      {"{.items[?(@.ready==true)].name}", "a"},
      {"{.items[*].conditions[?(@.type==\"Ready\")].status}", "True"},
      {"{range .items[*]}{.name}={.port}{\"\\n\"}{end}.", "a=80\nb=8080\nc=\n."},
      {"{range .items[*]}[{range .conditions[*]}{.type},{end}]{end}", "[Ready,Old,][][]"},
      {"{range .nothing[*]}x{end}y", "y"},
      {"{..type}", "Ready Old"},
      {"{.items[2]..}", R"({"name":"c","tags":["x","y","z"]} c ["x","y","z"] x y z)"},
      {"{.labels}", R"({"app.kubernetes.io/name":"x","b":"\u003c\u0026\u003e"})"},
      {"{.labels.app\\.kubernetes\\.io/name}", "x"},
      {"{.labels['app\\.kubernetes\\.io/name']}", "x"},
      {"{.items[2].tags}", R"(["x","y","z"])"},
      {"{.items[2].tags[*]}", "x y z"},
      {"{.none} {.on} {.count} {.rate} {.big}", "null true 2 1e-05 1e+21"},
      {"{.absent.deeper}", ""},
      {"{$.kind}{@.kind}", "ListList"},
      {"{.items.*.name}", "a b c"},
      {"{1.5}{true}", "1.5true"},
      {"", ""},
  };
  for (const auto& [text, out] : table) {
    INFO(text);
    CHECK(print_json_path(pods(), text) == out);
  }
}

TEST_CASE("JSONPath faults") {
  CHECK(fault("{.a") == "4: jsonpath: unclosed action");
  CHECK(fault("xy{.items[}") == "10: jsonpath: unterminated array");
  CHECK(fault("{.items[x]}") == "8: jsonpath: invalid array index x");
  CHECK(fault("{.items[?(@.a=='x]}") == "11: jsonpath: unterminated filter");
  CHECK(fault("{.items[?(@.a)}") == "14: jsonpath: unclosed array expect ]");
  CHECK(fault("{nonsense}") == "2: jsonpath: unrecognized identifier nonsense");
  CHECK(fault("{....a}") == "4: jsonpath: invalid multiple recursive descent");
  CHECK(fault("{\"a}") == "2: jsonpath: unterminated quoted string");
  CHECK(fault("{&}") == "2: jsonpath: unrecognized character in action: '&'");
  CHECK_THAT(fault("{..conditions[0].type}"), ContainsSubstring("array index out of bounds: index 0, length 0"));
  CHECK_THAT(fault("{.items[5]}"), ContainsSubstring("array index out of bounds: index 5, length 3"));
  CHECK_THAT(fault("{.items[0:2:0]}"), ContainsSubstring("step must be > 0"));
  CHECK_THAT(fault("{.kind[0]}"), ContainsSubstring("string is not array or slice"));
  CHECK_THAT(fault("{.items[?(@.name==1)]}"), ContainsSubstring("incompatible types for comparison"));
  CHECK_THAT(fault("{end}"), ContainsSubstring("not in range"));
  CHECK_THAT(fault("{" + std::string(300, '[') + "}"), ContainsSubstring("unterminated array"));
}

TEST_CASE("one path names nodes, with or without braces") {
  for (const char* path : {"{.items[0].name}", ".items[0].name", "items[0].name"}) {
    const auto found = find_json_path(pods(), path);
    REQUIRE(found.size() == 1);
    CHECK(found[0] == &pods().find("items")->items()[0].members()[0].value);
  }
  CHECK(find_json_path(pods(), "{.items[*].name}").size() == 3);
  CHECK(find_json_path(pods(), ".absent").empty());
  CHECK_THROWS_AS(find_json_path(pods(), "{.a}{.b}"), Error);
  CHECK_THROWS_AS(find_json_path(pods(), "{range .items[*]}"), Error);
  CHECK_THROWS_AS(find_json_path(pods(), "{'x'}"), Error);
}
