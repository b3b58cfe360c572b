// kyaml v0.21.2: yaml/merge2 and yaml/walk, with lists growing at the front as kustomize asks. The shapes of the steps are kept,
// oddities included, because the outcome of odd patches hangs on them.
#include "document/merge.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "document/resolve.h"
#include "document/writer.h"

namespace kfrun::document {

namespace {

using Position = MergeSchema::Position;
using Values = std::vector<std::string>;
using Nodes = std::vector<Node*>;

bool is_missing_or_null(const Node* node) { return !node || node->is_null(); }
bool is_empty_map(const Node* node) { return is_missing_or_null(node) || (node->is_mapping() && node->size() == 0); }
bool is_nil_or_empty(const Node* node) { return is_missing_or_null(node) || (!node->is_scalar() && node->size() == 0); }

std::string_view kind_word(NodeKind kind) {
  return kind == NodeKind::mapping ? "MappingNode" : kind == NodeKind::sequence ? "SequenceNode" : "ScalarNode";
}

void require(const Node* node, NodeKind kind) {
  if (is_missing_or_null(node) || node->kind() == kind) return;
  throw make_error(ErrorKind::input, "wrong node kind: expected {} but got {}: node contents:\n{}", kind_word(kind),
                   kind_word(node->kind()), write_yaml(*node));
}

// A scalar without a tag means what its text and style say.
Node untagged(std::string text, Style style) {
  const Tag tag = style == Style::plain ? resolve_plain(text, Schema::go_yaml_v3) : Tag::string;
  return Node::scalar(std::move(text), tag, style);
}

// A quoted number is a string: the style decides when the node is printed.
void set_style(Node& node, Style style) {
  node.set_style(style);
  const bool quoted = style != Style::plain && style != Style::block && style != Style::flow;
  if (node.is_scalar() && quoted) node.set_tag(Tag::string);
}

// FieldMatcher: the field `name` of a mapping whose text is `value` (any when `value` is empty); with an empty name, the scalar
// itself when its text is `value`.
const Node* match_field(const Node* node, const std::string& name, const std::string& value) {
  if (is_missing_or_null(node)) return nullptr;
  if (name.empty()) {
    require(node, NodeKind::scalar);
    return node->text() == value ? node : nullptr;
  }
  require(node, NodeKind::mapping);
  const Node* field = node->find(name);
  return field && (value.empty() || field->text() == value) ? field : nullptr;
}

// ElementSetter: replaces the elements that match, appends when none does, deletes when `element` is missing or null.
void set_element(Nodes& content, Node* element, const Values& keys, const Values& values) {
  const bool sets_mapping = !keys[0].empty() && !values.empty() && !values[0].empty();
  Nodes kept;
  bool any = false;
  for (Node* item : content) {
    if (is_empty_map(item)) continue;
    if (!item->is_mapping() && sets_mapping) {
      kept.push_back(item);
      continue;
    }
    // A key without a value counts as what the key before it was.
    bool found = !values.empty();
    for (std::size_t i = 0; i < std::min(keys.size(), values.size()) && found; ++i) found = match_field(item, keys[i], values[i]);
    if (!found) {
      if (!values.empty()) kept.push_back(item);
      continue;
    }
    any = true;
    if (element) kept.push_back(element);
  }
  content = std::move(kept);
  if (!is_missing_or_null(element) && !any) content.push_back(element);
}

// ElementMatcher: the first element whose fields have these values.
Node* find_element(const Nodes& content, const Values& keys, const Values& values) {
  const std::string no_value;
  const auto value = [&](std::size_t i) -> const std::string& { return i < values.size() ? values[i] : no_value; };
  if (keys.empty() || keys[0].empty()) {
    const auto found = std::find_if(content.begin(), content.end(), [&](const Node* item) { return item->text() == value(0); });
    return found == content.end() ? nullptr : *found;
  }
  const auto matches = [&](const Node* item) {
    if (!item->is_mapping()) return false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Node* field = item->find(keys[i]);
      if (!field || field->text() != value(i)) return false;
    }
    return true;
  };
  const auto found = std::find_if(content.begin(), content.end(), matches);
  return found == content.end() ? nullptr : *found;
}

Nodes pointers_to_items(Node* list) {
  Nodes content;
  if (!list || !list->is_sequence()) return content;
  content.reserve(list->size());
  for (auto& item : list->items()) content.push_back(&item);
  return content;
}

// Makes the list hold the nodes that `content` points at. Its own are moved (those named twice are copied from where they went);
// those of the patch are copied, because the walk may come to them again.
void rebuild(Node& list, const Nodes& content) {
  Sequence items;
  items.reserve(content.size());
  std::map<const Node*, std::size_t> moved;
  const Node* first = list.items().data();
  const std::less<const Node*> before;
  for (Node* node : content) {
    const bool own = !before(node, first) && before(node, first + list.size());
    const auto [earlier, is_new] = moved.emplace(node, items.size());
    items.push_back(!is_new ? Node(items[earlier->second]) : own ? std::move(*node) : *node);
  }
  list.items() = std::move(items);
}

// appendListNode: elements of `from` replace those of `to` with the same keys; the others are appended.
void append_list(Nodes& to, const Nodes& from, const Values& keys) {
  for (Node* element : from) {
    if (keys[0].empty()) {
      set_element(to, element, {""}, {element->text()});
      continue;
    }
    Values values;
    for (const auto& key : keys) {
      if (!is_missing_or_null(element)) require(element, NodeKind::mapping);
      const Node* value = element->find(key);
      if (value) {
        values.push_back(value->text());
      } else {
        to.push_back(element);
      }
    }
    if (keys.size() > 1) set_element(to, nullptr, keys, values);
    set_element(to, element, keys, values);
  }
}

// The merge keys (and values) that any element has; all of them when none has any.
std::pair<Values, Values> valid_keys(const std::vector<Values>& list, const Values& values, const Values& keys) {
  std::vector<bool> used(keys.size());
  for (const auto& element : list) {
    for (std::size_t i = 0; i < element.size(); ++i) used[i] = used[i] || !element[i].empty();
  }
  if (std::find(used.begin(), used.end(), true) == used.end()) return {keys, values};
  std::pair<Values, Values> valid;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (used[i]) valid.first.push_back(keys[i]);
    if (i < values.size() && (used[i] || !values[i].empty())) valid.second.push_back(values[i]);
  }
  return valid;
}

