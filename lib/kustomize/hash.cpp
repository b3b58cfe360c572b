#include "kustomize/hash.h"

#include "base/digest.h"
#include "document/writer.h"
#include "kustomize/identity.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

// A field as kustomize's hasher sees it: "" when it is missing, the text of a scalar, a mapping as it is.
Node seen(const Node& object, std::string_view field) {
  const Node* value = object.find(field);
  if (!value) return Node::string("");
  if (value->is_scalar()) return Node::string(value->text());
  return value->is_mapping() ? *value : Node::null();
}

void set_if_mapping(Node& content, const Node& object, std::string_view field) {
  const Node* value = object.find(field);
  if (value && value->is_mapping()) content.set(field, *value);
}

std::string encode(std::string digits) {
  digits.resize(10);
  for (char& digit : digits) {
    switch (digit) {
      case '0':
        digit = 'g';
        break;
      case '1':
        digit = 'h';
        break;
      case '3':
        digit = 'k';
        break;
      case 'a':
        digit = 'm';
        break;
      case 'e':
        digit = 't';
        break;
      default:
        break;
    }
  }
  return digits;
}

// What 3.2.0 hashes: the fields of the typed object, where a missing map is null.
Node named_content(const Node& object) {
  const auto kind = object.text_of("kind");
  const Node* data = object.find("data");
  Node content = Node::mapping({{"kind", Node::string(kind)}, {"name", Node::string(metadata_text(object, "name"))}});
  content.set("data", data ? *data : Node::null());
  const Node* binary = object.find("binaryData");
  if (kind == "ConfigMap" && binary && binary->size() > 0) content.set("binaryData", *binary);
  if (kind == "Secret") content.set("type", Node::string(object.text_of("type")));
  return content;
}

}  // namespace

std::string content_hash(const Node& object, const Compat& compat) {
  if (compat.hash_has_name) return encode(sha256_hex(document::write_json(named_content(object), {0, true, true})));
  // kustomize looks for the name under one key "metadata/name", finds nothing and hashes "".
  const auto kind = object.text_of("kind");
  Node content = Node::mapping({{"kind", Node::string(kind)}, {"name", Node::string("")}, {"data", seen(object, "data")}});
  if (kind == "ConfigMap") {
    set_if_mapping(content, object, "binaryData");
  } else if (kind == "Secret") {
    content.set("type", seen(object, "type"));
    set_if_mapping(content, object, "stringData");
  } else {
    content = object;
  }
  return encode(sha256_hex(document::write_json(content, {0, true, true})));
}

}  // namespace kfrun::kustomize
