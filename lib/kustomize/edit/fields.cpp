#include "kustomize/edit/fields.h"

#include <algorithm>

#include "base/text.h"

namespace kfrun::kustomize {

using document::Mapping;
using document::Member;
using document::Node;
using document::Sequence;

namespace {

// The exact name first, then any spelling.
Mapping::iterator find_member(Node& fields, std::string_view name) {
  auto& members = fields.members();
  const auto exact =
      std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.key.text() == name; });
  if (exact != members.end()) return exact;
  return std::find_if(members.begin(), members.end(),
                      [&](const Member& member) { return to_lower(member.key.text()) == to_lower(name); });
}

}  // namespace

Node* find_field(Node& fields, std::string_view name) {
  const auto found = find_member(fields, name);
  return found == fields.members().end() || found->value.is_null() ? nullptr : &found->value;
}

Node& put_field(Node& fields, std::string_view name, Node value) {
  const auto found = find_member(fields, name);
  if (found == fields.members().end()) return fields.set(name, std::move(value));
  found->value = std::move(value);
  return found->value;
}

void drop_field(Node& fields, std::string_view name) {
  const auto found = find_member(fields, name);
  if (found != fields.members().end()) fields.members().erase(found);
}

Node& list_field(Node& fields, std::string_view name) {
  Node* found = find_field(fields, name);
  return found ? *found : put_field(fields, name, Node::sequence());
}

Node& mapping_field(Node& fields, std::string_view name) {
  Node* found = find_field(fields, name);
  return found ? *found : put_field(fields, name, Node::mapping());
}

void drop_if_empty(Node& fields, std::string_view name) {
  const Node* found = find_field(fields, name);
  if (!found || found->size() == 0) drop_field(fields, name);
}

void move_list(Node& fields, std::string_view deprecated, std::string_view successor) {
  Node* old = find_field(fields, deprecated);
  if (!old) return;
  Node* list = find_field(fields, successor);
  if (!list) {
    drop_field(fields, successor);
    find_member(fields, deprecated)->key = Node::string(std::string(successor));
    return;
  }
  for (auto& item : old->items()) list->push_back(std::move(item));
  drop_field(fields, deprecated);
}

void put_sorted(Node& mapping, const std::string& key, Node value) {
  auto& members = mapping.members();
  const auto before = [](const Member& left, const Member& right) { return left.key.text() < right.key.text(); };
  if (mapping.find(key) || !std::is_sorted(members.begin(), members.end(), before)) {
    mapping.set(key, std::move(value));
    return;
  }
  Member member{Node::string(key), std::move(value)};
  const auto place = std::upper_bound(members.begin(), members.end(), member, before);
  members.insert(place, std::move(member));
}

void add_by_name(Node& list, Node item) {
  auto& items = list.items();
  const auto before = [](const Node& left, const Node& right) { return left.text_of("name") < right.text_of("name"); };
  const bool sorted = std::is_sorted(items.begin(), items.end(), before);
  items.insert(sorted ? std::upper_bound(items.begin(), items.end(), item, before) : items.end(), std::move(item));
}

bool has_text(const Node& list, std::string_view text) {
  return std::any_of(list.items().begin(), list.items().end(), [&](const Node& item) { return item.text() == text; });
}

bool is_same_namespace(std::string_view left, std::string_view right) {
  return (left.empty() ? "default" : left) == (right.empty() ? "default" : right);
}

}  // namespace kfrun::kustomize
