// How the lists of Kubernetes' builtin kinds are merged: the OpenAPI definitions of kyaml's bundle as static tables (generated,
// see scripts/openapi-tables.py). Read it through schema.h.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace kfrun::kustomize {

struct SchemaField {
  enum class Kind : std::uint8_t { object, list, map, scalar };
  std::uint16_t name;        // in `names`
  std::uint16_t definition;  // of the object, of the list's items, of the map's values
  Kind kind;
  std::uint8_t strategy;  // 1: merge, 2: replace
  std::uint8_t keys;      // in `keys`; 0: none
};

// One or two merge keys; an unused place is empty.
using SchemaKeys = std::array<std::string_view, 2>;

struct SchemaResource {
  std::string_view kind;
  std::string_view api_version;
  std::uint16_t definition;
};

struct SchemaTable {
  std::span<const std::string_view> names;
  std::span<const SchemaKeys> keys;
  std::span<const SchemaField> fields;        // definition after definition, each sorted by name
  std::span<const std::uint16_t> starts;      // where a definition's fields begin; they end where the next one's begin
  std::span<const std::string_view> definitions;  // their names, sorted
  std::span<const SchemaResource> resources;  // sorted by kind, then apiVersion
};

const SchemaTable& schema_table();

}  // namespace kfrun::kustomize
