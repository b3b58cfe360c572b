// JSON pointers (RFC 6901) and JSON patches (RFC 6902), as gopkg.in/evanphx/json-patch.v4 applies them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::document {

// "/a/b~1c/0" -> {"a", "b/c", "0"}; throws Error(input) when it does not start with '/' and is not empty.
std::vector<std::string> parse_pointer(std::string_view pointer);
// The node a pointer names; nullptr when there is none. A negative index counts from the end (json-patch's habit).
const Node* find_pointer(const Node& root, std::string_view pointer);

// Applies the operations (a sequence of {op, path, from, value}) in order: add, remove, replace, move, copy, test. Throws
// Error(input) in json-patch's words, e.g. "replace operation does not apply: doc is missing path: /data/x: missing value".
void apply_json_patch(Node& target, const Node& operations);

// RFC 7386: null deletes, mappings merge, all else replaces.
void apply_merge_patch(Node& target, const Node& patch);

}  // namespace kfrun::document
