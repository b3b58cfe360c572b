#include "document/node.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "document/number.h"

namespace kfrun::document {

Node::Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;
Node::Node(std::variant<std::string, Sequence, Mapping> value, Tag tag, Style style)
    : value_(std::move(value)), tag_(tag), style_(style) {}

Node Node::null() { return scalar("null", Tag::null); }
Node Node::boolean(bool value) { return scalar(value ? "true" : "false", Tag::boolean); }
Node Node::integer(long long value) { return scalar(std::to_string(value), Tag::integer); }
Node Node::number(double value) { return scalar(json_number(value), Tag::floating); }
Node Node::string(std::string value) { return scalar(std::move(value), Tag::string); }
Node Node::scalar(std::string text, Tag tag, Style style) { return Node(std::move(text), tag, style); }
Node Node::sequence() { return sequence(Sequence()); }
Node Node::sequence(Sequence items) { return Node(std::move(items), Tag::other, Style::block); }
Node Node::mapping() { return mapping(Mapping()); }
Node Node::mapping(Mapping members) { return Node(std::move(members), Tag::other, Style::block); }

Node Node::mapping(std::initializer_list<std::pair<std::string_view, Node>> members) {
  Mapping made;
  made.reserve(members.size());
  for (const auto& [key, value] : members) made.push_back({string(std::string(key)), value});
  return mapping(std::move(made));
}

Node Node::strings(const std::vector<std::string>& values) {
  Sequence items;
  items.reserve(values.size());
  for (const auto& value : values) items.push_back(string(value));
  return sequence(std::move(items));
}

std::string_view Node::type_name() const {
  if (is_sequence()) return "a list";
  if (is_mapping()) return "a mapping";
  switch (tag_) {
    case Tag::null:
      return "null";
    case Tag::boolean:
      return "true or false";
    case Tag::integer:
      return "an integer";
    case Tag::floating:
      return "a number";
    case Tag::timestamp:
      return "a timestamp";
    default:
      return "a string";
  }
}

void Node::set_position(int line, int column) {
  line_ = static_cast<std::uint32_t>(std::clamp(line, 0, 0xFFFFF)) & 0xFFFFFu;
  column_ = static_cast<std::uint32_t>(std::clamp(column, 0, 0xFFF)) & 0xFFFu;
}

Place Node::place(const std::string& file, std::string path) const { return {file, line(), column(), std::move(path)}; }

const std::string& Node::text() const {
  static const std::string empty;
  const auto* text = std::get_if<std::string>(&value_);
  return text ? *text : empty;
}

void Node::set_text(std::string text) {
  if (!is_scalar()) {
    tag_ = Tag::string;
    style_ = Style::plain;
  }
  value_ = std::move(text);
  if (share_ != 0) share_ |= kChanged;
}

std::optional<bool> Node::as_boolean() const {
  if (!is_boolean()) return std::nullopt;
  const char first = text().empty() ? 'f' : text()[0];
  return first == 't' || first == 'T' || first == 'y' || first == 'Y' || text() == "on" || text() == "On" || text() == "ON";
}

std::optional<long long> Node::as_integer() const { return is_integer() ? integer_value(text()) : std::nullopt; }

std::optional<double> Node::as_number() const { return is_number() ? number_value(text()) : std::nullopt; }

Sequence& Node::items() {
  KFRUN_CHECK(is_sequence());
  return std::get<Sequence>(value_);
}
const Sequence& Node::items() const {
  KFRUN_CHECK(is_sequence());
  return std::get<Sequence>(value_);
}
Mapping& Node::members() {
  KFRUN_CHECK(is_mapping());
  return std::get<Mapping>(value_);
}
const Mapping& Node::members() const {
  KFRUN_CHECK(is_mapping());
  return std::get<Mapping>(value_);
}

std::size_t Node::size() const { return is_sequence() ? items().size() : is_mapping() ? members().size() : 0; }

const Node* Node::find(std::string_view key) const {
  if (!is_mapping()) return nullptr;
  for (const auto& member : std::get<Mapping>(value_)) {
    if (member.key.is_scalar() && std::get<std::string>(member.key.value_) == key) return &member.value;
  }
  return nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

const Node* Node::find_path(std::initializer_list<std::string_view> keys) const {
  const Node* node = this;
  for (const auto key : keys) {
    node = node->find(key);
    if (!node) return nullptr;
  }
  return node;
}

Node* Node::find_path(std::initializer_list<std::string_view> keys) {
  return const_cast<Node*>(std::as_const(*this).find_path(keys));
}

std::string Node::text_of(std::string_view key, std::string_view fallback) const {
  const Node* value = find(key);
  return value && value->is_scalar() && !value->is_null() ? value->text() : std::string(fallback);
}

Node& Node::set(std::string_view key, Node value) {
  if (Node* old = find(key)) {
    *old = std::move(value);
    return *old;
  }
  if (is_null()) *this = mapping(Mapping{});
  members().push_back({string(std::string(key)), std::move(value)});
  return members().back().value;
}

Node& Node::child_mapping(std::string_view key) {
  Node* old = find(key);
  if (old && old->is_mapping()) return *old;
  return set(key, mapping(Mapping{}));
}

bool Node::remove(std::string_view key) {
  if (!is_mapping()) return false;
  auto& list = members();
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Member& m) { return m.key.is_scalar() && m.key.text() == key; });
  if (found == list.end()) return false;
  list.erase(found);
  return true;
}

void Node::push_back(Node item) {
  if (is_null()) *this = sequence();
  items().push_back(std::move(item));
}

bool Node::operator==(const Node& other) const {
  if (kind() != other.kind()) return false;
  if (!is_scalar()) return value_ == other.value_;
  if (tag_ != other.tag_) return false;
  if (tag_ == Tag::null) return true;
  if (tag_ == Tag::boolean) return as_boolean() == other.as_boolean();
  if (tag_ == Tag::integer && as_integer() && other.as_integer()) return as_integer() == other.as_integer();
  if (tag_ == Tag::floating) return as_number() == other.as_number();
  return text() == other.text();
}

}  // namespace kfrun::document
