// What Go's encoding/json makes of a tree: kustomize turns resources into JSON and back for JSON 6902 patches, for hashes and
// when it prints.
#pragma once

#include <string>

#include "document/node.h"

namespace kfrun::document {

// The tree as kyaml's RNode.MarshalJSON writes it: booleans true and false, integers in decimal, floats in JSON spelling
// (1.50 is 1.5, 1e3 is 1000), dates rewritten as times and turned into strings. Throws Error(input) in Go's words for .inf,
// .nan, keys that are no strings and keys that stand twice.
Node to_json_values(const Node& node);
// The tree as kyaml's RNode.UnmarshalJSON reads it back: every number becomes a float64 (9007199254740993 is
// 9007199254740992) in Go's shortest spelling; strings that YAML 1.1 would read as something else are double quoted. Throws
// Error(input) for a list.
Node from_json_values(const Node& node);

// A tree that was read with Schema::go_yaml_v2 as sigs.k8s.io/yaml's YAMLToJSON makes it JSON: as to_json_values(), but keys of
// other types become strings (y and on are true, and so the key "true"), and of keys that stand twice the last counts.
Node yaml_to_json(const Node& node);

// A number in JSON's spelling: integers that fit 64 bits exactly, all others as float64.
std::string json_number_text(const Node& number);

}  // namespace kfrun::document
