// `edit fix --vars`: each var becomes a replacement. Its source is the var's; its targets are the places of $(NAME) in the files
// of the kustomization and its bases, where a placeholder then stands.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "document/reader.h"
#include "kustomize/edit/edit.h"
#include "kustomize/edit/fields.h"
#include "kustomize/identity.h"
#include "kustomize/json_shape.h"
#include "kustomize/kustomization.h"
#include "kustomize/kustomization_shape.h"
#include "kustomize/resource_reader.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

// A file with resources or a patch.
struct TouchedFile {
  std::string path;
  std::optional<Node> patch;  // the entry that names it
};

// Where a var stands in a document.
struct VarPlace {
  std::string field_path;
  std::string delimiter;  // of the part that it is; "" when it is the whole text
  std::size_t index = 0;
};

// All that kustomize would read, as far as it is here.
class Files {
 public:
  Files(const FileSystem& files, const Node& fields) : files_(files) { visit(fields, ""); }
  const std::vector<TouchedFile>& touched() const { return touched_; }

 private:
  void visit(const Node& fields, const std::string& folder) {
    for (const auto& path : texts_of(fields, "resources")) {
      const std::string full = clean_path(join_path(folder, path));
      if (files_.is_directory(full) && entered_.insert(full).second) enter(full);
      touched_.push_back({full, std::nullopt});
    }
    const Node* patches = fields.find("patches");
    if (!patches || !patches->is_sequence()) return;
    for (const auto& patch : patches->items()) {
      const std::string path = patch.text_of("path");
      if (!path.empty()) touched_.push_back({clean_path(join_path(folder, path)), patch});
    }
  }

  void enter(const std::string& folder) {
    for (const auto& name : kustomization_file_names()) {
      const std::string path = join_path(folder, name);
      if (!files_.is_file(path)) continue;
      const auto documents = document::read_yaml(files_.read(path), path, document::Schema::go_yaml_v2);
      if (!documents.empty() && documents.front().is_mapping()) visit(documents.front(), folder);
    }
  }

  static std::vector<std::string> texts_of(const Node& fields, std::string_view name) {
    std::vector<std::string> texts;
    const Node* list = fields.find(name);
    if (!list || !list->is_sequence()) return texts;
    for (const auto& item : list->items()) texts.push_back(item.text());
    return texts;
  }

  const FileSystem& files_;
  std::set<std::string> entered_;
  std::vector<TouchedFile> touched_;
};

// Which part of `value` a var is, by the character that stands around it.
VarPlace place_in(const std::string& value, const std::string& var, std::string field_path) {
  VarPlace place{std::move(field_path), {}, 0};
  if (value == var) return place;
  const auto begin = value.find(var), end = begin + var.size();
  const char before = begin == 0 ? value[end] : value[begin - 1];
  const char behind = end == value.size() ? before : value[end];
  if (before != behind || static_cast<unsigned char>(before) >= 0x80) {
    throw make_error(ErrorKind::unsupported, "cannot convert all vars to replacements; {} is not delimited", var);
  }
  place.delimiter = before;
  const auto parts = split(value, before);
  if (begin == 0) return place;
  const auto part = end == value.size() ? parts.end() - 1 : std::find(parts.begin(), parts.end(), var);
  if (part == parts.end()) {
    throw make_error(ErrorKind::unsupported, "cannot convert all vars to replacements; {} is no part of '{}'", var, value);
  }
  place.index = static_cast<std::size_t>(part - parts.begin());
  return place;
}

void find_places(const Node& node, const std::string& var, const std::string& path, std::vector<VarPlace>& places) {
  auto below = [&](const std::string& step) { return path.empty() ? step : path + "." + step; };
  if (node.is_sequence()) {
    for (std::size_t i = 0; i < node.size(); ++i) find_places(node.items()[i], var, below(std::to_string(i)), places);
  } else if (node.is_mapping()) {
    for (const auto& member : node.members()) {
      const std::string key(trim(member.key.text()));
      find_places(member.value, var, below(key.find('.') == std::string::npos ? key : "[" + key + "]"), places);
    }
  } else if (node.text().find(var) != std::string::npos) {
    places.push_back(place_in(node.text(), var, path));
  }
}

void add_text(Node& mapping, std::string_view key, const std::string& value) {
  if (!value.empty()) mapping.set(key, Node::string(value));
}

bool allows(const Node& patch, std::string_view option) {
  const Node* value = patch.find_path({"options", option});
  return value && value->as_boolean().value_or(false);
}

