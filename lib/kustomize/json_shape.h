// What Go's encoding/json expects of a JSON text when it decodes it into a struct, and its words when it meets something else.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "document/node.h"

namespace kfrun::kustomize {

struct JsonField;

// A Go type. Tables of these are static data.
struct JsonShape {
  enum class Kind { any, text, boolean, integer, map, list, object };
  Kind kind = Kind::any;
  std::string_view go_type;            // as error texts name it: "string", "[]string", "types.Patch"
  std::string_view struct_name;        // of an object: "Patch"
  const JsonShape* element = nullptr;  // of a list or a map
  std::span<const JsonField> fields;   // of an object
};

struct JsonField {
  std::string_view name;
  const JsonShape* shape;
  std::string_view embedded = {};  // the embedded structs that hold it: "ResId.Gvk."
};

// Checks a tree that YAML 1.1 was read into, and brings it into Go's form: keys sorted, the last of double keys kept, fields
// found without regard to case given their right names, nulls (which Go leaves alone) taken out. Throws Error(input):
// `json: unknown field "bar"`, "json: cannot unmarshal number into Go struct field Kustomization.namePrefix of type string".
document::Node decode_json_shape(const document::Node& node, const JsonShape& shape, const std::string& file);

}  // namespace kfrun::kustomize
