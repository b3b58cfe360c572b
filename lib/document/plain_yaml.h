// A quick reader of the YAML that nearly all manifests are written in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"
#include "document/reader.h"

namespace kfrun::document {

// The tree of one document, the same that libyaml's events make, positions and styles included; many times faster. Nothing when
// the text is not, from its first to its last byte, in the subset that is understood here: printable characters, most of
// them ASCII; block mappings with ASCII keys on one line, block sequences, plain and quoted scalars, literal block scalars, {},
// [] and lists of words in one line, comments. Faulty texts are not in the subset, nor are anchors, tags, merge keys, folded
// scalars, tabs, documents that are only a scalar. `line` is the number of lines before the text.
std::optional<Node> read_plain_yaml(std::string_view text, int line, Schema schema, std::size_t max_depth);

// read_yaml() by libyaml alone: what the quick reader is measured by.
std::vector<Node> read_yaml_by_events(std::string_view text, const std::string& file, Schema schema,
                                      const ReadLimits& limits = {});

}  // namespace kfrun::document
