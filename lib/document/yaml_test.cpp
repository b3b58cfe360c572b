#include <filesystem>

#include "base/files.h"
#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

std::string through(const std::string& text) {
  std::string out;
  for (const auto& node : read_yaml(text, "in.yaml")) {
    if (!out.empty()) out += "---\n";
    append_yaml(out, node);
  }
  return out;
}

}  // namespace

TEST_CASE("scalars are read as go-yaml v3 and written as go-yaml v2") {
  // facts: the recorded outputs of kustomize 5.8.2 for these spellings.
  const std::pair<const char*, const char*> table[] = {
      {"y", "\"y\""},
      {"yes", "\"yes\""},
      {"True", "true"},
      {"~", "null"},
      {"", "null"},
      {"''", "\"\""},
      {"0644", "420"},
      {"0o644", "420"},
      {"08", "8"},
      {"0x1F", "31"},
      {"0b101", "5"},
      {"-0b11", "-3"},
      {"1_000", "1000"},
      {"+5", "5"},
      {"-0", "0"},
      {"18446744073709551615", "18446744073709551615"},
      {"1e3", "1000"},
      {"1.50", "1.5"},
      {"1e20", "1e+20"},
      {"18446744073709551616", "1.8446744073709552e+19"},
      {"1e-7", "1e-07"},
      {"1234567.5", "1.2345675e+06"},
      {"1:30", "\"1:30\""},
      {"2001-12-14", "\"2001-12-14T00:00:00Z\""},
      {"!!str 123", "\"123\""},
      {"!!binary aGVsbG8=", "hello"},
      {"{}", "{}"},
      {"[]", "[]"},
      {"a:b", "a:b"},
      {"'a: b'", "'a: b'"},
      {"' x'", "' x'"},
      {"\"t\\tx\"", "\"t\\tx\""},
      {"\"#x\"", "'#x'"},
      {"it's", "it's"},
      {"\"a\\nb\"", "|-\n  a\n  b"},
      {"\"a\\n\"", "|\n  a"},
  };
  for (const auto& [in, out] : table) {
    INFO(in);
    CHECK(through(std::string("k: ") + in + "\n") == std::string("k: ") + out + "\n");
  }
}

TEST_CASE("keys are sorted as go-yaml v2 sorts them") {
  CHECK(through("{a10: 1, a2: 1, a1: 1, B: 1, b: 1, foo-bar: 1, foo: 1, fooBar: 1}\n") ==
        "B: 1\na1: 1\na2: 1\na10: 1\nb: 1\nfoo: 1\nfoo-bar: 1\nfooBar: 1\n");
}

TEST_CASE("aliases and merge keys are expanded") {
  CHECK(through("base: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3\n") == "base:\n  x: 1\n  \"y\": 2\nd:\n  x: 1\n  \"y\": 3\n");
}

TEST_CASE("each document of a stream may begin with a byte order mark") {
  const auto documents = read_yaml("\uFEFFa: 1\n---\n\uFEFFb: 2\n", "f.yaml");
  REQUIRE(documents.size() == 2);
  CHECK(documents[0].find("a") != nullptr);
  CHECK(documents[1].find("b") != nullptr);
}

TEST_CASE("what cannot be read is an error with a place") {
  const auto fault = [](const std::string& text) {
    try {
      read_yaml(text, "f.yaml");
    } catch (const Error& error) {
      return to_string(error.place()) + ": " + error.what();
    }
    return std::string("no error");
  };
  CHECK_THAT(fault("a: [1, 2\nb: 3\n"), ContainsSubstring("did not find expected ',' or ']'"));
  CHECK_THAT(fault("a: *nobody\n"), ContainsSubstring("unknown anchor 'nobody' referenced"));
  CHECK_THAT(fault("a: &x [*x]\n"), ContainsSubstring("value contains itself"));
  // The parser stumbles over the brace, but go-yaml's scanner has seen the colon behind it before.
  CHECK(fault("kind: A\nlabels:\n  a: 1\n}    b: c\n") ==
        "f.yaml:4:7: yaml: line 4: mapping values are not allowed in this context");
  CHECK(fault("a: 1\n---x\nb: 2\n") == "f.yaml:2:1: invalid document separator: ---x");
  CHECK(fault("\xC3\xA9: \"\\\\/\"\na: 1\nb: \"x\n  \\/\"\n") == "f.yaml:4:4: yaml: line 3: found unknown escape character");
  CHECK(fault("a: \"\\/\"\n") == "f.yaml:1:4: yaml: found unknown escape character");
  CHECK(fault("a: 1\n--- # c\nb: 2\nc: [\n") == "f.yaml:5:1: yaml: line 2: did not find expected node content");
  CHECK_THAT(fault(std::string(3000, '[')), ContainsSubstring("exceeded max depth"));
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    const std::string before = std::string("*") + static_cast<char>(c - 1);
    bomb += fmt::format("{}: &{} [{},{},{},{},{},{},{},{},{},{}]\n", c, c, before, before, before, before, before, before, before,
                        before, before, before);
  }
  CHECK_THAT(fault(bomb), ContainsSubstring("excessive aliasing"));
  // Five hundred anchors around ten thousand values.
  std::string anchors;
  for (int i = 0; i < 500; ++i) anchors += fmt::format("&a{} [", i);
  for (int i = 0; i < 10000; ++i) anchors += "x,";
  CHECK_THAT(fault(anchors + std::string(500, ']')), ContainsSubstring("excessive aliasing"));
}

TEST_CASE("what kustomize printed reads and writes back to the same bytes") {
  std::vector<std::string> files;
  for (const char* folder : {"kustomize/blobs", "kustomize/quirks"}) {
    if (!std::filesystem::is_directory(corpus(folder))) {
      WARN("SKIPPED: no corpus at " << corpus(folder));
      return;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus(folder))) {
      const auto name = entry.path().filename().string();
      if (name == "expected.yaml" || entry.path().parent_path().filename() == "blobs") files.push_back(entry.path().string());
    }
  }
  REQUIRE(files.size() > 200);
  for (const auto& file : files) {
    INFO(file);
    const auto text = disk().read(file);
    if (through(text) != text) FAIL_CHECK("differs");
  }
}
