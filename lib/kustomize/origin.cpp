#include "kustomize/origin.h"

#include "base/files.h"
#include "document/reader.h"
#include "document/resolve.h"
#include "kustomize/identity.h"
#include "kustomize/kyaml_text.h"
#include "kustomize/repo_spec.h"

namespace kfrun::kustomize {

using document::Node;
using document::Style;
using document::Tag;

namespace {

// A Go string in go-yaml v3's manner: double quotes for what older YAML would read as something else.
Node text_node(const std::string& text) {
  return Node::scalar(text, Tag::string, document::needs_quotes_in_v2(text) ? Style::double_quoted : Style::plain);
}

void add(Node& mapping, std::string_view key, const std::string& value) {
  if (!value.empty()) mapping.set(key, text_node(value));
}

Node to_node(const Origin& origin) {
  Node node = Node::mapping();
  add(node, "path", origin.path);
  add(node, "repo", origin.repo);
  add(node, "ref", origin.ref);
  add(node, "configuredIn", origin.configured_in);
  if (origin.configured_by == Origin::Configurer{}) return node;
  Node by = Node::mapping();
  add(by, "apiVersion", origin.configured_by.api_version);
  add(by, "kind", origin.configured_by.kind);
  add(by, "name", origin.configured_by.name);
  add(by, "namespace", origin.configured_by.namespace_);
  node.set("configuredBy", std::move(by));
  return node;
}

Node parse(const std::string& text, std::string_view annotation) {
  auto documents = document::read_yaml(text, std::string(annotation));
  return documents.empty() ? Node::null() : std::move(documents.front());
}

Origin from_node(const Node& node) {
  Origin origin{node.text_of("path"), node.text_of("repo"), node.text_of("ref"), node.text_of("configuredIn"), {}};
  if (const Node* by = node.find("configuredBy")) {
    origin.configured_by = {by->text_of("apiVersion"), by->text_of("kind"), by->text_of("name"), by->text_of("namespace")};
  }
  return origin;
}

}  // namespace

Origin Origin::below(std::string_view relative) const {
  Origin result = *this;
  if (const auto spec = find_repo_spec(relative)) {
    result.repo = spec->clone_url();
    result.ref = spec->ref;
    // What kustomize calls the top of a repository.
    result.path = spec->root_path.empty() ? "notCloned" : clean_path(spec->root_path);
    return result;
  }
  result.path = path.empty() ? clean_path(relative) : clean_path(path + "/" + std::string(relative));
  return result;
}

std::string origin_text(const Origin& origin) { return kyaml_text(to_node(origin)); }

std::string transformations_text(const std::vector<Origin>& origins) {
  Node list = Node::sequence();
  for (const Origin& origin : origins) list.push_back(to_node(origin));
  return kyaml_text(list);
}

Origin read_origin(const std::string& text) { return from_node(parse(text, kOriginAnnotation)); }

std::vector<Origin> read_transformations(const std::string& text) {
  std::vector<Origin> origins;
  const Node list = parse(text, kTransformationsAnnotation);
  if (!list.is_sequence()) return origins;
  for (const Node& item : list.items()) origins.push_back(from_node(item));
  return origins;
}

Origin configured_by(const Origin& configuration_origin, const Node& configuration) {
  Origin result;
  result.repo = configuration_origin.repo;
  result.ref = configuration_origin.ref;
  result.configured_in = configuration_origin.path;
  result.configured_by = {configuration.text_of("apiVersion"), configuration.text_of("kind"),
                          metadata_text(configuration, "name"), metadata_text(configuration, "namespace")};
  return result;
}

}  // namespace kfrun::kustomize
