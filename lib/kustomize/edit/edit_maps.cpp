// configMapGenerator and secretGenerator.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "kustomize/edit/edit.h"
#include "kustomize/edit/fields.h"
#include "kustomize/generators.h"
#include "kustomize/kustomization.h"
#include "kustomize/kustomization_shape.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

std::string_view field_of(MapKind kind) { return kind == MapKind::secret ? "secretGenerator" : "configMapGenerator"; }
std::string_view word_of(MapKind kind) { return kind == MapKind::secret ? "secret" : "configmap"; }
std::string_view name_of(MapKind kind) { return kind == MapKind::secret ? "Secret" : "ConfigMap"; }

// "key=pattern" must match one file.
Words expand_files(const FileSystem& files, const Words& sources, Words& remarks) {
  Words expanded;
  for (const auto& source : sources) {
    const auto parts = split(source, '=');
    const bool has_key = parts.size() == 2;
    auto found = expand_patterns(files, {parts[has_key ? 1 : 0]}, remarks);
    if (has_key && !parts[0].empty()) {
      if (found.size() != 1) {
        throw usage_error("failed to expand file source: 'pattern '{}' catches files [{}], should catch only one", source,
                          join(found, " "));
      }
      found[0] = parts[0] + "=" + found[0];
    }
    expanded.insert(expanded.end(), found.begin(), found.end());
  }
  return expanded;
}

void check_add(const Words& words, const MapRequest& request) {
  if (words.size() != 1) throw usage_error("name must be specified once");
  const bool has_pairs = !request.files.empty() || !request.literals.empty();
  if (request.env_file.empty() && !has_pairs)
    throw usage_error("at least from-env-file, or from-file or from-literal must be set");
  if (!request.env_file.empty() && has_pairs)
    throw usage_error("from-env-file cannot be combined with from-file or from-literal");
  const auto& behavior = request.behavior;
  if (!behavior.empty() && behavior != "create" && behavior != "merge" && behavior != "replace")
    throw usage_error("invalid behavior: must be one of \"create\", \"merge\", or \"replace\"");
}

Node* find_map(Node& list, const std::string& name, std::string_view name_space) {
  const auto found = std::find_if(list.items().begin(), list.items().end(), [&](const Node& entry) {
    return entry.text_of("name") == name && is_same_namespace(entry.text_of("namespace"), name_space);
  });
  return found == list.items().end() ? nullptr : &*found;
}

Node& find_or_make_map(Node& list, MapKind kind, const std::string& name, const MapRequest& request) {
  if (Node* found = find_map(list, name, request.name_space)) return *found;
  Node made = Node::mapping({{"name", Node::string(name)}});
  if (!request.name_space.empty()) made.set("namespace", Node::string(request.name_space));
  if (kind == MapKind::secret && !request.type.empty()) made.set("type", Node::string(request.type));
  list.push_back(std::move(made));
  return list.items().back();
}

void append(Node& entry, std::string_view field, const Words& values) {
  if (values.empty()) return;
  Node& list = list_field(entry, field);
  for (const auto& value : values) list.push_back(Node::string(value));
}

void merge_request(Node& entry, const MapRequest& request) {
  append(entry, "literals", request.literals);
  append(entry, "files", request.files);
  if (!request.env_file.empty()) {
    if (const Node* old = find_field(entry, "env")) {
      append(entry, "envs", {old->text()});
      drop_field(entry, "env");
    }
    append(entry, "envs", {request.env_file});
  }
  if (request.disable_name_suffix_hash) entry.set("options", Node::mapping({{"disableNameSuffixHash", Node::boolean(true)}}));
  if (!request.behavior.empty()) entry.set("behavior", Node::string(request.behavior));
}

// Makes the object, to see whether it can be made.
void check_map(const Node& fields, MapKind kind, const std::string& name, std::string_view name_space, const FileSystem& files,
               const std::string& file) {
  const auto all = kustomization_of(decode_json_shape(fields, kustomization_shape(), file));
  for (const auto& arguments : kind == MapKind::secret ? all.secret_generators : all.config_map_generators) {
    if (arguments.name != name || !is_same_namespace(arguments.namespace_, name_space)) continue;
    const Loader loader(files, ".", LoadRestriction::root_only);
    generate(kind == MapKind::secret ? GeneratedKind::secret : GeneratedKind::config_map, arguments, loader);
    return;
  }
}

