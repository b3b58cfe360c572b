// Fields of checked trees (decode_json_shape), with Go's zero value for what is not there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::kustomize {

inline bool is_set(const document::Node& node, std::string_view field) {
  const document::Node* value = node.find(field);
  return value != nullptr && value->as_boolean().value_or(false);
}

inline std::vector<std::string> texts_in(const document::Node& node, std::string_view field) {
  std::vector<std::string> texts;
  const document::Node* list = node.find(field);
  if (list == nullptr || !list->is_sequence()) return texts;
  for (const auto& item : list->items()) texts.push_back(item.is_null() ? std::string() : item.text());
  return texts;
}

}  // namespace kfrun::kustomize
