#include "document/reread.h"

#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

std::string through(const std::string& yaml) { return write_yaml(read_yaml(yaml, "r.yaml").at(0)); }

}  // namespace

// The expected texts are what kyaml v0.21.2 makes of the same inputs.
TEST_CASE("folded texts gain line breaks") {
  CHECK(through("k: >\n  a\n  b\n") == "k: |\n  a b\n");
  CHECK(through("k: >+\n  ---\n\n") == "k: |+\n  ---\n\n\n");
  CHECK(through("k: >-\n  - x\n    more\n") == "k: |-\n  - x\n\n    more\n");
  CHECK(through("k: >+\n    more\n\n") == "k: |+\n  more\n\n\n");
  CHECK(through("k: >+\n  # no comment\n  \ttab\n  a: b\n  text\n") == "k: \"# no comment\\n\\n\\ttab\\na: b text\\n\"\n");
  CHECK(through("k: >-\n  trail  \n  x\n") == "k: trail   x\n");
}

TEST_CASE("empty values and times in braces become strings") {
  CHECK(through("k: {a, b: , c: ~, d: 2001-12-14T01:02:03Z, e: 2001-12-14}\n") ==
        "k:\n  a: \"\"\n  b: \"\"\n  c: null\n  d: \"2001-12-14T01:02:03Z\"\n  e: \"2001-12-14T00:00:00Z\"\n");
  CHECK(through("k:\n  ?\n  : x\n") == "k:\n  \"\": x\n");
  CHECK(through("k: [[x, {y: }]]\n") == "k:\n- - x\n  - \"y\": \"\"\n");
}

TEST_CASE("a block text that begins with a tab cannot be printed") {
  CHECK_THROWS_WITH(through("k: |2\n  \tx\n"),
                    ContainsSubstring("yaml: line 2: found a tab character where an indentation space is expected"));
  CHECK_THROWS_WITH(through("a:\n  b: 1\n  k: |2\n    \tx\n"), ContainsSubstring("yaml: line 3: found a tab"));
  CHECK(through("k: \"\\tx\"\n") == "k: \"\\tx\"\n");
}
