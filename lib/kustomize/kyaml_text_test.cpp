#include "kustomize/kyaml_text.h"

#include "base/test.h"
#include "document/reader.h"

using namespace kfrun;
using namespace kfrun::kustomize;

namespace {

std::string through(const std::string& text) { return kyaml_text(document::read_yaml(text, "r.yaml").at(0)); }

}  // namespace

TEST_CASE("kyaml keeps order, quotes and flow style, and puts lists at the indentation of their key") {
  CHECK(through("b: 1\na:\n    - x: \"1\"\n      y: 'q'\n    - - 2\n") == "b: 1\na:\n- x: \"1\"\n  y: 'q'\n- - 2\n");
  CHECK(through("labels: {\n  app: \"X\",\n  url: http://x,\n}\n") == "labels: {app: \"X\", url: 'http://x'}\n");
  CHECK(through("t: |\n    a\n    b\nu: >-\n  a\n\n  b\n") == "t: |\n  a\n  b\nu: >-\n  a\n\n  b\n");
  CHECK(through("a:\nb: ~\nc: {}\nd: []\n") == "a:\nb: ~\nc: {}\nd: []\n");
  CHECK(through("abc") == "abc\n");
  CHECK(through("\"a\\tb\"") == "\"a\\tb\"\n");
}

TEST_CASE("kyaml quotes a string that would be read as something else, and tags what does not fit its tag") {
  using document::Node;
  using document::Tag;
  CHECK(kyaml_text(Node::string("12")) == "\"12\"\n");
  CHECK(kyaml_text(Node::string("a: b")) == "'a: b'\n");
  CHECK(kyaml_text(Node::scalar("abc", Tag::integer)) == "!!int abc\n");
  CHECK(kyaml_text(Node::scalar("", Tag::integer)) == "!!int\n");
}
