#include "kustomize/field_path.h"

#include <span>

#include "base/text.h"
#include "document/reader.h"
#include "kustomize/expression.h"
#include "kustomize/field_spec.h"
#include "kustomize/kyaml_text.h"
#include "kustomize/setters.h"

namespace kfrun::kustomize {

using document::Node;
using document::NodeKind;
using document::Tag;

namespace {

using Path = std::span<const std::string>;

bool is_list_index(std::string_view part) { return part.starts_with('[') && part.ends_with(']'); }

std::optional<long long> index_number(std::string_view part) {
  auto number = parse_integer(part);
  return number && *number >= 0 ? number : std::nullopt;
}

// "[name=nginx]" -> {"name", "nginx"}, "[=-jar]" -> {"", "-jar"}.
std::pair<std::string, std::string> split_index(std::string_view part) {
  part.remove_prefix(1);
  part.remove_suffix(1);
  auto equals = part.find('=');
  if (equals == std::string_view::npos) {
    throw input_error({}, "list path element must contain fieldName=fieldValue for element to match");
  }
  return {std::string(part.substr(0, equals)), std::string(part.substr(equals + 1))};
}

const Node* find_element(const Node& list, std::string_view part) {
  auto [name, value] = split_index(part);
  require_kind(list, NodeKind::sequence);
  if (!list.is_sequence()) return nullptr;
  for (const Node& item : list.items()) {
    if (name.empty() ? item.text() == value : (item.find(name) != nullptr && item.find(name)->text() == value)) return &item;
  }
  return nullptr;
}

const Node* element_at(const Node& list, long long index) {
  require_kind(list, NodeKind::sequence);
  if (!list.is_sequence() || index >= static_cast<long long>(list.size())) return nullptr;
  return &list.items()[static_cast<std::size_t>(index)];
}

const Node* step_to(const Node& node, const std::string& part) {
  if (auto number = parse_integer(part)) {
    if (*number < 0) throw input_error({}, "array index {} cannot be negative", *number);
    return element_at(node, *number);
  }
  if (part == "-") return element_at(node, static_cast<long long>(node.size()) - 1);
  if (part == "*") throw input_error({}, "wildcard is not supported in PathGetter");
  if (is_list_index(part)) return find_element(node, part);
  require_kind(node, NodeKind::mapping);
  return node.find(part);
}

// A node that is to hold the rest of a path, whose end is of kind `leaf`.
Node made_for(Path rest, NodeKind leaf) {
  bool list = !rest.empty() && (is_list_index(rest.front()) || index_number(rest.front()));
  NodeKind kind = rest.empty() ? leaf : list ? NodeKind::sequence : NodeKind::mapping;
  switch (kind) {
    case NodeKind::sequence:
      return Node::sequence();
    case NodeKind::mapping:
      return Node::mapping();
    case NodeKind::scalar:
      break;
  }
  return Node::scalar("", Tag::null);
}

// Makes the field or element `part` names, where that is possible.
Node* make_step(Node& node, const std::string& part, Path rest, NodeKind leaf) {
  if (node.is_null()) return nullptr;
  if (is_list_index(part)) {
    auto [name, value] = split_index(part);
    node.push_back(name.empty() ? untagged_scalar(value) : Node::mapping({{name, untagged_scalar(value)}}));
    return &node.items().back();
  }
  if (!node.is_mapping()) return nullptr;
  return &set_member(node, part, made_for(rest, leaf));
}

class Matcher {
 public:
  Matcher(CreatedKind create, FieldMatches& found) : create_(create), found_(found) {}

  // Whether anything was found; what was is added to the result.
  bool match(Node& node, Path path, bool created = false) {
    if (path.empty()) {
      found_.fields.push_back({&node, created});
      return true;
    }
    const std::string& part = path.front();
    if (index_number(part)) return match_index(node, path);
    if (is_list_index(part)) return match_elements(node, path);
    if (part == "*") return match_every(node, path);
    return match_field(node, path, created);
  }

 private:
  bool match_every(Node& list, Path path) {
    require_kind(list, NodeKind::sequence);
    if (!list.is_sequence()) return false;
    bool any = false;
    for (Node& item : list.items()) any |= match(item, path.subspan(1));
    return any;
  }

  bool match_index(Node& list, Path path) {
    require_kind(list, NodeKind::sequence);
    long long index = *index_number(path.front());
    auto size = static_cast<long long>(list.size());
    bool append = create_ && index == size && list.is_sequence();
    if (append) list.push_back(made_for(path.subspan(1), *create_));
    if (index >= static_cast<long long>(list.size())) {
      throw input_error({}, "index {} specified but only {} elements found", index, size);
    }
    return match(list.items()[static_cast<std::size_t>(index)], path.subspan(1), append);
  }

