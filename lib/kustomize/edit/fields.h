// The fields of a kustomization that is edited.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::kustomize {

// The value of a field, its name found without regard to case as Go finds it; nullptr when it is absent or null.
document::Node* find_field(document::Node& fields, std::string_view name);
// Sets a field, at its old place or at the end.
document::Node& put_field(document::Node& fields, std::string_view name, document::Node value);
// Takes a field out, whether there was one.
void drop_field(document::Node& fields, std::string_view name);
// The field's list or mapping, made when it is absent.
document::Node& list_field(document::Node& fields, std::string_view name);
document::Node& mapping_field(document::Node& fields, std::string_view name);
// kustomize writes no empty lists and mappings.
void drop_if_empty(document::Node& fields, std::string_view name);

// The list of a deprecated field goes behind that of its successor; at its place when there is none.
void move_list(document::Node& fields, std::string_view deprecated, std::string_view successor);

// Sets a member; a new one goes where the order of keys wants it when they are in order, else to the end.
void put_sorted(document::Node& mapping, const std::string& key, document::Node value);
// The same for a list of mappings that have a `name`.
void add_by_name(document::Node& list, document::Node item);

bool has_text(const document::Node& list, std::string_view text);
bool is_same_namespace(std::string_view left, std::string_view right);

}  // namespace kfrun::kustomize
