#include "document/merge_kubernetes.h"

#include <algorithm>
#include <optional>

namespace kfrun::document {

namespace {

using Position = MergeSchema::Position;

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kSetElementOrder = "$setElementOrder/";
constexpr std::string_view kDeleteFromList = "$deleteFromPrimitiveList/";

// How a list is merged.
struct List {
  Position position;
  std::string key;  // "" for lists of scalars
};

Error no_merge_key(std::string_view key) {
  return make_error(ErrorKind::input, "map: does not contain declared merge key: {}", key);
}

Error not_a_list(const Node& node) {
  std::string_view type = "string";
  if (node.is_mapping()) type = "map[string]interface {}";
  if (node.is_null()) type = "%!s(<nil>)";
  if (node.is_number()) type = "float64";
  if (node.is_boolean()) type = "bool";
  return make_error(ErrorKind::input, "expected a []interface {{}}, but received a {}", type);
}

// What the items of a list are told apart by: the value of their key, or themselves.
const Node* identity_of(const Node& item, const std::string& key) { return key.empty() ? &item : item.find(key); }

const Node& required_identity(const Node& item, const std::string& key) {
  const Node* identity = identity_of(item, key);
  if (!identity) throw no_merge_key(key);
  return *identity;
}

std::optional<std::size_t> index_of(const Sequence& items, const Node& identity, const std::string& key) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Node* other = identity_of(items[i], key);
    if (other && *other == identity) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> index_of_item(const Sequence& items, const Node& item, const std::string& key) {
  return index_of(items, required_identity(item, key), key);
}

// Sorts `items` as they stand in `order`; those that are not there keep their places among themselves.
void sort_by(Sequence& items, const Sequence& order, const std::string& key) {
  std::vector<std::pair<std::optional<std::size_t>, Node>> ranked;
  ranked.reserve(items.size());
  for (auto& item : items) {
    const auto rank = index_of_item(order, item, key);
    ranked.emplace_back(rank, std::move(item));
  }
  const auto precedes = [](const auto& a, const auto& b) {
    if (a.first && b.first) return *a.first < *b.first;
    return a.first.has_value() && !b.first;
  };
  std::stable_sort(ranked.begin(), ranked.end(), precedes);
  for (std::size_t i = 0; i < items.size(); ++i) items[i] = std::move(ranked[i].second);
}

// Joins what only the target had with what the patch names: each in its own order, and an item of the target before the first
// item of the patch that stood behind it.
Sequence interleaved(Sequence target_only, Sequence patched, const Sequence& target_order, const std::string& key) {
  Sequence all;
  all.reserve(target_only.size() + patched.size());
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < target_only.size() || j < patched.size()) {
    bool takes_target = j >= patched.size();
    if (i < target_only.size() && j < patched.size()) {
      const auto a = index_of_item(target_order, target_only[i], key);
      const auto b = index_of_item(target_order, patched[j], key);
      takes_target = a && b && *a < *b;
    }
    all.push_back(takes_target ? std::move(target_only[i++]) : std::move(patched[j++]));
  }
  return all;
}

// The items of a patch's list stand in the order that the patch asks for.
void check_order(const Node& patch, const Node& order, const std::string& key) {
  const auto& wanted = order.items();
  if (wanted.empty()) return;
  std::size_t next = 0;
  for (const auto& item : patch.items()) {
    if (item.find(kPatch)) continue;
    const Node& identity = required_identity(item, key);
    while (next < wanted.size() && required_identity(wanted[next], key) != identity) ++next;
    if (next++ == wanted.size()) {
      throw make_error(ErrorKind::input, "The order in patch list doesn't match {} list", kSetElementOrder);
    }
  }
}

Sequence in_order(Sequence merged, const Sequence& patch_order, const Sequence& target_order, const std::string& key) {
  Sequence patched;
  Sequence target_only;
  for (auto& item : merged) (index_of_item(patch_order, item, key) ? patched : target_only).push_back(std::move(item));
  sort_by(patched, patch_order, key);
  sort_by(target_only, target_order, key);
  return interleaved(std::move(target_only), std::move(patched), target_order, key);
}

class Merger {
 public:
  explicit Merger(const MergeSchema& schema) : schema_(schema) {}

  // Whether the target is to be deleted: it is {} then.
  bool merge_mapping(Node& target, Node patch, Position position) const {
    if (const Node* directive = patch.find(kPatch)) {
      const std::string what = directive->text();
      if (what != "replace" && what != "delete") throw make_error(ErrorKind::input, "unknown patch type [{}] in map", what);
      patch.remove(kPatch);
      target = what == "replace" ? std::move(patch) : Node::mapping();
      return what == "delete";
    }
    if (!target.is_mapping()) target = Node::mapping();
    retain_keys(target, patch);
    apply_element_orders(target, patch, position);
    for (auto& [key, value] : patch.members()) {
      std::string_view name = key.text();
      const bool deletes = name.starts_with(kDeleteFromList);
      if (deletes) name.remove_prefix(kDeleteFromList.size());
      merge_member(target, std::string(name), std::move(value), deletes, position);
    }
    return false;
  }

