#include "kustomize/origin.h"

#include "base/test.h"
#include "document/reader.h"

using namespace kfrun;
using namespace kfrun::kustomize;

TEST_CASE("origins are printed as kustomize's annotations") {
  // facts: the recorded case buildmetadata.
  CHECK(origin_text(Origin{}.below("b").below("r.yaml")) == "path: b/r.yaml\n");
  Origin prefix{"", "", "", "kustomization.yaml", {"builtin", "PrefixTransformer", "", ""}};
  CHECK(origin_text(prefix) ==
        "configuredIn: kustomization.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: PrefixTransformer\n");
  CHECK(transformations_text({prefix, prefix}) ==
        "- configuredIn: kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n    kind: PrefixTransformer\n"
        "- configuredIn: kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n    kind: PrefixTransformer\n");
  CHECK(origin_text(Origin{}) == "{}\n");
  CHECK(read_origin(origin_text(prefix)) == prefix);
  CHECK(read_transformations(transformations_text({prefix, Origin{}})) == std::vector<Origin>{prefix, Origin{}});
}

TEST_CASE("a plugin's origin is the file and the id of its configuration") {
  auto plugin = document::read_yaml("apiVersion: builtin\nkind: X\nmetadata: {name: \"1\", namespace: n}\n", "p.yaml").at(0);
  auto origin = configured_by(Origin{"a/p.yaml", "", "", "", {}}, plugin);
  CHECK(origin_text(origin) ==
        "configuredIn: a/p.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: X\n  name: \"1\"\n  namespace: \"n\"\n");
}
