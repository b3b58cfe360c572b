// Document trees to text.
#pragma once

#include <string>

#include "document/node.h"

namespace kfrun::document {

// What `kustomize build` prints for one resource, byte for byte: the tree as Go's encoding/json sees it (keys sorted, numbers
// normalised, dates rewritten), then as go-yaml v2 emits it. Ends with a newline. Throws Error(input) for what kustomize
// refuses (non-string keys below the top, duplicate keys, .inf, control characters) with its words.
std::string write_yaml(const Node& node);
// Appends instead, for callers that print many documents.
void append_yaml(std::string& out, const Node& node);

struct JsonStyle {
  int indent = 0;            // 0: one line, no blanks
  bool sort_keys = false;    // bytewise, as Go's maps
  bool escape_html = false;  // < > & U+2028 U+2029 as \u escapes, as Go's json.Marshal
};
// Scalars by their tag: integers and floats as JSON numbers (normalised spelling), strings and all else as strings. Throws
// Error(input) for .inf and .nan.
std::string write_json(const Node& node, const JsonStyle& style = {});

}  // namespace kfrun::document
