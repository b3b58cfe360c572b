// Text to document trees. All readers bound what an input can cost and give errors with places.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::document {

// Which YAML a plain scalar is resolved by.
enum class Schema {
  go_yaml_v3,  // what kyaml reads resources and patches with: YAML 1.2 booleans, y/n/on/off are strings
  go_yaml_v2,  // sigs.k8s.io/yaml (kustomization.yaml, JSON 6902 patch text): YAML 1.1, y/n/yes/no/on/off are booleans, dates
               // strings
};

struct ReadLimits {
  std::size_t max_depth = 1000;            // nesting; deeper is an Error(input)
  std::size_t max_bytes = 512u << 20;      // of one input
  std::size_t max_alias_nodes = 1u << 20;  // nodes that anchors and aliases may copy in one document
};

// Reads a YAML text with libyaml, aliases expanded and `<<` merged as the Go library of the schema does. Errors carry `file`,
// line and column, and libyaml's words in go-yaml's form ("yaml: line 3: did not find expected key", lines counted in the
// document). go_yaml_v3: the text is split at lines that begin "---" first, as kyaml does, so an anchor ends with its document;
// of what stands between two separators the first document counts, and documents that are null or only comments are left out.
// go_yaml_v2: the first document alone; none when it is null.
std::vector<Node> read_yaml(std::string_view text, const std::string& file, Schema schema = Schema::go_yaml_v3,
                            const ReadLimits& limits = {});

// Reads one document of kfrun's own formats with yaml-cpp: YAML 1.2 core schema, duplicate keys refused, aliases expanded, no
// `<<`. An empty input gives null. Throws Error(input) with yaml-cpp's mark when there is more than one document.
Node read_own_yaml(std::string_view text, const std::string& file, const ReadLimits& limits = {});
// The same, for a file that may hold several documents.
std::vector<Node> read_own_yaml_documents(std::string_view text, const std::string& file, const ReadLimits& limits = {});

// Reads one JSON value (RFC 8259) with RapidJSON; numbers keep their text. Throws Error(input) with line and column.
Node read_json(std::string_view text, const std::string& file, const ReadLimits& limits = {});

}  // namespace kfrun::document
