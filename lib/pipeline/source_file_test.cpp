#include "pipeline/source_file.h"

#include "base/test.h"

namespace kfrun::pipeline {
namespace {

// Where in the text each byte of the value was found; "?" for what could not be followed.
std::string followed(const std::string& text, const std::string& value) {
  std::string found;
  for (const auto at : offsets_in_scalar(text, 0, value)) found += text[at];
  return found + std::string(value.size() - found.size(), '?');
}

TEST_CASE("bytes of scalars are found in their spelling") {
  CHECK(followed("plain", "plain") == "plain");
  CHECK(followed("'it''s'", "it's") == "it's");
  CHECK(followed(R"("a\tb\"c")", "a\tb\"c") == "a\\b\\c");
  CHECK(followed(R"("\u00e9x\x41y")", "\xC3\xA9xAy") == "\\\\x\\y");
  CHECK(followed("one\n  two", "one two") == "one\ntwo");
  CHECK(followed("\"one  \n\n  two\"", "one\ntwo") == "one two");
  CHECK(followed("\"one\\\n  two\"", "onetwo") == "onetwo");
  CHECK(followed("|\n  a\n   b\n\n  c\n", "a\n b\n\nc\n") == "a\n b\n\nc\n");
  CHECK(followed(">-\n  a\n  b\n\n  c\n", "a b\nc") == "a\nb\nc");
  CHECK(followed("|2\n    a\n", "  a\n") == "  a\n");
  CHECK(followed("&x !!str a", "a") == "a");
  CHECK(followed("abc", "abd") == "ab?");
  CHECK(followed("", "a") == "?");
}

TEST_CASE("places are given by line and column") {
  const SourceFile file("f.yaml", "a: \"x\\ty\"\nb: |\n  one\n  two\n");
  const auto& document = file.documents().at(0);
  const auto a = file.places_in(*document.find("a"), "a");
  CHECK(to_string(a(0)) == "f.yaml:1:5 (a)");
  CHECK(to_string(a(2)) == "f.yaml:1:8 (a)");
  CHECK(to_string(a(3)) == "f.yaml:1:9 (a)");
  const auto b = file.places_in(*document.find("b"), "b");
  CHECK(to_string(b(0)) == "f.yaml:3:3 (b)");
  CHECK(to_string(b(5)) == "f.yaml:4:4 (b)");
}

TEST_CASE("faults of syntax have their place and say what is often meant") {
  try {
    const SourceFile file("f.yaml", "a: [${{ x }}]\n");
    FAIL("this was read");
  } catch (const Error& fault) {
    CHECK(fault.place().line == 1);
    REQUIRE(fault.hints().size() == 1);
    CHECK_THAT(fault.hints()[0], ContainsSubstring("quotes"));
  }
}

}  // namespace
}  // namespace kfrun::pipeline
