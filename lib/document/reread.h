// kyaml turns a tree into text and reads that text again before it becomes JSON. This is what the detour changes.
#pragma once

#include <string>

#include "document/node.h"

namespace kfrun::document {

// A string in folded style: go-yaml v3 writes a line break too many between its lines once the text does not begin with a blank,
// so that lines fold differently and breaks at the end are doubled. Other strings are as they were.
bool is_changed_by_folding(const Node& node);
std::string refolded(const std::string& text);

// A scalar inside of a collection in flow style (braces, brackets): what is empty or has a colon gets quotes, so that an empty
// value and a time are strings from then on.
bool is_quoted_in_flow(const Node& scalar);

// A block text that begins with a tab cannot be read back: "found a tab character where an indentation space is expected".
bool breaks_block(const Node& scalar);

}  // namespace kfrun::document
