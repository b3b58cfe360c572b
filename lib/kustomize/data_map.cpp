#include "kustomize/data_map.h"

#include "base/digest.h"
#include "base/text.h"
#include "kustomize/setters.h"

namespace kfrun::kustomize {

using document::Node;
using document::Style;
using document::Tag;

namespace {

using TextMap = std::map<std::string, std::string>;

Node text_node(std::string text) {
  const bool has_lines = text.find('\n') != std::string::npos;
  return Node::scalar(std::move(text), Tag::string, has_lines ? Style::literal : Style::plain);
}

// Texts of a mapping; null is "".
TextMap text_map(const Node* mapping) {
  TextMap texts;
  if (!mapping || !mapping->is_mapping()) return texts;
  for (const auto& member : mapping->members()) {
    texts.emplace(member.key.text(), member.value.is_null() ? std::string() : member.value.text());
  }
  return texts;
}

TextMap joined(const Node* older, const Node* newer) {
  TextMap texts = text_map(newer);
  texts.merge(text_map(older));
  return texts;
}

void set_entry(Node& object, std::string_view field, const std::string& key, const std::string& value) {
  set_member(object.child_mapping(field), key, text_node(value));
}

}  // namespace

std::string wrapped_base64(std::string_view bytes) {
  constexpr std::size_t kLine = 70;
  const std::string encoded = base64(bytes);
  if (encoded.size() < kLine) return encoded;
  std::string out;
  out.reserve(encoded.size() + encoded.size() / kLine + 1);
  for (std::size_t i = 0; i < encoded.size(); i += kLine) out.append(encoded, i, kLine).push_back('\n');
  return out;
}

void set_config_map_data(Node& object, const TextMap& entries, bool wraps) {
  for (const auto& [key, value] : entries) {
    if (is_valid_utf8(value)) {
      set_entry(object, "data", key, value);
    } else {
      set_entry(object, "binaryData", key, wraps ? wrapped_base64(value) : base64(value));
    }
  }
}

void set_secret_data(Node& object, const TextMap& entries, bool wraps) {
  Node& data = object.child_mapping("data");
  for (const auto& [key, value] : entries) set_member(data, key, text_node(wraps ? wrapped_base64(value) : base64(value)));
}

void normalize_string_data(Node& object) {
  const TextMap texts = text_map(object.find("stringData"));
  if (!texts.empty()) set_secret_data(object, texts);
  object.remove("stringData");
}

void merge_data(Node& object, const Node& older) {
  const TextMap data = joined(older.find("data"), object.find("data"));
  object.remove("data");
  set_config_map_data(object, data);
  const TextMap binary = joined(older.find("binaryData"), object.find("binaryData"));
  object.remove("binaryData");
  for (const auto& [key, value] : binary) set_entry(object, "binaryData", key, value);
}

void merge_text_maps(Node& object, const Node& older, std::initializer_list<std::string_view> path) {
  const TextMap texts = joined(older.find_path(path), object.find_path(path));
  Node* parent = &object;
  for (auto step = path.begin(); step + 1 != path.end(); ++step) parent = &parent->child_mapping(*step);
  const auto field = *(path.end() - 1);
  parent->remove(field);
  for (const auto& [key, value] : texts) parent->child_mapping(field).set(key, Node::string(value));
}

}  // namespace kfrun::kustomize
