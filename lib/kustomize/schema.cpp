#include "kustomize/schema.h"

#include <algorithm>

#include "kustomize/schema_table.h"

namespace kfrun::kustomize {

namespace {

using document::Node;
using Position = document::MergeSchema::Position;

// Positions: a definition by its number; a field of a definition by its number behind the definitions; an added schema by its
// number from here on.
constexpr Position kFirstAdded = 1 << 20;
// A `$ref` that only leads to another one is followed this far.
constexpr int kMaxReferences = 32;

Position definition_count() { return static_cast<Position>(schema_table().starts.size()) - 1; }

// The field that a position behind the definitions names; nullptr for a definition.
const SchemaField* field_at(Position position) {
  const auto first = definition_count();
  return position >= first && position < kFirstAdded ? &schema_table().fields[static_cast<std::size_t>(position - first)]
                                                     : nullptr;
}

Position position_of(const SchemaField& field) {
  if (field.kind == SchemaField::Kind::object) return field.definition;
  return definition_count() + static_cast<Position>(&field - schema_table().fields.data());
}

const SchemaField* find_field(Position definition, std::string_view name) {
  const auto& table = schema_table();
  const auto number = static_cast<std::size_t>(definition);
  const auto fields = table.fields.subspan(table.starts[number], table.starts[number + 1] - std::size_t{table.starts[number]});
  const auto found = std::lower_bound(fields.begin(), fields.end(), name, [&](const SchemaField& field, std::string_view wanted) {
    return table.names[field.name] < wanted;
  });
  return found != fields.end() && table.names[found->name] == name ? &*found : nullptr;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == word) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

std::string api_version_of(const Node& kind) {
  const auto group = kind.text_of("group");
  return group.empty() ? kind.text_of("version") : group + "/" + kind.text_of("version");
}

bool is_array(const Node& schema) {
  const Node* type = schema.find("type");
  if (!type) return false;
  if (type->is_sequence()) return type->size() == 1 && type->items()[0].text() == "array";
  return type->text() == "array";
}

}  // namespace

void OpenApiSchema::add(const Node& openapi) {
  if (const Node* definitions = openapi.find("definitions"); definitions && definitions->is_mapping()) {
    for (const auto& [name, definition] : definitions->members()) {
      const auto position = add_schema(definition);
      definitions_[name.text()] = position;
      add_resources(definition, position);
    }
  }
  if (const Node* paths = openapi.find("paths"); paths && paths->is_mapping()) add_scopes(*paths);
}

document::MergeSchema::Position OpenApiSchema::add_schema(const Node& node) {
  constexpr std::string_view prefix = "#/definitions/";
  Schema schema;
  schema.is_list = is_array(node);
  schema.strategy = node.text_of("x-kubernetes-patch-strategy");
  if (const auto reference = node.text_of("$ref"); reference.starts_with(prefix))
    schema.reference = reference.substr(prefix.size());
  if (const Node* keys = node.find("x-kubernetes-list-map-keys"); keys && keys->is_sequence()) {
    for (const auto& key : keys->items()) schema.keys.push_back(key.text());
  } else if (const auto key = node.text_of("x-kubernetes-patch-merge-key"); !key.empty()) {
    schema.keys.push_back(key);
  }
  if (const Node* properties = node.find("properties"); properties && properties->is_mapping()) {
    for (const auto& [name, property] : properties->members()) schema.properties[name.text()] = add_schema(property);
  }
  if (const Node* additional = node.find("additionalProperties"); additional && additional->is_mapping()) {
    schema.additional = add_schema(*additional);
  }
  if (const Node* items = node.find("items"); items && items->is_mapping()) schema.items = add_schema(*items);
  schemas_.push_back(std::move(schema));
  return kFirstAdded + static_cast<Position>(schemas_.size()) - 1;
}

void OpenApiSchema::add_resources(const Node& definition, Position position) {
  const Node* kinds = definition.find("x-kubernetes-group-version-kind");
  if (!kinds || !kinds->is_sequence()) return;
  for (const auto& kind : kinds->items()) resources_[{api_version_of(kind), kind.text_of("kind")}] = position;
}

void OpenApiSchema::add_scopes(const Node& paths) {
  for (const auto& [path, operations] : paths.members()) {
    const Node* kind = operations.find_path({"get", "x-kubernetes-group-version-kind"});
    if (!kind || !kind->is_mapping()) continue;
    bool& namespaced = namespaced_[{api_version_of(*kind), kind->text_of("kind")}];
    namespaced = namespaced || path.text().find("namespaces/{namespace}") != std::string::npos;
  }
}

std::optional<bool> OpenApiSchema::is_namespaced(std::string_view api_version, std::string_view kind) const {
  if (namespaced_.empty()) return std::nullopt;
  const auto found = namespaced_.find({std::string(api_version), std::string(kind)});
  return found == namespaced_.end() ? std::nullopt : std::optional(found->second);
}

const OpenApiSchema::Schema* OpenApiSchema::added(Position position) const {
  return position >= kFirstAdded ? &schemas_[static_cast<std::size_t>(position - kFirstAdded)] : nullptr;
}

document::MergeSchema::Position OpenApiSchema::resolved(Position position) const {
  for (int i = 0; i < kMaxReferences; ++i) {
    const Schema* schema = added(position);
    if (!schema || schema->reference.empty()) return position;
    const auto found = definition(schema->reference);
    if (!found) return kUnknownSchema;
    position = *found;
  }
  return kUnknownSchema;
}

std::optional<document::MergeSchema::Position> OpenApiSchema::definition(const std::string& name) const {
  const auto added = definitions_.find(name);
  const bool is_added = added != definitions_.end();
  if (builtin_ == Builtin::left_out || (is_added && builtin_ == Builtin::included)) {
    return is_added ? std::optional(added->second) : std::nullopt;
  }
  const auto names = schema_table().definitions;
  const auto found = std::lower_bound(names.begin(), names.end(), std::string_view(name));
  if (found != names.end() && *found == name) return static_cast<Position>(found - names.begin());
  return is_added ? std::optional(added->second) : std::nullopt;
}

std::optional<document::MergeSchema::Position> OpenApiSchema::builtin_resource(std::string_view api_version,
                                                                               std::string_view kind) const {
  if (builtin_ == Builtin::left_out) return std::nullopt;
  const auto resources = schema_table().resources;
  const std::pair wanted(kind, api_version);
  const auto found = std::lower_bound(resources.begin(), resources.end(), wanted, [](const SchemaResource& row, const auto& key) {
    return std::pair(row.kind, row.api_version) < key;
  });
  if (found == resources.end() || found->kind != kind || found->api_version != api_version) return std::nullopt;
  return found->definition;
}

document::MergeSchema::Position OpenApiSchema::resource(std::string_view api_version, std::string_view kind) const {
  const auto builtin = builtin_resource(api_version, kind);
  if (builtin && (builtin_ == Builtin::over_added || resources_.empty())) return *builtin;
  const auto added = resources_.find({std::string(api_version), std::string(kind)});
  return added != resources_.end() ? added->second : builtin.value_or(kUnknownSchema);
}

document::MergeSchema::Position OpenApiSchema::field(Position parent, std::string_view name) const {
  if (parent < 0) return kUnknownSchema;
  if (const Schema* schema = added(parent)) {
    const auto found = schema->properties.find(name);
    return resolved(found != schema->properties.end() ? found->second : schema->additional);
  }
  if (const SchemaField* map = field_at(parent)) {
    return map->kind == SchemaField::Kind::map ? map->definition : kUnknownSchema;
  }
  const SchemaField* found = find_field(parent, name);
  return found ? position_of(*found) : kUnknownSchema;
}

document::MergeSchema::Position OpenApiSchema::elements(Position list) const {
  if (const Schema* schema = added(list)) return schema->is_list ? resolved(schema->items) : kUnknownSchema;
  const SchemaField* field = field_at(list);
  return field && field->kind == SchemaField::Kind::list ? field->definition : kUnknownSchema;
}

bool OpenApiSchema::merges(Position position) const {
  if (const Schema* schema = added(position)) return has_word(schema->strategy, "merge");
  const SchemaField* field = field_at(position);
  return field && (field->strategy & 1) != 0;
}

bool OpenApiSchema::replaces(Position position) const {
  if (const Schema* schema = added(position)) return has_word(schema->strategy, "replace");
  const SchemaField* field = field_at(position);
  return field && (field->strategy & 2) != 0;
}

std::vector<std::string> OpenApiSchema::merge_keys(Position position) const {
  if (const Schema* schema = added(position)) return schema->keys;
  const SchemaField* field = field_at(position);
  std::vector<std::string> keys;
  if (!field) return keys;
  for (const auto key : schema_table().keys[field->keys]) {
    if (!key.empty()) keys.emplace_back(key);
  }
  return keys;
}

}  // namespace kfrun::kustomize