// A patch may meet resources of other ids than its own.
Node patch_selector(const Node& patch, const Node& document) {
  static constexpr std::string_view kFields[] = {"annotationSelector", "group",  "kind", "labelSelector", "name",
                                                 "namespace",          "version"};
  const Node* target = patch.find("target");
  Node selector = Node::mapping(document::Mapping{});
  for (const auto field : kFields) {
    std::string value = target ? target->text_of(field) : std::string();
    if (field == "kind" && allows(patch, "allowKindChange")) value = document.text_of("kind");
    if (field == "name" && allows(patch, "allowNameChange")) value = metadata_text(document, "name");
    if (field == "namespace" && !metadata_text(document, "namespace").empty()) value = metadata_text(document, "namespace");
    add_text(selector, field, value);
  }
  return selector;
}

Node resource_selector(const Node& document) {
  const ResId id = ResId::of(document);
  Node selector = Node::mapping(document::Mapping{});
  add_text(selector, "group", id.gvk.group);
  add_text(selector, "kind", id.gvk.kind);
  add_text(selector, "name", id.name);
  add_text(selector, "namespace", id.namespace_);
  add_text(selector, "version", id.gvk.version);
  return selector;
}

Node target_of(const VarPlace& place, const TouchedFile& file, const Node& document) {
  Node target = Node::mapping({{"fieldPaths", Node::sequence({Node::string(place.field_path)})}});
  if (!place.delimiter.empty()) {
    Node options = Node::mapping({{"delimiter", Node::string(place.delimiter)}});
    if (place.index > 0) options.set("index", Node::integer(static_cast<long long>(place.index)));
    target.set("options", std::move(options));
  }
  const bool is_patch = file.patch && !(allows(*file.patch, "allowNameChange") && allows(*file.patch, "allowKindChange"));
  target.set("select", is_patch ? patch_selector(*file.patch, document) : resource_selector(document));
  return target;
}

// The var's object and field.
Node source_of(const Node& var) {
  const Node* object = var.find("objref");
  const Node* field = var.find("fieldref");
  const std::string api_version = object ? object->text_of("apiVersion") : std::string();
  const auto slash = api_version.find('/');
  Node source = Node::mapping(document::Mapping{});
  if (field) add_text(source, "fieldPath", field->text_of("fieldPath"));
  if (slash != std::string::npos) add_text(source, "group", api_version.substr(0, slash));
  if (object) {
    for (const char* key : {"kind", "name", "namespace"}) add_text(source, key, object->text_of(key));
  }
  add_text(source, "version", slash == std::string::npos ? api_version : api_version.substr(slash + 1));
  return source;
}

// What can be read of a file; nothing of one that is no YAML or not there.
std::vector<Node> documents_of(const FileSystem& files, const std::string& path, FileTexts& texts) {
  try {
    auto known = texts.find(path);
    if (known == texts.end()) known = texts.emplace(path, files.read(path)).first;
    return unwrapped_lists(document::read_yaml(known->second, path));
  } catch (const Error&) {
    return {};
  }
}

Node replacement_of(const Node& var, const Files& all, const FileSystem& files, FileTexts& texts) {
  const std::string name = "$(" + var.text_of("name") + ")";
  Node targets = Node::sequence();
  for (const auto& file : all.touched()) {
    for (const auto& document : documents_of(files, file.path, texts)) {
      std::vector<VarPlace> places;
      within("error with " + file.path, [&] { find_places(document, name, "", places); });
      for (const auto& place : places) targets.push_back(target_of(place, file, document));
    }
  }
  for (auto& [path, text] : texts) text = replace_all(std::move(text), name, var.text_of("name") + "_PLACEHOLDER");
  Node replacement = Node::mapping({{"source", source_of(var)}});
  if (targets.size() > 0) replacement.set("targets", std::move(targets));
  return replacement;
}

}  // namespace

Change convert_vars(const FileSystem& files, FileTexts& changed) {
  return [&](Edited& edited) {
    const Node checked = decode_json_shape(edited.fields, kustomization_shape(), edited.file);
    const Node* vars = checked.find("vars");
    if (!vars) return;
    const Files all(files, checked);
    FileTexts texts;
    Node replacements = Node::sequence();
    for (const auto& var : vars->items()) replacements.push_back(replacement_of(var, all, files, texts));
    put_field(edited.fields, "vars", std::move(replacements));
    move_list(edited.fields, "vars", "replacements");
    for (auto& [path, text] : texts) {
      if (text != files.read(path)) changed.emplace(path, std::move(text));
    }
  };
}

}  // namespace kfrun::kustomize
