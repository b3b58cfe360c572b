#include "kustomize/selector.h"

#include "base/test.h"
#include "document/reader.h"

using namespace kfrun;
using namespace kfrun::kustomize;

namespace {

bool matches(const char* selector, std::initializer_list<std::pair<std::string, std::string>> labels) {
  return LabelSelector(selector).matches([&](const std::string& key) -> std::optional<std::string> {
    for (const auto& [name, value] : labels) {
      if (name == key) return value;
    }
    return std::nullopt;
  });
}

}  // namespace

TEST_CASE("label selectors follow Kubernetes' operators") {
  CHECK(matches("", {}));
  CHECK(matches("a=1", {{"a", "1"}}));
  CHECK(matches("a == 1 , b", {{"a", "1"}, {"b", ""}}));
  CHECK_FALSE(matches("a=1", {}));
  CHECK(matches("a!=1", {}));
  CHECK(matches("a in (x, y)", {{"a", "y"}}));
  CHECK(matches("a in (,x)", {{"a", ""}}));
  CHECK_FALSE(matches("a notin (x,y)", {{"a", "y"}}));
  CHECK(matches("!a", {{"b", "1"}}));
  CHECK(matches("a>1,a<3", {{"a", "2"}}));
  CHECK(matches("e.com/a in (in,notin)", {{"e.com/a", "in"}}));
}

TEST_CASE("label selectors complain in Kubernetes' words") {
  CHECK_THROWS_WITH(LabelSelector("=a"), "found '=', expected: !, identifier, or 'end of string'");
  CHECK_THROWS_WITH(LabelSelector("a,"), "found '', expected: identifier after ','");
  CHECK_THROWS_WITH(LabelSelector("a in b"), "unable to parse requirement: found 'b' expected: '('");
  CHECK_THROWS_WITH(LabelSelector("a b"), "unable to parse requirement: found 'b', expected: '=', '!=', '==', 'in', notin'");
  CHECK_THROWS_WITH(LabelSelector("a=b c"), "found 'c', expected: ',' or 'end of string'");
  CHECK_THROWS_WITH(LabelSelector("-a=b"), ContainsSubstring("invalid label key \"-a\": name part must consist of"));
  CHECK_THROWS_WITH(LabelSelector("a=-b"),
                    ContainsSubstring("invalid label value: \"-b\": at key: \"a\": a valid label must be"));
  CHECK_THROWS_WITH(LabelSelector("a>b"), ContainsSubstring("the value must be an integer"));
}

TEST_CASE("selectors match whole names and kinds") {
  SelectorMatcher matcher(read_selector(document::read_yaml("{kind: Deploy.*, name: a|b}", "s.yaml").at(0)));
  CHECK(matcher.matches_gvk(Gvk{"apps", "v1", "Deployment"}));
  CHECK_FALSE(matcher.matches_gvk(Gvk{"apps", "v1", "MyDeployment"}));
  CHECK(matcher.matches_name("b"));
  CHECK_FALSE(matcher.matches_name("ab"));
  CHECK(matcher.matches_namespace("anything"));
  CHECK_THROWS_WITH(SelectorMatcher(Selector{{{}, "(", ""}, "", ""}), ContainsSubstring("error parsing regexp: missing"));
  CHECK_THROWS_WITH(SelectorMatcher(Selector{{{}, "a**", ""}, "", ""}),
                    "error parsing regexp: invalid nested repetition operator: `**`");
}

TEST_CASE("selectors look at labels and annotations") {
  auto resource = document::read_yaml("metadata: {labels: {a: 1}, annotations: {b: x}}", "r.yaml").at(0);
  CHECK(SelectorMatcher({{}, "b=x", "a=1"}).matches_labels(resource));
  CHECK(SelectorMatcher({{}, "b=x", "a=1"}).matches_annotations(resource));
  CHECK_FALSE(SelectorMatcher({{}, "", "a=2"}).matches_labels(resource));
}
