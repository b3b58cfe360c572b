#include "kustomize/setters.h"

#include "document/resolve.h"
#include "kustomize/kyaml_text.h"

namespace kfrun::kustomize {

using document::Node;
using document::NodeKind;
using document::Style;
using document::Tag;

namespace {

std::string_view kind_name(NodeKind kind) {
  switch (kind) {
    case NodeKind::scalar:
      return "ScalarNode";
    case NodeKind::sequence:
      return "SequenceNode";
    case NodeKind::mapping:
      break;
  }
  return "MappingNode";
}

bool is_bare(Style style) { return style == Style::plain || style == Style::block || style == Style::flow; }

}  // namespace

void require_kind(const Node& node, NodeKind kind) {
  if (node.is_null() || node.kind() == kind) return;
  throw input_error({}, "wrong node kind: expected {} but got {}: node contents:\n{}", kind_name(kind), kind_name(node.kind()),
                    kyaml_text(node));
}

Tag resolved_tag(std::string_view text, Style style) {
  return is_bare(style) && text.find('\n') == std::string_view::npos ? document::resolve_plain(text, document::Schema::go_yaml_v3)
                                                                     : Tag::string;
}

Node untagged_scalar(std::string text) {
  Node scalar = Node::scalar(std::move(text), Tag::string);
  scalar.infer_tag(resolved_tag(scalar.text(), Style::plain));
  return scalar;
}

Node& set_member(Node& mapping, std::string_view key, Node value) {
  if (Node* old = mapping.find(key)) return *old = std::move(value);
  mapping.members().push_back({untagged_scalar(std::string(key)), std::move(value)});
  return mapping.members().back().value;
}

void set_scalar(Node& node, std::string text, Tag tag) {
  require_kind(node, NodeKind::scalar);
  node.set_text(std::move(text));
  node.set_tag(tag);
}

void set_scalar(Node& node, std::string text) {
  Tag tag = resolved_tag(text, node.style());
  set_scalar(node, std::move(text), tag);
  node.infer_tag(tag);
}

Node* set_text_entry(Node& mapping, std::string_view key, const std::string& value) {
  require_kind(mapping, NodeKind::mapping);
  if (mapping.is_null()) return nullptr;
  if (Node* old = mapping.find(key)) {
    old->set_text(value);
    old->set_tag(Tag::string);
    return old;
  }
  bool quoted = document::resolve_plain(value, document::Schema::go_yaml_v2) != Tag::string;
  return &set_member(mapping, key, Node::scalar(value, Tag::string, quoted ? Style::double_quoted : Style::plain));
}

}  // namespace kfrun::kustomize
