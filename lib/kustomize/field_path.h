// Paths to fields as replacements name them: "spec.template.spec.containers.[name=web].image", "data.config\.yaml.port",
// "spec.ports.0.port", "spec.containers.*.image" (kyaml's PathGetter and PathMatcher).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::kustomize {

// Splits at dots that are neither escaped nor inside of brackets; brackets stay around "[name=value]" and go from "[a.b]".
std::vector<std::string> split_field_path(std::string_view path);

// The one node a path names; a bracket compares as text, "-" is the last element. nullptr when there is none. Throws
// Error(input) when the path does not fit what it meets, or holds a wildcard.
const document::Node* look_up(const document::Node& root, const std::vector<std::string>& path);

// The same, making what is missing: mappings, lists where a bracket or a number follows, elements that a bracket describes (but
// none by number), and at the end a node of kind `leaf` (a scalar is a null without text). nullptr when the path ends in a null
// or in an element by number that is not there.
document::Node* look_up_or_create(document::Node& root, const std::vector<std::string>& path, document::NodeKind leaf);

// What is made of a missing field or element at the end of a path; everything before becomes mappings and lists.
using CreatedKind = std::optional<document::NodeKind>;

struct FieldMatch {
  document::Node* node;
  bool created;  // has no tag yet
};

// All nodes a path names. Brackets hold a regular expression that is matched with the printed element. When the path leads into
// a scalar, that is read as YAML and the matches are nodes of that text, kept in `inner` of the result, so that changing them
// changes nothing (as in kyaml).
struct FieldMatches {
  std::vector<FieldMatch> fields;
  std::vector<std::unique_ptr<document::Node>> inner;
};
FieldMatches match_fields(document::Node& root, const std::vector<std::string>& path, CreatedKind create);

}  // namespace kfrun::kustomize
