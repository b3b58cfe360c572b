// Where the nodes of a YAML text stand, as ranges of bytes: what an edit needs to leave the rest of a file alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::document {

struct Spot {
  NodeKind kind = NodeKind::scalar;
  bool flow = false;   // [a, b] or {a: b}
  bool bound = false;  // an alias, or written with an anchor or a tag: its text cannot be changed alone
  // A block sequence begins at its first dash; a block collection ends with its last entry. A block scalar ends before its last
  // line break that counts. A value that is not written has a length of 0.
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<Spot> children;  // the items; or key, value, key, value
};

// The first document's root; nothing when the text holds none or cannot be read.
std::optional<Spot> find_spots(std::string_view text);

}  // namespace kfrun::document
