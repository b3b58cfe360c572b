#include "kustomize/resource_reader.h"

#include <algorithm>
#include <deque>
#include <map>

#include "base/text.h"
#include "document/json_values.h"
#include "document/reader.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

bool is_empty(const Node& node) { return node.is_null() || (!node.is_scalar() && node.size() == 0); }

std::string text_in(const Node& object, std::string_view field) {
  const Node* value = object.find(field);
  return value && value->is_scalar() && !value->is_null() ? value->text() : std::string();
}

// Go's %v of a map of labels or annotations.
std::string go_map(const Node* map) {
  std::map<std::string, std::string> sorted;
  if (map && map->is_mapping()) {
    for (const auto& member : map->members()) sorted[member.key.text()] = member.value.is_null() ? "" : member.value.text();
  }
  std::string text = "map[";
  for (const auto& [key, value] : sorted) {
    if (text.size() > 4) text += ' ';
    text += key + ":" + value;
  }
  return text + "]";
}

// Go's %v of the metadata of an object.
std::string go_metadata(const Node& object) {
  const Node* metadata = object.find("metadata");
  static const Node none;
  const Node& meta = metadata ? *metadata : none;
  return fmt::format("{{{{{} {}}} {{{{{} {}}} {} {}}}}}", text_in(object, "apiVersion"), text_in(object, "kind"),
                     text_in(meta, "name"), text_in(meta, "namespace"), go_map(meta.find("labels")),
                     go_map(meta.find("annotations")));
}

bool is_list(const Node& object) { return object.text_of("kind").ends_with("List"); }

// A file whose only document is a List is unwrapped as it is read.
void unwrap_only_list(std::vector<Node>& documents) {
  if (documents.size() != 1 || !documents.front().is_mapping()) return;
  const auto kind = documents.front().text_of("kind");
  if (kind != "List" && kind != "ResourceList") return;
  Node* items = documents.front().find("items");
  if (!items || !items->is_sequence()) return;
  auto inner = std::move(items->items());
  documents = std::move(inner);
}

// Documents as Kubernetes' decoder reads them: cut at lines of "---" alone, the last line of each ended; YAML 1.1 made JSON.
std::vector<Node> read_yaml_1_1(std::string_view text, const std::string& file) {
  std::vector<Node> documents;
  std::string one;
  int line_number = 0;
  int first_line = 0;
  const auto finish = [&] {
    for (auto& document : document::read_yaml(one, file, document::Schema::go_yaml_v2)) {
      Node json = document::yaml_to_json(document);
      json.set_position(first_line + std::max(document.line(), 1), document.column());
      documents.push_back(std::move(json));
    }
    one.clear();
  };
  for (const auto& line : split(text, '\n')) {
    const bool ends = line.starts_with("---") && trim(line.substr(3)).empty();
    if (ends && !one.empty()) finish();
    if (one.empty()) first_line = line_number + (ends ? 1 : 0);
    ++line_number;
    if (!ends) (one += line) += '\n';
  }
  finish();
  return documents;
}

void keep_good(std::vector<Node>& documents, const std::string& file, std::deque<Node>& kept) {
  for (auto& document : documents) {
    if (is_empty(document)) continue;
    try {
      check_metadata(document);
    } catch (const Error& error) {
      throw Error(error.kind(), error.message(), document.place(file));
    }
    kept.push_back(std::move(document));
  }
}

}  // namespace

void check_metadata(const Node& object) {
  const Node* metadata = object.find("metadata");
  const bool has_metadata = metadata && !is_empty(*metadata);
  if (text_in(object, "apiVersion").empty() && text_in(object, "kind").empty() && !has_metadata) {
    throw Error(ErrorKind::input, "missing Resource metadata", {{}, object.line(), object.column(), {}});
  }
  const Place place{{}, object.line(), object.column(), {}};
  if (text_in(object, "kind").empty()) throw Error(ErrorKind::input, "missing kind in object " + go_metadata(object), place);
  if (is_list(object)) return;
  if (!has_metadata || text_in(*metadata, "name").empty()) {
    throw Error(ErrorKind::input, "missing metadata.name in object " + go_metadata(object), place);
  }
}

bool is_malformed(const Error& error) { return std::string_view(error.what()).find(kMalformedYaml) != std::string_view::npos; }

std::vector<Node> unwrapped_lists(std::vector<Node> documents) {
  std::vector<Node> items;
  for (Node& document : documents) {
    const Node* kind = document.find("kind");
    Node* list = document.find("items");
    bool is_list = kind != nullptr && (kind->text() == "ResourceList" || kind->text() == "List") && list != nullptr;
    if (!is_list) {
      items.push_back(std::move(document));
    } else if (list->is_sequence()) {
      std::move(list->items().begin(), list->items().end(), std::back_inserter(items));
    }
  }
  return items;
}

namespace {

// kyaml splits a stream before it parses: a bad separator does not make the text malformed.
std::vector<Node> read_stream(std::string_view text, const std::string& file, const Compat& compat) {
  try {
    return compat.manifests_are_yaml_1_1 ? read_yaml_1_1(text, file) : document::read_yaml(text, file);
  } catch (Error& error) {
    if (!error.message().starts_with("invalid document separator")) error.within(std::string(kMalformedYaml));
    throw;
  }
}

}  // namespace

std::vector<Resource> read_resources(std::string_view text, const std::string& file, const Compat& compat) {
  auto documents = read_stream(text, file, compat);
  unwrap_only_list(documents);
  std::deque<Node> pending;
  keep_good(documents, file, pending);
  std::vector<Resource> resources;
  resources.reserve(pending.size());
  // The items of a list go behind all that is still to come.
  while (!pending.empty()) {
    Node document = std::move(pending.front());
    pending.pop_front();
    Node* items = is_list(document) ? document.find("items") : nullptr;
    if (!items) {
      resources.emplace_back(std::move(document));
      continue;
    }
    if (items->is_null()) continue;
    if (!items->is_sequence()) {
      throw input_error(items->place(file), "expected array in {}/items, but found {}", document.text_of("kind"),
                        items->is_mapping() ? "map[string]interface {}" : "string");
    }
    keep_good(items->items(), file, pending);
  }
  return resources;
}

std::vector<Resource> read_resource_file(std::string_view text, const std::string& path, const std::string& file,
                                         const Compat& compat) {
  try {
    auto resources = read_resources(text, file, compat);
    for (auto& resource : resources) resource.source = path;
    return resources;
  } catch (Error& error) {
    if (!is_malformed(error)) throw;
    throw Error(error.kind(), fmt::format("{} in File: {}", error.what(), path), error.place());
  }
}

}  // namespace kfrun::kustomize
