#include "kustomize/crd_config.h"

#include "base/test.h"
#include "document/reader.h"

using namespace kfrun;
using namespace kfrun::kustomize;

TEST_CASE("definitions of custom kinds say where annotations, selectors, names and references are") {
  auto config = read_crd_config(document::read_yaml(R"(
github.com/x/v1.Bee:
  Schema:
    properties:
      kind: {type: string}
      apiVersion: {type: string}
      metadata: {}
      spec: {$ref: github.com/x/v1.BeeSpec}
github.com/x/v1.BeeSpec:
  Schema:
    properties:
      notes: {x-kubernetes-annotation: ""}
      selector: {x-kubernetes-label-selector: ""}
      id: {x-kubernetes-identity: ""}
      hive: {x-kubernetes-object-ref-api-version: v1beta1, x-kubernetes-object-ref-kind: Hive}
      key: {x-kubernetes-object-ref-api-version: v1, x-kubernetes-object-ref-kind: Secret, x-kubernetes-object-ref-name-key: n}
)",
                                                    "crd.yaml")
                                    .at(0));
  Gvk bee{"", "", "Bee"};
  CHECK(config.common_annotations == FieldSpecs{{bee, "spec/notes"}});
  CHECK(config.common_labels == FieldSpecs{{bee, "spec/selector"}});
  CHECK(config.name_prefix == FieldSpecs{{bee, "spec/id"}});
  REQUIRE(config.name_references.size() == 2);
  CHECK(config.name_references[0].gvk == Gvk{"", "v1", "Secret"});
  CHECK(config.name_references[0].referrers == FieldSpecs{{bee, "spec/key/n"}});
  CHECK(config.name_references[1].gvk == Gvk{"", "v1beta1", "Hive"});
  CHECK(config.name_references[1].referrers == FieldSpecs{{bee, "spec/hive/name"}});
}

TEST_CASE("a definition that refers to itself is an error") {
  auto file =
      document::read_yaml("a.B: {schema: {properties: {kind: {}, apiVersion: {}, metadata: {}, x: {$ref: a.B}}}}", "crd.yaml");
  CHECK_THROWS_WITH(read_crd_config(file.at(0)), "the definition of 'a.B' refers to itself");
}
