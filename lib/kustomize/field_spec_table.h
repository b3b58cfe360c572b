// The places that kustomize changes by default (generated tables, see scripts/kustomize-tables.py). Code uses
// TransformerConfig (field_spec.h), which is made from these rows.
#pragma once

#include <span>
#include <string_view>

namespace kfrun::kustomize {

struct FieldSpecRow {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  std::string_view path;
  bool create;
};

struct FieldSpecTable {
  std::string_view name;  // as in a configuration file: "commonLabels", "images", ...
  std::span<const FieldSpecRow> rows;
};

struct NameReferenceRow {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  std::span<const FieldSpecRow> referrers;
};

std::span<const FieldSpecTable> field_spec_tables();
std::span<const NameReferenceRow> name_reference_table();

}  // namespace kfrun::kustomize
