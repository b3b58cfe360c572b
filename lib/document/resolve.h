// What a plain scalar means, by the rules of Go's two YAML libraries and of the YAML 1.2 core schema.
#pragma once

#include <string_view>

#include "document/node.h"
#include "document/reader.h"

namespace kfrun::document {

// The tag of a plain (unquoted) scalar.
Tag resolve_plain(std::string_view text, Schema schema);
// YAML 1.2 core schema, for kfrun's own files.
Tag resolve_core(std::string_view text);
// "!!int" and the like; "" for Tag::other.
std::string_view short_tag(Tag tag);
// Whether go-yaml v2 reads `text` as something other than a string, or as an old base-60 number: its writer quotes those.
bool needs_quotes_in_v2(std::string_view text);

// Whether the text of a scalar that is a null, a boolean, a number or a time still reads as that (go-yaml v3): code may have put
// another text into it. True for all other nodes.
bool fits_its_tag(const Node& node);

}  // namespace kfrun::document