// Two elements are one when they share a value and differ only where one of them has none.
std::optional<Values> common_values(const Values& a, const Values& b) {
  if (a.size() != b.size()) return std::nullopt;
  bool common = false;
  Values result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && !a[i].empty() && !b[i].empty()) return std::nullopt;
    common = common || a[i] == b[i];
    result.push_back(a[i].empty() ? b[i] : a[i]);
  }
  return common ? std::optional(result) : std::nullopt;
}

void merge_values(std::vector<Values>& list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Values mine = list[i];
    for (auto& other : list) {
      if (const auto both = common_values(mine, other)) list[i] = other = *both;
    }
  }
}

enum class Directive { merge, replace, remove };

Directive directive_of(const std::string& word) {
  if (word == "delete") return Directive::remove;
  if (word == "replace") return Directive::replace;
  if (word == "merge") return Directive::merge;
  throw make_error(ErrorKind::input, "unknown patch strategy '{}'", word);
}

constexpr const char* kDirectiveKey = "$patch";

// Takes the $patch directive out of a patch.
Directive take_directive(Node* patch) {
  if (is_missing_or_null(patch)) return Directive::merge;
  if (patch->is_mapping()) {
    const Node* value = patch->find(kDirectiveKey);
    if (!value) return Directive::merge;
    const auto directive = directive_of(value->text());
    patch->remove(kDirectiveKey);
    return directive;
  }
  auto& items = patch->items();
  const auto found = std::find_if(items.begin(), items.end(), [](const Node& item) { return item.find(kDirectiveKey); });
  if (found == items.end() || found->size() > 1) return Directive::merge;
  const std::string word = found->find(kDirectiveKey)->text();
  const auto directive = directive_of(word);
  Nodes content = pointers_to_items(patch);
  set_element(content, nullptr, {kDirectiveKey}, {word});
  rebuild(*patch, content);
  return directive;
}

