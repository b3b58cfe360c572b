// What kustomize says about a resource that it cannot write; used by the YAML writer.
#pragma once

#include "base/error.h"
#include "document/node.h"

namespace kfrun::document {

// "yaml: unmarshal errors:" with a line for each key that stands twice in one mapping; the lines are counted in the text that
// kyaml would print for the tree (without comments, which the tree does not have). Nothing when no key does.
std::optional<Error> duplicate_keys(const Node& root);

// "yaml: line 4: found a tab character where an indentation space is expected" for a block text of the tree.
Error unreadable_block(const Node& root, const Node& text);

}  // namespace kfrun::document
