#include "document/json_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "document/number.h"
#include "document/reread.h"
#include "document/resolve.h"
#include "document/timestamp.h"

namespace kfrun::document {

namespace {

Error unsupported_keys() { return {ErrorKind::input, "json: unsupported type: map[interface {}]interface {}"}; }

void check_keys(const Node& node) {
  std::vector<std::string_view> keys;
  keys.reserve(node.size());
  for (const auto& [key, value] : node.members()) {
    if (!key.is_string() && !(key.is_null() && key.text().empty())) throw unsupported_keys();
    keys.push_back(key.text());
  }
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice != keys.end()) {
    throw make_error(ErrorKind::input, "yaml: unmarshal errors:\n  mapping key \"{}\" already defined", *twice);
  }
}

// `in_flow`: whether a collection around the node is in flow style.
template <typename Change>
Node with_scalars(const Node& node, Change change, bool in_flow = false) {
  if (node.is_scalar()) return change(node, in_flow);
  const bool flow = in_flow || node.style() == Style::flow;
  if (node.is_sequence()) {
    Sequence items;
    items.reserve(node.size());
    for (const auto& item : node.items()) items.push_back(with_scalars(item, change, flow));
    return Node::sequence(std::move(items));
  }
  check_keys(node);
  Mapping members;
  members.reserve(node.size());
  for (const auto& [key, value] : node.members()) members.push_back({key, with_scalars(value, change, flow)});
  return Node::mapping(std::move(members));
}

Node to_json_scalar(const Node& node, bool in_flow) {
  if (in_flow && is_quoted_in_flow(node)) return Node::string(node.text());
  switch (node.tag()) {
    case Tag::null:
      return Node::null();
    case Tag::boolean:
      return Node::boolean(node.as_boolean().value_or(false));
    case Tag::integer:
    case Tag::floating: {
      std::string text = json_number_text(node);
      const bool whole = text.find_first_not_of("-0123456789") == std::string::npos;
      return Node::scalar(std::move(text), whole ? Tag::integer : Tag::floating);
    }
    case Tag::timestamp:
      return Node::string(json_timestamp(node.text()).value_or(node.text()));
    default:
      return Node::string(!in_flow && is_changed_by_folding(node) ? refolded(node.text()) : node.text());
  }
}

std::string json_key(const Node& key) {
  if (key.is_string()) return key.text();
  if (key.is_boolean()) return key.as_boolean().value_or(false) ? "true" : "false";
  if (const auto value = key.as_integer()) return std::to_string(*value);
  if (const auto value = key.as_number(); value && key.tag() == Tag::floating) {
    if (std::isnan(*value)) return ".nan";
    if (std::isinf(*value)) return *value > 0 ? ".inf" : "-.inf";
    // The digits of a float32.
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<float>(*value)).ptr;
    return go_shortest_number(number_value({digits, static_cast<std::size_t>(end - digits)}).value_or(*value));
  }
  throw make_error(ErrorKind::input, "unsupported map key of type: {}, key: {}", key.is_null() ? "%!s(<nil>)" : key.type_name(),
                   key.text());
}

// Go's yaml.Marshal of a value that encoding/json read.
Node from_json_scalar(const Node& node, bool) {
  if (node.is_number()) {
    const auto value = number_value(node.text());
    std::string text = value ? go_shortest_number(*value) : node.text();
    const Tag tag = resolve_plain(text, Schema::go_yaml_v3);
    return Node::scalar(std::move(text), tag);
  }
  if (!node.is_string()) return node;
  if (node.text().find('\n') != std::string::npos) return Node::scalar(node.text(), Tag::string, Style::literal);
  const bool quoted = needs_quotes_in_v2(node.text());
  return Node::scalar(node.text(), Tag::string, quoted ? Style::double_quoted : Style::plain);
}

}  // namespace

Node to_json_values(const Node& node) { return with_scalars(node, to_json_scalar); }
Node yaml_to_json(const Node& node) {
  if (node.is_scalar()) return to_json_scalar(node, false);
  if (node.is_sequence()) {
    Sequence items;
    items.reserve(node.size());
    for (const auto& item : node.items()) items.push_back(yaml_to_json(item));
    return Node::sequence(std::move(items));
  }
  Mapping members;
  std::map<std::string, std::size_t> places;
  for (const auto& [key, value] : node.members()) {
    const auto [place, is_new] = places.emplace(json_key(key), members.size());
    if (is_new) {
      members.push_back({Node::string(place->first), yaml_to_json(value)});
    } else {
      members[place->second].value = yaml_to_json(value);
    }
  }
  return Node::mapping(std::move(members));
}

Node from_json_values(const Node& node) {
  if (node.is_sequence()) {
    throw make_error(ErrorKind::input, "json: cannot unmarshal array into Go value of type map[string]interface {{}}");
  }
  return with_scalars(node, from_json_scalar);
}

std::string json_number_text(const Node& number) {
  const std::string& text = number.text();
  if (number.is_integer()) {
    if (const auto value = integer_value(text)) return std::to_string(*value);
    if (const auto value = unsigned_value(text)) return std::to_string(*value);
  }
  const auto value = number_value(text);
  if (!value) return text;
  if (std::isfinite(*value)) return json_number(*value);
  throw make_error(ErrorKind::input, "json: unsupported value: {}", std::isnan(*value) ? "NaN" : *value > 0 ? "+Inf" : "-Inf");
}

}  // namespace kfrun::document