// A mapping that is new takes an unknown directive as data.
Directive take_directive_of_new(Node* patch) {
  try {
    return take_directive(patch);
  } catch (const Error&) {
    return Directive::merge;
  }
}

// Sets or removes a member of `target`. `value` may be that member itself, or a node of the patch, which is copied.
void set_field(Node& target, const std::string& name, Node* value, const Node* patch_key) {
  if (!value) {
    target.remove(name);
    return;
  }
  if (value->is_string() && value->style() == Style::plain && value->text().find('\n') == std::string::npos &&
      resolve_plain(value->text(), Schema::go_yaml_v2) != Tag::string) {
    value->set_style(Style::double_quoted);
  }
  if (Node* old = target.find(name)) {
    const Style style = old->style();
    const auto share = old->share();
    if (old != value) {
      *old = Node(*value);
      old->set_share(share, true);
    }
    set_style(*old, style);
    return;
  }
  target.members().push_back({patch_key ? *patch_key : Node::string(name), *value});
}

const Node* find_key(const Node* mapping, const std::string& name) {
  if (is_missing_or_null(mapping)) return nullptr;
  const auto& members = mapping->members();
  const auto found = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key.text() == name; });
  return found == members.end() ? nullptr : &found->key;
}

// Walks target and patch together. Each step returns the node that stands in the target afterwards: one of the two given, or
// nullptr when there is none. When the target has nothing, the patch's node is walked with itself, so that the directives and
// nulls in it work.
class Walker {
 public:
  explicit Walker(const MergeSchema& schema) : schema_(schema) {}

  Node* walk(Node* target, Node* patch, Position position) const {
    if (position == MergeSchema::kUnknownSchema) position = resource_position(target, patch);
    const Node* first = !is_missing_or_null(target) ? target : !is_missing_or_null(patch) ? patch : nullptr;
    if (!first) return walk_mapping(target, patch, position);
    require(target, first->kind());
    require(patch, first->kind());
    // What is new in an empty collection is written as the patch wrote it.
    if (patch && target && !target->is_scalar() && target->size() == 0) target->set_style(patch->style());
    if (first->is_mapping()) return walk_mapping(target, patch, position);
    if (first->is_sequence() && position != MergeSchema::kUnknownSchema && schema_.merges(position)) {
      return walk_list(target, patch, position);
    }
    if (!patch) return target;
    return patch->is_null() ? nullptr : patch;
  }

 private:
  Position resource_position(const Node* target, const Node* patch) const {
    for (const Node* node : {target, patch}) {
      if (is_missing_or_null(node) || !node->is_mapping()) continue;
      const auto api_version = node->text_of("apiVersion"), kind = node->text_of("kind");
      if (api_version.empty() || kind.empty()) continue;
      const auto position = schema_.resource(api_version, kind);
      if (position != MergeSchema::kUnknownSchema) return position;
    }
    return MergeSchema::kUnknownSchema;
  }

  // What the members are set on.
  static Node* visit_mapping(Node* target, Node* patch) {
    if (is_missing_or_null(target)) {
      if (take_directive_of_new(patch) == Directive::remove) return nullptr;
      // `key: null` of the target stays, `key:` does not.
      if (!patch && target && !target->text().empty()) return target;
      return is_missing_or_null(patch) ? nullptr : patch;
    }
    if (patch && patch->is_null()) return nullptr;
    switch (take_directive(patch)) {
      case Directive::remove:
        return nullptr;
      case Directive::replace:
        return patch;
      default:
        return target;
    }
  }

  Node* walk_mapping(Node* target, Node* patch, Position position) const {
    target = visit_mapping(target, patch);
    if (!target || !target->is_mapping()) return target;
    std::set<std::string> names;
    for (const Node* node : {target, patch}) {
      if (is_missing_or_null(node)) continue;
      for (const auto& member : node->members()) names.insert(member.key.text());
    }
    for (const auto& name : names) {
      Node* patch_value = patch ? patch->find(name) : nullptr;
      const auto field = position == MergeSchema::kUnknownSchema ? position : schema_.field(position, name);
      Node* value = walk(target->find(name), patch_value, field);
      set_field(*target, name, value, find_key(patch, name));
    }
    return target;
  }