std::pair<std::string, std::string> split_literal(const std::string& literal) {
  const auto equals = literal.find('=');
  if (equals == std::string::npos || literal.find('=', equals + 1) != std::string::npos) {
    throw usage_error(
        "failed to update literal sources: failed to update resource: invalid format: literal values must be specified in the "
        "key=value format");
  }
  return {literal.substr(0, equals), literal.substr(equals + 1)};
}

void set_literal(Node& list, const std::string& literal) {
  const auto [key, value] = split_literal(literal);
  bool found = false;
  for (auto& item : list.items()) {
    if (split_literal(item.text()).first != key) continue;
    found = true;
    if (item.text() != literal) item = Node::string(literal);
  }
  if (!found) throw make_error(ErrorKind::not_found, "failed to update literal sources: key '{}' not found in resource", key);
}

void set_map_entry(Edited& edited, MapKind kind, const std::string& name, const MapRequest& request) {
  Node& list = list_field(edited.fields, field_of(kind));
  Node* entry = find_map(list, name, request.name_space);
  if (!entry) {
    throw make_error(ErrorKind::not_found, "could not set new {0} value: unable to find {0} with name \"{1}\"", name_of(kind),
                     name);
  }
  for (const auto& literal : request.literals) set_literal(list_field(*entry, "literals"), literal);
  if (!request.new_name_space.empty()) entry->set("namespace", Node::string(request.new_name_space));
}

}  // namespace

Change add_map(MapKind kind, const Words& words, MapRequest request, const FileSystem& files, Words& remarks) {
  request.files = expand_files(files, request.files, remarks);
  within("failed to validate flags", [&] { check_add(words, request); });
  return [kind, name = words[0], request, &files](Edited& edited) {
    within(fmt::format("failed to create {}", word_of(kind)), [&] {
      Node& list = list_field(edited.fields, field_of(kind));
      merge_request(find_or_make_map(list, kind, name, request), request);
      check_map(edited.fields, kind, name, request.name_space, files, edited.file);
    });
  };
}

Change set_map(MapKind kind, const Words& words, MapRequest request, const FileSystem& files) {
  within("failed to validate flags", [&] {
    if (words.size() != 1) throw usage_error("name must be specified once");
    if (request.literals.empty() && request.new_name_space.empty())
      throw usage_error("at least one of [--from-literal, --new-namespace] must be specified");
  });
  return [kind, name = words[0], request, &files](Edited& edited) {
    within(fmt::format("failed to create {}", word_of(kind)), [&] {
      set_map_entry(edited, kind, name, request);
      const auto& name_space = request.new_name_space.empty() ? request.name_space : request.new_name_space;
      within(fmt::format("failed to validate {} structure", name_of(kind)),
             [&] { check_map(edited.fields, kind, name, name_space, files, edited.file); });
    });
  };
}

Change remove_maps(MapKind kind, const Words& words, std::string name_space) {
  if (words.empty()) throw usage_error("at least one {} name must be specified", word_of(kind));
  if (words.size() > 1) {
    throw usage_error("too many arguments: [{0}]; to provide multiple {1}s to remove, please separate {1} names by commas",
                      join(words, " "), word_of(kind));
  }
  return [kind, names = split(words[0], ','), name_space = std::move(name_space)](Edited& edited) {
    std::set<std::string> found;
    if (Node* list = find_field(edited.fields, field_of(kind))) {
      std::erase_if(list->items(), [&](const Node& entry) {
        const auto name = entry.text_of("name");
        const bool goes = std::find(names.begin(), names.end(), name) != names.end() &&
                          is_same_namespace(entry.text_of("namespace"), name_space);
        if (goes) found.insert(name);
        return goes;
      });
    }
    if (found.empty()) {
      throw make_error(ErrorKind::not_found, "no specified {}(s) were found in the kustomization.yaml file", word_of(kind));
    }
    for (const auto& name : names) {
      if (!found.count(name))
        edited.remarks.push_back(fmt::format("{} {} doesn't exist in kustomization file", word_of(kind), name));
    }
    drop_if_empty(edited.fields, field_of(kind));
  };
}

}  // namespace kfrun::kustomize
