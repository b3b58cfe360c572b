#include "kustomize/schema.h"

#include "base/test.h"
#include "document/reader.h"
#include "kustomize/schema_table.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using Keys = std::vector<std::string>;

namespace {

// The position at the end of a path of fields; "[]" steps into a list.
int walk(const OpenApiSchema& schema, int position, const std::vector<std::string>& path) {
  for (const auto& part : path) position = part == "[]" ? schema.elements(position) : schema.field(position, part);
  return position;
}

}  // namespace

TEST_CASE("builtin kinds know how their lists are merged") {
  const OpenApiSchema schema;
  const int deployment = schema.resource("apps/v1", "Deployment");
  REQUIRE(deployment >= 0);
  const Keys pod = {"spec", "template", "spec"};
  const auto in_pod = [&](Keys path) {
    path.insert(path.begin(), pod.begin(), pod.end());
    return walk(schema, deployment, path);
  };
  CHECK(schema.merges(in_pod({"containers"})));
  CHECK(schema.merge_keys(in_pod({"containers"})) == Keys{"name"});
  CHECK(schema.merge_keys(in_pod({"containers", "[]", "ports"})) == Keys{"containerPort", "protocol"});
  CHECK(schema.merges(in_pod({"containers", "[]", "env"})));
  CHECK_FALSE(schema.merges(in_pod({"containers", "[]", "args"})));
  CHECK_FALSE(schema.merges(in_pod({"tolerations"})));
  CHECK(in_pod({"tolerations"}) >= 0);
  CHECK(schema.merges(in_pod({"volumes"})));
  CHECK_FALSE(schema.replaces(in_pod({"volumes"})));
  const int finalizers = walk(schema, deployment, {"metadata", "finalizers"});
  CHECK(schema.merges(finalizers));
  CHECK(schema.merge_keys(finalizers).empty());
  CHECK(schema.elements(finalizers) != deployment);
  CHECK(in_pod({"nonsense"}) == OpenApiSchema::kUnknownSchema);
  CHECK(schema.elements(deployment) == OpenApiSchema::kUnknownSchema);
  CHECK(schema.merge_keys(walk(schema, schema.resource("v1", "Service"), {"spec", "ports"})) == Keys{"port", "protocol"});
}

TEST_CASE("kinds are found by apiVersion and kind only") {
  const OpenApiSchema schema;
  CHECK(schema.resource("apps/v1beta9", "Deployment") == OpenApiSchema::kUnknownSchema);
  CHECK(schema.resource("v1", "Deployment") == OpenApiSchema::kUnknownSchema);
  CHECK(OpenApiSchema(OpenApiSchema::Builtin::left_out).resource("v1", "Pod") == OpenApiSchema::kUnknownSchema);
  for (const auto& row : schema_table().resources) CHECK(schema.resource(row.api_version, row.kind) == row.definition);
}

TEST_CASE("an openapi document adds kinds, merge keys and scopes") {
  OpenApiSchema schema(OpenApiSchema::Builtin::left_out);
  schema.add(document::read_json(R"({
    "definitions": {
      "x.v1.Foo": {
        "type": "object",
        "properties": {
          "spec": {"$ref": "#/definitions/x.v1.Spec"},
          "loop": {"$ref": "#/definitions/x.v1.Loop"},
          "lost": {"$ref": "#/definitions/nowhere"}
        },
        "x-kubernetes-group-version-kind": [{"group": "x", "version": "v1", "kind": "Foo"}]
      },
      "x.v1.Loop": {"$ref": "#/definitions/x.v1.Loop"},
      "x.v1.Spec": {"properties": {
        "items": {"type": "array", "items": {"$ref": "#/definitions/x.v1.Item"},
                  "x-kubernetes-patch-merge-key": "id", "x-kubernetes-patch-strategy": "merge,retainKeys"},
        "named": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"},
                  "x-kubernetes-patch-strategy": "merge", "x-kubernetes-list-map-keys": ["a", "b"]}}
      }},
      "x.v1.Item": {"properties": {"parts": {"type": ["array"], "items": {"type": "string"}, "x-kubernetes-patch-strategy": "replace"}}}
    },
    "paths": {
      "/apis/x/v1/namespaces/{namespace}/foos": {"get": {"x-kubernetes-group-version-kind": {"group": "x", "version": "v1", "kind": "Foo"}}},
      "/apis/x/v1/foos": {"get": {"x-kubernetes-group-version-kind": {"group": "x", "version": "v1", "kind": "Foo"}}},
      "/apis/x/v1/bars": {"get": {"x-kubernetes-group-version-kind": {"group": "x", "version": "v1", "kind": "Bar"}}}
    }})",
                                 "s.json"));
  const int foo = schema.resource("x/v1", "Foo");
  REQUIRE(foo >= 0);
  const int items = walk(schema, foo, {"spec", "items"});
  CHECK(schema.merges(items));
  CHECK(schema.merge_keys(items) == Keys{"id"});
  CHECK(schema.replaces(walk(schema, items, {"[]", "parts"})));
  CHECK(schema.merge_keys(walk(schema, foo, {"spec", "named", "anything"})) == Keys{"a", "b"});
  CHECK(schema.field(foo, "loop") == OpenApiSchema::kUnknownSchema);
  CHECK(schema.field(foo, "lost") == OpenApiSchema::kUnknownSchema);
  CHECK(schema.is_namespaced("x/v1", "Foo") == true);
  CHECK(schema.is_namespaced("x/v1", "Bar") == false);
  CHECK(schema.is_namespaced("x/v1", "Baz") == std::nullopt);
}

TEST_CASE("an added document finds builtin definitions, and either may win") {
  const char* text = R"({"definitions": {
    "x.Foo": {"properties": {"template": {"$ref": "#/definitions/io.k8s.api.core.v1.PodTemplateSpec"}},
              "x-kubernetes-group-version-kind": [{"group": "x.com", "version": "v1", "kind": "Foo"}]},
    "io.k8s.api.core.v1.PodTemplateSpec": {"properties": {"spec": {"properties": {"containers": {"type": "array"}}}}}}})";
  auto containers_merge = [&](OpenApiSchema::Builtin builtin) {
    OpenApiSchema schema(builtin);
    schema.add(document::read_json(text, "openapi.json"));
    auto position = schema.resource("x.com/v1", "Foo");
    for (const char* name : {"template", "spec", "containers"}) position = schema.field(position, name);
    return schema.merges(position);
  };
  CHECK(containers_merge(OpenApiSchema::Builtin::over_added));
  CHECK_FALSE(containers_merge(OpenApiSchema::Builtin::included));
  CHECK_FALSE(containers_merge(OpenApiSchema::Builtin::left_out));
  OpenApiSchema schema(OpenApiSchema::Builtin::included);
  schema.add(document::read_json(R"({"definitions": {"x.Bar": {"properties": {"t": {"$ref":
    "#/definitions/io.k8s.api.core.v1.PodSpec"}}, "x-kubernetes-group-version-kind": [{"version": "v1", "kind": "Bar"}]}}})",
                                 "o"));
  CHECK(schema.merges(schema.field(schema.field(schema.resource("v1", "Bar"), "t"), "containers")));
}