  bool match_elements(Node& list, Path path) {
    auto [name, expression] = split_index(path.front());
    require_kind(list, NodeKind::sequence);
    if (list.is_sequence() && match_existing(list, name, expression, path)) return true;
    if (!create_) return false;
    if (!list.is_sequence()) list = Node::sequence();
    Node key = untagged_scalar(expression);
    list.push_back(name.empty() ? std::move(key) : Node::mapping({{name, std::move(key)}}));
    if (match_existing(list, name, expression, path, true)) return true;
    throw input_error({}, "failed to create element for \"{}\": it does not match itself", path.front());
  }

  bool match_existing(Node& list, const std::string& name, const std::string& expression, Path path, bool created = false) {
    if (list.size() == 0) return false;
    auto compiled = compile_expression(expression);
    bool any = false;
    for (Node& item : list.items()) {
      Node* probe = name.empty() ? &item : item.find(name);
      if (probe == nullptr) continue;
      std::string text = kyaml_text(*probe);
      if (!RE2::PartialMatch(std::string(trim(text)), *compiled)) continue;
      // An element that is matched by its own value is the end of the path, whatever follows.
      any |= match(item, name.empty() ? Path() : path.subspan(1), created);
    }
    return any;
  }

  bool match_field(Node& node, Path path, bool in_created) {
    if (node.is_null()) return false;
    require_kind(node, path.front().empty() ? NodeKind::scalar : NodeKind::mapping);
    Node* field = node.find(path.front());
    bool created = field == nullptr;
    if (created) {
      if (!create_ || !node.is_mapping()) return false;
      field = &set_member(node, path.front(), made_for(path.subspan(1), *create_));
    }
    if (!created && field->is_scalar() && path.size() > 1) return match_inside(*field, path.subspan(1));
    return match(*field, path.subspan(1), created || in_created);
  }

  bool match_inside(const Node& scalar, Path rest) {
    auto documents = document::read_yaml(scalar.text(), "");
    if (documents.empty() && scalar.is_null()) {
      if (!create_) return false;
      // What is created in a null goes where nobody sees it.
      found_.inner.push_back(std::make_unique<Node>(made_for(rest, *create_)));
      return match(*found_.inner.back(), rest);
    }
    if (documents.empty()) {
      // kyaml's node of nothing at all has no kind.
      bool list = index_number(rest.front()) || is_list_index(rest.front()) || rest.front() == "*";
      throw input_error({}, "wrong node kind: expected {} but got : node contents:\nnull\n",
                        list ? "SequenceNode" : "MappingNode");
    }
    found_.inner.push_back(std::make_unique<Node>(std::move(documents.front())));
    return match(*found_.inner.back(), rest);
  }

  CreatedKind create_;
  FieldMatches& found_;
};

}  // namespace

std::vector<std::string> split_field_path(std::string_view path) {
  std::vector<std::string> result;
  auto parts = split_path(path, '.');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string part = parts[i];
    if (part.starts_with('[') && !part.ends_with(']')) {
      while (i + 1 < parts.size() && !part.ends_with(']')) part += "." + parts[++i];
      if (part.find('=') == std::string::npos) {
        auto begin = part.find_first_not_of("[]");
        auto end = part.find_last_not_of("[]");
        part = begin == std::string::npos ? "" : part.substr(begin, end - begin + 1);
      }
    }
    result.push_back(std::move(part));
  }
  return result;
}

const Node* look_up(const Node& root, const std::vector<std::string>& path) {
  const Node* node = &root;
  for (const std::string& raw : path) {
    std::string part(trim(raw));
    if (part.empty()) continue;
    node = step_to(*node, part);
    if (node == nullptr) return nullptr;
  }
  return node;
}

Node* look_up_or_create(Node& root, const std::vector<std::string>& path, NodeKind leaf) {
  std::vector<std::string> parts;
  for (const std::string& part : path) {
    if (!trim(part).empty()) parts.emplace_back(trim(part));
  }
  Node* node = &root;
  for (std::size_t i = 0; i < parts.size() && node != nullptr; ++i) {
    Node* next = const_cast<Node*>(step_to(*node, parts[i]));
    node = next != nullptr ? next : make_step(*node, parts[i], Path(parts).subspan(i + 1), leaf);
  }
  return node;
}

FieldMatches match_fields(Node& root, const std::vector<std::string>& path, CreatedKind create) {
  FieldMatches found;
  Matcher(create, found).match(root, path);
  return found;
}

}  // namespace kfrun::kustomize
