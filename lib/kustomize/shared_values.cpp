#include "kustomize/shared_values.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <vector>

namespace kfrun::kustomize {

using document::Node;

namespace {

bool any_changed(const Node& node) {
  switch (node.kind()) {
    case document::NodeKind::scalar:
      return node.share_changed();
    case document::NodeKind::sequence:
      return std::any_of(node.items().begin(), node.items().end(), [](const Node& item) { return any_changed(item); });
    case document::NodeKind::mapping:
      break;
  }
  return std::any_of(node.members().begin(), node.members().end(),
                     [](const document::Member& member) { return any_changed(member.value); });
}

struct Group {
  std::vector<Node*> places;
  const Node* changed = nullptr;
};
using Groups = std::map<std::uint32_t, Group>;

void collect(Node& node, Groups& groups) {
  if (node.is_scalar() && node.share() != 0) {
    Group& group = groups[node.share()];
    group.places.push_back(&node);
    if (node.share_changed()) group.changed = &node;
  }
  if (node.is_sequence()) {
    for (Node& item : node.items()) collect(item, groups);
  }
  if (!node.is_mapping()) return;
  std::vector<document::Member*> members;
  for (auto& member : node.members()) members.push_back(&member);
  std::stable_sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->key.text() < b->key.text(); });
  for (auto* member : members) collect(member->value, groups);
}

}  // namespace

std::uint32_t next_share() {
  static std::atomic<std::uint32_t> last{0};
  // The highest bit is Node's; numbers that come round again meet no tree that is as old.
  return (last.fetch_add(1, std::memory_order_relaxed) & 0x3FFFFFFFu) + 1;
}

void sync_shared(Node& root) {
  if (!any_changed(root)) return;
  Groups groups;
  collect(root, groups);
  for (auto& [number, group] : groups) {
    if (group.changed == nullptr) continue;
    const Node value = *group.changed;
    for (Node* place : group.places) {
      *place = value;
      place->set_share(number);
    }
  }
}

void clear_shared(Node& root) {
  root.set_share(0);
  if (root.is_sequence()) {
    for (Node& item : root.items()) clear_shared(item);
  } else if (root.is_mapping()) {
    for (auto& member : root.members()) clear_shared(member.value);
  }
}

}  // namespace kfrun::kustomize
