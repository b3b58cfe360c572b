// Changing a YAML file so that only the lines that must change do: comments, blank lines, the order of fields, quotes and line
// ends stay as its author wrote them.
#pragma once

#include <string>
#include <string_view>

#include "document/node.h"

namespace kfrun::kustomize {

// The text changed so that its first document reads (go-yaml v2) as the mapping `wanted`: entries that are in both stay where
// they are, new ones follow the entry they follow in `wanted`. What is new is written as kustomize writes it. Throws
// Error(unsupported) where the text has a shape that cannot be changed alone (anchors, aliases, tags, merge keys);
// Error(internal) when the new text would not read as wanted.
std::string spliced(std::string_view text, const std::string& file, const document::Node& wanted);

// Whether two trees say the same; the order of a mapping's members does not count.
bool is_same(const document::Node& left, const document::Node& right);

}  // namespace kfrun::kustomize
