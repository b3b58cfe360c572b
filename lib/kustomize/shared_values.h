// Values that stand at several places of a resource and change together.
//
// kustomize sets a label at all its places with one node, which the places then share: whatever changes the value at one of them
// later (a patch, a replacement, an overlay's label) changes it at all. Here the places carry one number (Node::share), and are
// brought into step after each change.
#pragma once

#include <cstdint>

#include "document/node.h"

namespace kfrun::kustomize {

// A number that no other value has.
std::uint32_t next_share();
// Copies what changed to the other places of the same value; of several changes the last in the order of keys wins.
void sync_shared(document::Node& root);
// Forgets the numbers, as when a tree is copied or made anew from JSON.
void clear_shared(document::Node& root);

}  // namespace kfrun::kustomize
