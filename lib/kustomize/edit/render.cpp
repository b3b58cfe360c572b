#include "kustomize/edit/render.h"

#include "base/text.h"
#include "document/writer.h"
#include "document/yaml_scalar.h"

namespace kfrun::kustomize {

namespace {

using document::Node;

std::string indented(const std::string& lines, std::size_t column) {
  std::string text;
  for (std::size_t at = 0; at < lines.size();) {
    const auto end = lines.find('\n', at) + 1;
    if (lines[at] != '\n') text.append(column, ' ');
    text.append(lines, at, end - at);
    at = end;
  }
  return text;
}

bool is_plain_everywhere(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-") == std::string_view::npos;
}

std::string string_text(const std::string& text, bool in_flow) {
  std::string out;
  document::append_yaml_string(out, text, {});
  const bool is_quoted = out.starts_with('"') || out.starts_with('\'');
  const bool fits = out.find('\n') == std::string::npos && (is_quoted || !in_flow || is_plain_everywhere(out));
  return fits ? out : document::write_json(Node::string(text));
}

}  // namespace

std::string rendered_member(const document::Member& member, std::size_t column) {
  return indented(document::write_yaml(Node::mapping(document::Mapping{member})), column);
}

std::string rendered_item(const Node& item, std::size_t column) {
  return indented(document::write_yaml(Node::sequence(document::Sequence{item})), column);
}

std::string flow_text(const Node& node, bool quoted) {
  if (quoted) return document::write_json(node);
  std::vector<std::string> parts;
  if (node.is_sequence()) {
    for (const auto& item : node.items()) parts.push_back(flow_text(item, false));
    return "[" + join(parts, ", ") + "]";
  }
  if (node.is_mapping()) {
    for (const auto& member : node.members()) parts.push_back(flow_text(member, false));
    return "{" + join(parts, ", ") + "}";
  }
  return node.is_string() ? string_text(node.text(), true) : document::write_json(node);
}

std::string flow_text(const document::Member& member, bool quoted) {
  return flow_text(member.key, quoted) + ": " + flow_text(member.value, quoted);
}

std::string rewritten_scalar(const Node& wanted, std::string_view old, bool in_flow) {
  if (!wanted.is_string()) return document::write_json(wanted);
  const auto& text = wanted.text();
  if (old.starts_with('"')) return document::write_json(wanted);
  const bool has_controls = text.find_first_of("\n\r\t") != std::string::npos;
  if (old.starts_with('\'') && !has_controls) return "'" + replace_all(text, "'", "''") + "'";
  return string_text(text, in_flow);
}

}  // namespace kfrun::kustomize
