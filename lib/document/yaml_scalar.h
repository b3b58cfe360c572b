// One string as go-yaml v2's emitter writes it: plain, quoted, or as a literal block.
#pragma once

#include <string>
#include <string_view>

namespace kfrun::document {

// Where a string is written.
struct ScalarPlace {
  int indent = 0;           // of the lines that follow the first
  std::size_t start = 0;    // where the document begins in the output; what is before it is no part of the line
  bool simple_key = false;  // a key on one line: never folded, never a block
};

void append_yaml_string(std::string& out, std::string_view text, const ScalarPlace& place);
// Whether a key must be written as "? key": it is longer than 128 bytes or has line breaks.
bool needs_explicit_key(std::string_view text);

// Whether go-yaml v3 writes the text as a block scalar when asked to, its lines broken by '\n' alone.
bool fits_block(std::string_view text);

}  // namespace kfrun::document
