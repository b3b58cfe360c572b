// The reader and the writer against what kustomize printed for single resources that no transformer touches.
#include <filesystem>

#include "base/files.h"
#include "base/test.h"
#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

constexpr const char* kCases[] = {"anchor-across-docs",
                                  "anchors",
                                  "bad-yaml",
                                  "bom",
                                  "comments",
                                  "crlf",
                                  "dup-keys",
                                  "floats2",
                                  "ints2",
                                  "json-resource",
                                  "keys-dup-types",
                                  "keys-long",
                                  "keys-null",
                                  "keys-seq",
                                  "keys-sort",
                                  "keys-sort2",
                                  "keys-types",
                                  "keys-yaml11",
                                  "lists",
                                  "long-at80",
                                  "long-in-nested",
                                  "long-utf8",
                                  "map-in-list-flow",
                                  "merge-key-list",
                                  "multidoc-sep-in-literal",
                                  "scalar-bools",
                                  "scalar-ctl-bom",
                                  "scalar-ctl-c1",
                                  "scalar-ctl-del",
                                  "scalar-ctl-fffe",
                                  "scalar-ctl-nel",
                                  "scalar-floats",
                                  "scalar-indicators",
                                  "scalar-inf",
                                  "scalar-ints",
                                  "scalar-long",
                                  "scalar-multiline",
                                  "scalar-nan",
                                  "scalar-nulls",
                                  "scalar-numstrings",
                                  "scalar-timestamps",
                                  "scalar-unicode",
                                  "str-special-first",
                                  "tabs",
                                  "tags",
                                  "trailing-ws-literal"};

// What is printed, or "Error: " and the message.
std::string built(const std::string& text) {
  try {
    std::string out;
    for (const auto& node : read_yaml(text, "r.yaml")) {
      if (!out.empty()) out += "---\n";
      append_yaml(out, node);
    }
    return out;
  } catch (const Error& error) {
    return std::string("Error: ") + error.what();
  }
}

}  // namespace

TEST_CASE("resources are read and written as kustomize does it") {
  const auto root = corpus("kustomize/quirks/");
  if (!std::filesystem::is_directory(root)) {
    WARN("SKIPPED: no corpus at " << root);
    return;
  }
  for (const std::string name : kCases) {
    INFO(name);
    const auto out = built(disk().read(root + name + "/input/r.yaml"));
    if (disk().is_file(root + name + "/expected.yaml")) {
      CHECK(out == disk().read(root + name + "/expected.yaml"));
      continue;
    }
    const auto expected = disk().read(root + name + "/expected.err");
    REQUIRE(out.starts_with("Error: "));
    // What cannot be read is told inside of what the build says around it.
    CHECK_THAT(expected, ContainsSubstring(out.substr(7)));
  }
}
