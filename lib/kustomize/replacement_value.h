// Writing one replacement's value into one resource.
#pragma once

#include <string>

#include "document/node.h"
#include "kustomize/replacement.h"

namespace kfrun::kustomize {

// The part of `value` that the options name. Throws "delimiter option can only be used with scalar nodes" and others.
document::Node refined_value(const document::Node& value, const std::optional<FieldOptions>& options);

// Writes to every field that `path` names, in `object` or in the YAML or JSON text of one of its fields. A scalar keeps its type:
// only its text is replaced. Throws `unable to find field "..." in replacement target`.
void write_to_path(document::Node& object, const document::Node& value, const std::string& path, const FieldOptions& options);

}  // namespace kfrun::kustomize
