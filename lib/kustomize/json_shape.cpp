#include "kustomize/json_shape.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "document/number.h"

namespace kfrun::kustomize {

using document::Mapping;
using document::Member;
using document::Node;
using document::Sequence;
using document::Tag;

namespace {

std::string_view json_type(const Node& node) {
  if (node.is_mapping()) return "object";
  if (node.is_sequence()) return "array";
  if (node.is_number()) return "number";
  if (node.is_boolean()) return "bool";
  return "string";
}

// How sigs.k8s.io/yaml writes a key as JSON text.
std::string key_text(const Node& key) {
  if (key.is_boolean()) return key.as_boolean().value_or(false) ? "true" : "false";
  if (const auto number = key.as_integer()) return std::to_string(*number);
  return key.text();
}

class Decoder {
 public:
  explicit Decoder(const std::string& file) : file_(file) {}

  Node decode(const Node& node, const JsonShape& shape) {
    if (node.is_null()) return node;
    switch (shape.kind) {
      case JsonShape::Kind::any:
        return node;
      case JsonShape::Kind::text:
        if (!node.is_scalar() || node.is_number() || node.is_boolean()) throw_wrong_type(node, shape);
        return with_tag(node, Tag::string);
      case JsonShape::Kind::boolean:
        if (!node.is_boolean()) throw_wrong_type(node, shape);
        return node;
      case JsonShape::Kind::integer:
        return decode_integer(node, shape);
      case JsonShape::Kind::map:
        if (!node.is_mapping()) throw_wrong_type(node, shape);
        return decode_map(node, shape);
      case JsonShape::Kind::list:
        if (!node.is_sequence()) throw_wrong_type(node, shape);
        return decode_list(node, shape);
      case JsonShape::Kind::object:
        if (!node.is_mapping()) throw_wrong_type(node, shape);
        return decode_object(node, shape);
    }
    return node;
  }

 private:
  static Node with_tag(const Node& node, Tag tag) {
    Node copy = node;
    copy.set_tag(tag);
    return copy;
  }

  Node decode_integer(const Node& node, const JsonShape& shape) {
    if (!node.is_number()) throw_wrong_type(node, shape);
    const auto value = node.as_number();
    if (node.as_integer()) return node;
    if (value && *value == static_cast<double>(static_cast<long long>(*value))) {
      return Node::integer(static_cast<long long>(*value));
    }
    throw_fault(node, fmt::format("json: cannot unmarshal number {} into {} of type {}", node.text(), place(), shape.go_type));
  }

  // Members by the text of their keys, sorted, of equal keys the last.
  static std::vector<std::pair<std::string, const Member*>> sorted_members(const Node& node) {
    std::vector<std::pair<std::string, const Member*>> members;
    for (const auto& member : node.members()) members.emplace_back(key_text(member.key), &member);
    std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i + 1 < members.size();) {
      if (members[i].first == members[i + 1].first) {
        members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    return members;
  }

  Node decode_map(const Node& node, const JsonShape& shape) {
    Mapping members;
    for (const auto& [key, member] : sorted_members(node)) {
      Node value = decode(member->value, *shape.element);
      if (value.is_null() && shape.element->kind == JsonShape::Kind::text) value = Node::string("");
      members.push_back({Node::string(key), std::move(value)});
    }
    return Node::mapping(std::move(members));
  }

  Node decode_list(const Node& node, const JsonShape& shape) {
    Sequence items;
    for (const auto& item : node.items()) {
      Node value = decode(item, *shape.element);
      if (value.is_null() && shape.element->kind == JsonShape::Kind::text) value = Node::string("");
      if (value.is_null() && shape.element->kind == JsonShape::Kind::object) value = Node::mapping(Mapping{});
      items.push_back(std::move(value));
    }
    return Node::sequence(std::move(items));
  }

  Node decode_object(const Node& node, const JsonShape& shape) {
    Node made = Node::mapping(Mapping{});
    made.set_position(node.line(), node.column());
    for (const auto& [key, member] : sorted_members(node)) {
      const JsonField* field = find_field(shape, key);
      if (!field) throw_unknown(member->key, key, shape);
      const auto outer_struct = struct_name_;
      struct_name_ = shape.struct_name;
      path_.push_back(std::string(field->embedded) + std::string(field->name));
      Node value = decode(member->value, *field->shape);
      if (!value.is_null()) made.set(field->name, std::move(value));
      path_.pop_back();
      struct_name_ = outer_struct;
    }
    return made;
  }

  static const JsonField* find_field(const JsonShape& shape, const std::string& key) {
    for (const auto& field : shape.fields) {
      if (field.name == key) return &field;
    }
    const std::string folded = to_lower(key);
    for (const auto& field : shape.fields) {
      if (to_lower(field.name) == folded) return &field;
    }
    return nullptr;
  }

  std::string place() const {
    if (path_.empty()) return "Go value";
    return fmt::format("Go struct field {}.{}", struct_name_, join(path_, "."));
  }

  [[noreturn]] void throw_fault(const Node& node, const std::string& message) const {
    throw Error(ErrorKind::input, message, node.place(file_));
  }

  [[noreturn]] void throw_wrong_type(const Node& node, const JsonShape& shape) const {
    throw_fault(node, fmt::format("json: cannot unmarshal {} into {} of type {}", json_type(node), place(), shape.go_type));
  }

  [[noreturn]] void throw_unknown(const Node& key, const std::string& name, const JsonShape& shape) const {
    std::vector<std::string> known;
    for (const auto& field : shape.fields) known.emplace_back(field.name);
    Error error(ErrorKind::input, fmt::format("json: unknown field \"{}\"", name), key.place(file_));
    if (const auto guess = nearest(name, known)) error.hint(fmt::format("did you mean \"{}\"?", *guess));
    throw error;
  }

  const std::string& file_;
  std::string_view struct_name_;
  std::vector<std::string> path_;
};

}  // namespace

Node decode_json_shape(const Node& node, const JsonShape& shape, const std::string& file) {
  return Decoder(file).decode(node, shape);
}

}  // namespace kfrun::kustomize
