#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

TEST_CASE("JSON keeps the text of its numbers and the order of its keys") {
  const std::string text = R"({"b":[1,2.50,-0,1e3,12345678901234567890],"a":{"x":null,"y":true,"z":"\u00e9\n\"<"}})";
  const Node node = read_json(text, "in.json");
  CHECK(node.find("b")->items()[1].text() == "2.50");
  CHECK(write_json(node) == R"({"b":[1,2.5,0,1000,12345678901234567890],"a":{"x":null,"y":true,"z":"é\n\"<"}})");
  CHECK(write_json(node, {.sort_keys = true, .escape_html = true}) ==
        R"({"a":{"x":null,"y":true,"z":"é\n\"\u003c"},"b":[1,2.5,0,1000,12345678901234567890]})");
  CHECK(write_json(read_json(R"({"a":[],"b":{},"c":[1]})", ""), {.indent = 2}) ==
        "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1\n  ]\n}");
}

TEST_CASE("a later duplicate key replaces the earlier one, as in Go") {
  CHECK(write_json(read_json(R"({"a":1,"b":2,"a":3})", "")) == R"({"a":3,"b":2})");
}

TEST_CASE("faults in JSON have a place") {
  const auto fault = [](const std::string& text) {
    try {
      read_json(text, "f.json");
    } catch (const Error& error) {
      return to_string(error.place());
    }
    return std::string("no error");
  };
  CHECK(fault("{\n  \"a\": 1,\n  \"b\": }\n") == "f.json:3:8");
  CHECK(fault("{} x") == "f.json:1:4");
  CHECK(fault(std::string(5000, '[')) == "f.json:1:1001");
  CHECK(fault("") == "f.json:1:1");
}

TEST_CASE("own files: YAML 1.2, duplicate keys refused, places of values") {
  const Node node = read_own_yaml("a: yes\nb: 0o17\nc: [1, 2.5, '3', ~]\nd: &x {k: v}\ne: *x\n", "p.yaml");
  CHECK(node.find("a")->is_string());
  CHECK(node.find("b")->as_integer() == 15);
  CHECK(node.find("c")->items()[2].is_string());
  CHECK(node.find("c")->items()[3].is_null());
  CHECK(node.find("e")->text_of("k") == "v");
  CHECK(node.find("c")->line() == 3);
  CHECK(node.find("c")->column() == 4);
  CHECK_THROWS_WITH(read_own_yaml("a: 1\nb: 2\na: 3\n", "p.yaml"),
                    ContainsSubstring("key 'a' stands here a second time; first at line 1"));
  CHECK_THROWS_WITH(read_own_yaml("a: [1\n", "p.yaml"), ContainsSubstring("yaml: "));
  CHECK_THROWS_WITH(read_own_yaml(std::string(100000, '['), "p.yaml"), ContainsSubstring("nested deeper"));
}
