// JSONPath in Kubernetes' dialect (kubectl -o jsonpath, wait conditions): {.a.b[0]}, ['key'], [*], .., slices, unions,
// filters [?(@.x=="y")], {range}{end}, and text outside of braces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::document {

// The nodes that one path names, in document order; throws Error(input) with the column for a path it cannot read.
std::vector<const Node*> find_json_path(const Node& root, std::string_view path);
// Evaluates a whole template, as kubectl prints it (scalars by their text, mappings and lists as JSON).
std::string print_json_path(const Node& root, std::string_view text);

}  // namespace kfrun::document
