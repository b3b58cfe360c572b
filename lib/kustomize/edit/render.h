// Pieces of YAML for an edit: what kustomize would write, indented for their place.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "document/node.h"

namespace kfrun::kustomize {

// "key: value" as lines with '\n' at their ends, moved right by `column`.
std::string rendered_member(const document::Member& member, std::size_t column);
// "- value" likewise.
std::string rendered_item(const document::Node& item, std::size_t column);

// One line for the inside of brackets or braces; `quoted`: as JSON.
std::string flow_text(const document::Node& node, bool quoted);
std::string flow_text(const document::Member& member, bool quoted);

// A scalar on one line, in the quotes that `old` is written in where that can be.
std::string rewritten_scalar(const document::Node& wanted, std::string_view old, bool in_flow);

}  // namespace kfrun::kustomize