 private:
  static void retain_keys(Node& target, Node& patch) {
    const Node* listed = patch.find(kRetainKeys);
    if (!listed) return;
    if (!listed->is_sequence()) throw make_error(ErrorKind::input, "invalid patch format of retainKeys");
    const Node keys = *listed;
    patch.remove(kRetainKeys);
    for (const auto& [key, value] : patch.members()) {
      const std::string& name = key.text();
      if (value.is_null() || name.starts_with(kDeleteFromList) || name.starts_with(kSetElementOrder)) continue;
      if (!index_of(keys.items(), Node::string(name), "")) {
        throw make_error(ErrorKind::input, "invalid patch format of retainKeys");
      }
    }
    std::erase_if(target.members(),
                  [&](const Member& member) { return !index_of(keys.items(), Node::string(member.key.text()), ""); });
  }

  void apply_element_orders(Node& target, Node& patch, Position position) const {
    std::vector<std::pair<std::string, Node>> orders;
    for (const auto& [key, value] : patch.members()) {
      if (key.text().starts_with(kSetElementOrder)) orders.emplace_back(key.text(), value);
    }
    for (const auto& [directive, order] : orders) {
      patch.remove(directive);
      const std::string name = directive.substr(kSetElementOrder.size());
      const List list = list_at(schema_.field(position, name));
      const Node* old = target.find(name);
      const Node* more = patch.find(name);
      for (const Node* node : {&order, old, more}) {
        if (node && !node->is_sequence()) throw not_a_list(*node);
      }
      const Sequence before = old ? old->items() : Sequence{};
      if (more) {
        check_order(*more, order, list.key);
        merge_member(target, name, *more, false, position);
        patch.remove(name);
      }
      Node* now = target.find(name);
      if (now && now->is_sequence()) now->items() = in_order(std::move(now->items()), order.items(), before, list.key);
    }
  }

  void merge_member(Node& target, const std::string& name, Node value, bool deletes, Position position) const {
    if (value.is_null()) {
      target.remove(name);
      return;
    }
    Node* old = target.find(name);
    if (!old) {
      target.set(name, std::move(value));
      return;
    }
    const Position place = schema_.field(position, name);
    if (old->is_mapping() && value.is_mapping() && !schema_.replaces(place)) {
      merge_mapping(*old, std::move(value), place);
    } else if (old->is_sequence() && value.is_sequence() && schema_.merges(place)) {
      merge_list(old->items(), std::move(value.items()), list_at(place), deletes);
    } else {
      *old = std::move(value);
    }
  }

  List list_at(Position position) const {
    const auto keys = schema_.merge_keys(position);
    return {position, keys.empty() ? std::string() : keys.front()};
  }

  void merge_list(Sequence& target, Sequence patch, const List& list, bool deletes) const {
    if (target.empty() && patch.empty()) return;
    const bool of_mappings = (target.empty() ? patch : target).front().is_mapping();
    if (!of_mappings && deletes) {
      std::erase_if(target, [&](const Node& item) { return index_of(patch, item, "").has_value(); });
      return;
    }
    const std::string key = of_mappings ? list.key : std::string();
    if (of_mappings) {
      if (key.empty()) throw make_error(ErrorKind::input, "cannot merge lists without merge key");
      apply_directives(target, patch, key);
    }
    const Sequence before = target;
    for (const auto& item : patch) {
      const auto found = index_of_item(target, item, key);
      if (!found) {
        target.push_back(item);
      } else if (of_mappings) {
        merge_mapping(target[*found], item, schema_.elements(list.position));
      }
    }
    target = in_order(std::move(target), patch, before, key);
  }

  // Items that say $patch.
  static void apply_directives(Sequence& target, Sequence& patch, const std::string& key) {
    bool replaces = false;
    for (const auto& item : patch) {
      const Node* directive = item.find(kPatch);
      if (!directive) continue;
      if (directive->text() == "replace") {
        replaces = true;
      } else if (directive->text() == "delete") {
        const Node& identity = required_identity(item, key);
        std::erase_if(target, [&](const Node& old) {
          const Node* other = old.find(key);
          return other && *other == identity;
        });
      } else {
        throw make_error(ErrorKind::input, "unknown patch type [{}] in map", directive->text());
      }
    }
    std::erase_if(patch, [](const Node& item) { return item.find(kPatch) != nullptr; });
    if (!replaces) return;
    target = std::move(patch);
    patch.clear();
  }

  const MergeSchema& schema_;
};

Node without_nulls(const Node& node) {
  if (node.is_scalar()) return node;
  if (node.is_sequence()) {
    Sequence items;
    for (const auto& item : node.items()) {
      if (!item.is_null()) items.push_back(without_nulls(item));
    }
    return Node::sequence(std::move(items));
  }
  Mapping members;
  for (const auto& [key, value] : node.members()) {
    if (!value.is_null()) members.push_back({key, without_nulls(value)});
  }
  return Node::mapping(std::move(members));
}

}  // namespace

MergeResult merge_kubernetes(Node& target, const Node& patch, const MergeSchema& schema, Position position) {
  return Merger(schema).merge_mapping(target, patch, position) ? MergeResult::deleted : MergeResult::kept;
}

void merge_json(Node& target, const Node& patch) {
  if (!patch.is_mapping()) {
    target = patch;
    return;
  }
  if (!target.is_mapping()) {
    target = without_nulls(patch);
    return;
  }
  for (const auto& [key, value] : patch.members()) {
    if (value.is_null()) {
      target.remove(key.text());
    } else if (Node* old = target.find(key.text()); old && !old->is_null()) {
      merge_json(*old, value);
    } else {
      target.set(key.text(), without_nulls(value));
    }
  }
}

}  // namespace kfrun::document
