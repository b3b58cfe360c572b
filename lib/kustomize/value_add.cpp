#include "kustomize/value_add.h"

#include <algorithm>

#include "base/text.h"
#include "kustomize/field_path.h"
#include "kustomize/field_spec.h"
#include "kustomize/setters.h"
#include "kustomize/transform_namespace.h"

namespace kfrun::kustomize {

using document::Node;
using document::NodeKind;

std::vector<ValueAddTarget> read_value_add_targets(const Node& node) {
  std::vector<ValueAddTarget> targets;
  const Node* list = node.find("targets");
  if (list == nullptr || !list->is_sequence()) return targets;
  for (const Node& item : list->items()) {
    ValueAddTarget target;
    if (const Node* selector = item.find("selector"); selector != nullptr && !selector->is_null()) {
      target.selector = read_selector(*selector);
    }
    target.field_path = item.text_of("fieldPath");
    if (const Node* position = item.find("filePathPosition")) target.file_path_position = position->as_integer().value_or(0);
    targets.push_back(std::move(target));
  }
  return targets;
}

ValueAdd read_value_add(const Node& configuration) {
  return {std::string(trim(configuration.text_of("value"))), read_value_add_targets(configuration),
          configuration.text_of("targetFilePath")};
}

void check_value_add(const ValueAdd& plugin) {
  if (plugin.targets.empty()) throw input_error({}, "must specify at least one target");
  for (const ValueAddTarget& target : plugin.targets) {
    if (target.field_path.empty()) throw input_error({}, "fieldPath cannot be empty");
    if (target.file_path_position < 0) {
      throw input_error({}, "value of FilePathPosition ({}) cannot be negative", target.file_path_position);
    }
  }
}

void add_value(Node& object, const std::string& value, const ValueAddTarget& target) {
  if (target.field_path == "metadata/namespace") return transform_namespace(object, {value}, {});
  Node* field = look_up_or_create(object, split_path(target.field_path, '/'), NodeKind::scalar);
  if (field == nullptr) return;
  require_kind(*field, NodeKind::scalar);
  bool inside_path = target.file_path_position > 0;
  set_scalar(*field, inside_path ? insert_path_part(field->text(), target.file_path_position - 1, value) : value);
}

std::string insert_path_part(const std::string& path, long long position, const std::string& part) {
  if (part.empty()) return path;
  std::vector<std::string> parts;
  for (std::string& name : split(path, '/')) {
    if (!name.empty() && name != ".") parts.push_back(std::move(name));
  }
  auto at = std::clamp(position, 0LL, static_cast<long long>(parts.size()));
  parts.insert(parts.begin() + at, part);
  return (path.starts_with('/') ? "/" : "") + join(parts, "/");
}

}  // namespace kfrun::kustomize
