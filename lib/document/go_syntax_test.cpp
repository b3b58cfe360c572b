#include "document/go_syntax.h"

#include "base/test.h"
#include "document/key_order.h"
#include "document/reader.h"
#include "document/timestamp.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

std::string fault(const std::string& yaml) {
  try {
    write_yaml(read_yaml(yaml, "r.yaml").at(0));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("what cannot be written is told as kustomize tells it") {
  CHECK(fault("kind: Foo\nspec: {a: .inf, b: [1, 1.5, x, null, true]}\n") ==
        "map[string]interface {}{\"kind\":\"Foo\", \"spec\":map[string]interface {}{\"a\":+Inf, \"b\":[]interface {}{1, 1.5, "
        "\"x\", "
        "interface {}(nil), true}}}: json: unsupported value: +Inf");
  CHECK(fault("spec: {1: a, y: b, true: c, 2001-01-01: d, 1e3: e, 0x10: f}\n") ==
        "map[string]interface {}{\"spec\":map[interface {}]interface {}{\"y\":\"b\", 1:\"a\", 16:\"f\", 1000:\"e\", true:\"c\", "
        "time.Date(2001, time.January, 1, 0, 0, 0, 0, time.UTC):\"d\"}}: json: unsupported type: map[interface {}]interface {}");
  CHECK(fault("a: \"x\\x7fy\"\n") == "map[string]interface {}{\"a\":\"x\\x7fy\"}: yaml: control characters are not allowed");
  CHECK(fault("kind: Foo\nmetadata:\n  name: c\nspec:\n  a: 1\n  b:\n  - x: |\n      1\n      2\n  a: 2\n") ==
        "map[string]interface {}(nil): yaml: unmarshal errors:\n  line 10: mapping key \"a\" already defined at line 5");
}

TEST_CASE("a null key, which kyaml writes twice, cannot be written at the top either") {
  CHECK_THROWS_WITH(
      write_yaml(read_yaml("kind: K\n~: b\n", "r.yaml").at(0)),
      "map[string]interface {}(nil): yaml: unmarshal errors:\n  line 3: mapping key \"~\" already defined at line 2");
}

TEST_CASE("Go's quotes") {
  CHECK(go_quoted("a\"b\\c\n\t\x01\x7f") == R"("a\"b\\c\n\t\x01\x7f")");
  CHECK(go_quoted("\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80") == "\"\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80\"");
  CHECK(go_quoted("\xC2\xA0\xE2\x80\xA8\xEF\xBB\xBF") == R"("\u00a0\u2028\ufeff")");
}

TEST_CASE("dates are read and written as in Go") {
  CHECK(json_timestamp("2001-12-14") == "2001-12-14T00:00:00Z");
  CHECK(json_timestamp("2001-1-2t3:04:05.120-05:00") == "2001-01-02T03:04:05.12-05:00");
  CHECK(json_timestamp("2001-12-14 21:59:43") == "2001-12-14T21:59:43Z");
  CHECK(json_timestamp("2000-02-29") == "2000-02-29T00:00:00Z");
  for (const char* text : {"1900-02-29", "2001-13-01", "2001-12-14T21:59:43", "2001-12-14 21:59:43Z", "2001-12-14x", "201-12-14",
                           "2001-12-14T24:00:00Z", "2001-12-14T1:1:1+5:00"}) {
    INFO(text);
    CHECK_FALSE(json_timestamp(text));
  }
}

TEST_CASE("keys are ordered by letters, then by the value of digits") {
  const std::vector<std::string> ordered = {"",    "-x",   "9",  "10",  "A",  "a",  "a-b", "a1",
                                            "a01", "a001", "a2", "a10", "aB", "ab", "b",   "é"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      INFO(ordered[i] << " and " << ordered[j]);
      CHECK(key_less(ordered[i], ordered[j]) == (i < j));
    }
  }
}
