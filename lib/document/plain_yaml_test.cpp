// The quick reader against libyaml: on texts that lie at the borders of the subset, and on all manifests of the corpus.
#include "document/plain_yaml.h"

#include <filesystem>

#include "base/files.h"
#include "base/test.h"
#include "document/same_tree.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

// Whether it is in the subset; fails when the trees differ or libyaml refuses the text.
bool is_read(const std::string& text) {
  bool read = false;
  for (const auto schema : {Schema::go_yaml_v3, Schema::go_yaml_v2}) {
    const auto quick = read_plain_yaml(text, 0, schema, 1000);
    read = quick.has_value();
    if (!quick) continue;
    INFO(text);
    const auto slow = read_yaml_by_events(text, "test.yaml", schema);
    REQUIRE(slow.size() == 1);
    CHECK(same_tree(*quick, slow[0]));
  }
  return read;
}

}  // namespace

TEST_CASE("the quick reader makes the trees that libyaml makes") {
  for (const char* text : {"a: 1\n",
                           "a: 1",
                           "---\na: 1\n",
                           "# x\n\na:   b   # c\nd:\n",
                           "a:\n- b\n- c:\nd: e\n",
                           "a:\n  - b\n  -\n  - c: 1\n    d: ~\n",
                           "a: b\n  c\n\n\n  d # e\nf: g\n",
                           "a:\n  b c\n  d\n",
                           "- - a\n  - b\n-   - c\n",
                           "a: ''\nb: 'it''s  '\nc: 'x\n\n  y  z\n  '\n",
                           "a: \"q\\\"\\n\\t\\\\\"\nb: \"x   \n  y\"\n",
                           "\"a b\": c\n'd': e\n",
                           "a: |\n  x\n\n   y\n\nb: |-\n\n  z\nc: |+\n  w\n\n\nd: 1\n",
                           "a: |\n  x",
                           "a: {}\nb: []  # c\nc: [a, 'b', \"c\", --d, -1, /e/f ]\n",
                           "a: x:y\nb: a#b\nc: -1\nd: --- e\n",
                           "a: http://x/y?z=1&b\non: yes\n2001-01-01: 2001-01-01\n",
                           "a: caf\xC3\xA9 \xE2\x80\x99\nb: \xE4\xB8\xAD\n",
                           "  a: 1\n  b:\n  - c\n",
                           "a:\n    b:\n  # c\n    c: 1\n# d\n",
                           "- a: |\n    x\n  b: 1\n- c\n",
                           "a: 'b' # c\nd: e\n"}) {
    INFO(text);
    if (std::string_view(text) == "a: |\n  x") {
      CHECK_FALSE(is_read(text));  // a block without a last line break
    } else {
      CHECK(is_read(text));
    }
  }
}

TEST_CASE("the quick reader leaves what is not plainly in its subset") {
  for (const char* text : {"",
                           "a\n",
                           "# a\n",
                           "a: b: c\n",
                           "a: &x b\n",
                           "a: *x\n",
                           "a: !t b\n",
                           "<<: {}\n",
                           "~: a\n",
                           "a: >\n  b\n",
                           "a: |2\n   b\n",
                           "a:\tb\n",
                           "a: b\r\n",
                           "a: - b\n",
                           "a: b\n  c: d\n",
                           "a: b\n c\n d: e\n",
                           "a: 'b\nc'\n",
                           "a: \"\\x41\"\n",
                           "a: {b: c}\n",
                           "a: [b, ]\n",
                           "a: [b: c]\n",
                           "? a\n: b\n",
                           "a: b\n---\nc: d\n",
                           "a: b\n...\n",
                           "%YAML 1.1\n---\na: b\n",
                           "a : b\n",
                           "- a\nb: c\n",
                           "a:\n  b: c\n d: e\n",
                           "a: b # c\n  d\n",
                           "caf\xC3\xA9: b\n",
                           "a: \xC2\x85\n",
                           "a: \xE2\x80\xA8\n",
                           "a: \xFF\n",
                           "a: |\n    b\n  c\n",
                           "a: |\n\n",
                           "a: @b\n",
                           "a: 'b'c\n",
                           "a: 'b'#c\n",
                           "a: \x7F\n",
                           "--- a\n"}) {
    INFO(text);
    CHECK_FALSE(is_read(text));
  }
}

TEST_CASE("the quick reader makes libyaml's trees of all manifests of the corpus") {
  const auto root = corpus("kustomize");
  if (!disk().is_directory(root)) {
    WARN("skipped: no corpus");
    return;
  }
  std::size_t all = 0, read = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const auto extension = entry.path().extension();
    if (!entry.is_regular_file() || (extension != ".yaml" && extension != ".yml")) continue;
    const auto text = disk().read(entry.path().string());
    for (std::size_t from = 0, to = 0; to != std::string::npos; from = to + 5) {
      to = text.find("\n---\n", from);
      ++all;
      read += is_read(text.substr(from, to == std::string::npos ? to : to + 1 - from)) ? 1 : 0;
    }
  }
  CHECK(read * 10 > all * 9);
}