  static Node* visit_list(Node* target, Node* patch) {
    if (is_missing_or_null(target)) return patch;
    if (patch && patch->is_null()) return nullptr;
    switch (take_directive(patch)) {
      case Directive::remove:
        return nullptr;
      case Directive::replace:
        return patch;
      default:
        return target;
    }
  }

  // The values of the merge keys of each element, the patch's first, each combination once.
  static std::vector<Values> key_values(const Nodes& patch, const Nodes& target, const Values& keys) {
    std::vector<Values> list;
    std::set<Values> seen;
    for (const Nodes* content : {&patch, &target}) {
      for (const Node* item : *content) {
        Values values;
        for (const auto& key : keys) {
          const Node* field = item->find(key);
          values.push_back(is_nil_or_empty(field) ? std::string() : field->text());
        }
        if (!values.empty() && seen.insert(values).second) list.push_back(std::move(values));
      }
    }
    return list;
  }

  static std::vector<Values> scalar_values(const Nodes& patch, const Nodes& target) {
    std::vector<Values> list;
    std::set<std::string> seen;
    for (const Nodes* content : {&patch, &target}) {
      for (const Node* item : *content) {
        if (seen.insert(item->text()).second) list.push_back({item->text()});
      }
    }
    return list;
  }

  Node* walk_list(Node* target, Node* patch, Position position) const {
    target = visit_list(target, patch);
    if (!target) return nullptr;
    Nodes own = pointers_to_items(target);
    // A new list is walked with itself; what is deleted from it is gone from both.
    Nodes separate = patch == target ? Nodes() : pointers_to_items(patch);
    Nodes& patches = patch == target ? own : separate;
    Values keys = schema_.merge_keys(position);
    auto list = key_values(patches, own, keys);
    if (list.empty() && keys.empty()) {
      keys = {""};
      list = scalar_values(patches, own);
    }
    if (list.empty()) return target;
    if (keys.size() > 1) merge_values(list);
    merge_elements(own, patches, list, keys, schema_.elements(position));
    rebuild(*target, own);
    return target;
  }

  void merge_elements(Nodes& own, const Nodes& patches, const std::vector<Values>& list, const Values& all_keys,
                      Position position) const {
    Nodes merged;
    Values keys;
    for (const auto& element : list) {
      auto [valid, values] = valid_keys(list, element, all_keys);
      keys = std::move(valid);
      const auto [own_keys, own_values] = valid_keys({values}, values, keys);
      Node* value = walk(find_element(own, own_keys, own_values), find_element(patches, own_keys, own_values), position);
      if (is_empty_map(value)) {
        for (std::size_t i = 0; i < keys.size(); ++i) set_element(own, nullptr, keys, values);
        continue;
      }
      for (std::size_t i = 0; i < keys.size(); ++i) ensure_key(*value, keys[i], values[i]);
      set_element(merged, value, keys, values);
    }
    append_list(merged, own, keys);
    own = std::move(merged);
  }

  // An element found without one of its keys gets it.
  static void ensure_key(Node& element, const std::string& key, const std::string& value) {
    if (value.empty() || element.find(key)) return;
    if (key.empty()) {
      element = untagged(value, element.style());
      return;
    }
    require(&element, NodeKind::mapping);
    Node node = untagged(value, Style::plain);
    if (resolve_plain(value, Schema::go_yaml_v2) != Tag::string) set_style(node, Style::double_quoted);
    element.members().push_back({Node::string(key), std::move(node)});
  }

  const MergeSchema& schema_;
};

}  // namespace

MergeResult merge_strategic(Node& target, const Node& patch, const MergeSchema& schema) {
  Node own_patch = patch;
  // A replacement of the whole resource is not taken over: kustomize keeps working with the node it had.
  return Walker(schema).walk(&target, &own_patch, MergeSchema::kUnknownSchema) ? MergeResult::kept : MergeResult::deleted;
}

}  // namespace kfrun::document
