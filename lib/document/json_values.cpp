#include "document/json_values.h"

#include <algorithm>
#include <cmath>

#include "document/number.h"
#include "document/resolve.h"

namespace kfrun::document {

namespace {

Error unsupported_keys() { return {ErrorKind::input, "json: unsupported type: map[interface {}]interface {}"}; }

void check_keys(const Node& node) {
  std::vector<std::string_view> keys;
  keys.reserve(node.size());
  for (const auto& [key, value] : node.members()) {
    if (!key.is_string()) throw unsupported_keys();
    keys.push_back(key.text());
  }
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice != keys.end()) {
    throw make_error(ErrorKind::input, "yaml: unmarshal errors:\n  mapping key \"{}\" already defined", *twice);
  }
}

template <typename Change>
Node with_scalars(const Node& node, Change change) {
  if (node.is_scalar()) return change(node);
  if (node.is_sequence()) {
    Sequence items;
    items.reserve(node.size());
    for (const auto& item : node.items()) items.push_back(with_scalars(item, change));
    return Node::sequence(std::move(items));
  }
  check_keys(node);
  Mapping members;
  members.reserve(node.size());
  for (const auto& [key, value] : node.members()) members.push_back({key, with_scalars(value, change)});
  return Node::mapping(std::move(members));
}

Node to_json_scalar(const Node& node) {
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
      return Node::string(json_time_text(node.text()));
    default:
      return Node::string(node.text());
  }
}

// Go's yaml.Marshal of a value that encoding/json read.
Node from_json_scalar(const Node& node) {
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
Node from_json_values(const Node& node) { return with_scalars(node, from_json_scalar); }

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

std::string json_time_text(const std::string& text) {
  std::size_t at = 0;
  // The number at `at`, in two digits at least; steps over the separator behind it.
  const auto number = [&] {
    const auto end = std::min(text.find_first_not_of("0123456789", at), text.size());
    std::string digits = text.substr(at, end - at);
    at = end + 1;
    return digits.size() < 2 ? "0" + digits : digits;
  };
  const std::string year = number(), month = number(), day = number();
  const std::string date = year + "-" + month + "-" + day;
  if (at > text.size()) return date + "T00:00:00Z";
  const std::string hour = number(), minute = number();
  auto end = std::min(text.find_first_not_of("0123456789", at), text.size());
  std::string second = text.substr(at, end - at);
  if (second.size() < 2) second.insert(0, "0");
  if (end < text.size() && text[end] == '.') {
    at = end;
    end = std::min(text.find_first_not_of("0123456789", at + 1), text.size());
    auto fraction = text.substr(at, std::min<std::size_t>(end - at, 10));
    while (fraction.ends_with('0')) fraction.pop_back();
    if (fraction != ".") second += fraction;
  }
  const std::string zone = text.substr(end);
  const bool utc = zone.empty() || zone == "+00:00" || zone == "-00:00";
  return fmt::format("{}T{}:{}:{}{}", date, hour, minute, second, utc ? "Z" : zone);
}

}  // namespace kfrun::document
