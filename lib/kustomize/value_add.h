// ValueAddTransformer: puts one value into fields, or into the file paths they hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "document/node.h"
#include "kustomize/selector.h"

namespace kfrun::kustomize {

struct ValueAddTarget {
  std::optional<Selector> selector;  // none is every resource
  std::string field_path;            // names, "[name=x]" and indexes between slashes; "\/" is a slash
  long long file_path_position = 0;  // above 0: the value becomes this part of the path that the field holds
};

struct ValueAdd {
  std::string value;  // "" is the name of the folder of the kustomization
  std::vector<ValueAddTarget> targets;
  std::string target_file_path;  // a file with more targets
};

// From a plugin configuration, as written.
ValueAdd read_value_add(const document::Node& configuration);
// `targets` of a configuration or of a file of targets.
std::vector<ValueAddTarget> read_value_add_targets(const document::Node& node);
// Throws Error(input) when there is no target, or one without a path or with a negative position.
void check_value_add(const ValueAdd& plugin);

// Sets the field of one target in `object`, making what is missing on the way.
void add_value(document::Node& object, const std::string& value, const ValueAddTarget& target);
// ("/a/b", 1, "X") -> "/a/X/b": a position beyond the end appends, an absolute path stays one.
std::string insert_path_part(const std::string& path, long long position, const std::string& part);

}  // namespace kfrun::kustomize
