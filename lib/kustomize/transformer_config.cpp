#include "kustomize/transformer_config.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/text.h"
#include "kustomize/field_spec_table.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

struct Table {
  std::string_view key;   // in a configuration file
  std::string_view name;  // in error texts
  FieldSpecs TransformerConfig::*specs;
};

constexpr Table kTables[] = {
    {"namePrefix", "NamePrefix", &TransformerConfig::name_prefix},
    {"nameSuffix", "NameSuffix", &TransformerConfig::name_suffix},
    {"namespace", "NameSpace", &TransformerConfig::namespace_},
    {"commonAnnotations", "CommonAnnotations", &TransformerConfig::common_annotations},
    {"commonLabels", "CommonLabels", &TransformerConfig::common_labels},
    {"labels", "Labels", &TransformerConfig::labels},
    {"templateLabels", "TemplateLabels", &TransformerConfig::template_labels},
    {"volumeClaimTemplateLabels", "VolumeClaimTemplateLabels", &TransformerConfig::volume_claim_template_labels},
    {"varReference", "VarReference", &TransformerConfig::var_references},
    {"images", "Images", &TransformerConfig::images},
    {"replicas", "Replicas", &TransformerConfig::replicas},
};

constexpr std::string_view kReading = "error unmarshaling JSON: while decoding JSON";

Error unknown_field(const Node& at, std::string_view name) {
  return input_error(at.place(""), "json: unknown field \"{}\"", name).within(std::string(kReading));
}

Error wrong_type(const Node& value, std::string_view place, std::string_view type) {
  std::string_view found = value.is_mapping()    ? "object"
                           : value.is_sequence() ? "array"
                           : value.is_boolean()  ? "bool"
                           : value.is_number()   ? "number"
                                                 : "string";
  return input_error(value.place(""), "json: cannot unmarshal {} into Go struct field {} of type {}", found, place, type)
      .within(std::string(kReading));
}

// encoding/json matches the names of fields without regard to case.
bool is_named(const Node& key, std::string_view name) { return to_lower(key.text()) == to_lower(name); }

std::string read_text(const Node& value, const std::string& place) {
  if (value.is_null()) return "";
  if (!value.is_scalar()) throw wrong_type(value, place, "string");
  return value.text();
}

// Whether `member` is a part of a Gvk; then it is read.
bool read_gvk_part(const document::Member& member, std::string_view context, Gvk& gvk) {
  using Part = std::pair<std::string_view, std::string Gvk::*>;
  for (auto [name, part] : {Part("group", &Gvk::group), Part("version", &Gvk::version), Part("kind", &Gvk::kind)}) {
    if (!is_named(member.key, name)) continue;
    gvk.*part = read_text(member.value, fmt::format("{}.{}", context, name));
    return true;
  }
  return false;
}

FieldSpec read_field_spec(const Node& node, std::string_view context, UnknownFields unknown) {
  if (!node.is_mapping()) throw wrong_type(node, context, "types.FieldSpec");
  Gvk gvk;
  std::string path;
  bool create = false;
  for (const auto& member : node.members()) {
    if (read_gvk_part(member, context, gvk)) continue;
    if (is_named(member.key, "path")) {
      path = read_text(member.value, fmt::format("{}.path", context));
    } else if (is_named(member.key, "create")) {
      if (!member.value.is_boolean() && !member.value.is_null()) {
        throw wrong_type(member.value, fmt::format("{}.create", context), "bool");
      }
      create = member.value.as_boolean().value_or(false);
    } else if (unknown == UnknownFields::refused) {
      throw unknown_field(member.key, member.key.text());
    }
  }
  return FieldSpec(std::move(gvk), std::move(path), create);
}

NameReference read_name_reference(const Node& node) {
  constexpr std::string_view kContext = "TransformerConfig.nameReference";
  if (!node.is_mapping()) throw wrong_type(node, kContext, "builtinconfig.NameBackReferences");
  NameReference reference;
  for (const auto& member : node.members()) {
    if (read_gvk_part(member, kContext, reference.gvk)) continue;
    if (!is_named(member.key, "fieldSpecs")) throw unknown_field(member.key, member.key.text());
    reference.referrers = read_field_specs(member.value, "TransformerConfig.nameReference.fieldSpecs", UnknownFields::refused);
  }
  return reference;
}

std::vector<NameReference> read_name_references(const Node& list) {
  std::vector<NameReference> references;
  if (list.is_null()) return references;
  if (!list.is_sequence()) throw wrong_type(list, "TransformerConfig.nameReference", "builtinconfig.nbrSlice");
  for (const Node& item : list.items()) references.push_back(read_name_reference(item));
  return references;
}

// By kind; what is of one kind stays in its order.
template <typename List>
void sort_list(List& list) {
  std::vector<std::pair<std::pair<int, std::string>, std::size_t>> keys;
  keys.reserve(list.size());
  for (const auto& entry : list) keys.emplace_back(order_key(entry.gvk), keys.size());
  if (std::is_sorted(keys.begin(), keys.end())) return;
  std::sort(keys.begin(), keys.end());
  List sorted;
  sorted.reserve(list.size());
  for (const auto& key : keys) sorted.push_back(std::move(list[key.second]));
  list = std::move(sorted);
}

void sort_tables(TransformerConfig& config) {
  for (const Table& table : kTables) sort_list(config.*table.specs);
  sort_list(config.name_references);
}

bool is_later(const LaterField& later, std::string_view table, std::string_view referent, const FieldSpecRow& row) {
  const bool same_path = later.path.starts_with('*') ? row.path.ends_with(later.path.substr(1)) : row.path == later.path;
  return later.table == table && (later.referent.empty() || later.referent == referent) &&
         (later.kind.empty() || later.kind == row.kind) && (later.path.empty() || same_path);
}

// The rows of a table that the release has; `referent` for name references.
FieldSpecs from_rows(std::span<const FieldSpecRow> rows, const Compat& compat, std::string_view table,
                     std::string_view referent = {}) {
  FieldSpecs specs;
  specs.reserve(rows.size());
  for (const FieldSpecRow& row : rows) {
    if (std::any_of(compat.later_fields.begin(), compat.later_fields.end(),
                    [&](const LaterField& later) { return is_later(later, table, referent, row); })) {
      continue;
    }
    Gvk gvk{std::string(row.group), std::string(row.version), std::string(row.kind)};
    specs.emplace_back(std::move(gvk), std::string(row.path), row.create);
  }
  return specs;
}

}  // namespace

TransformerConfig default_transformer_config(const Compat& compat) {
  TransformerConfig config;
  for (const FieldSpecTable& rows : field_spec_tables()) {
    auto table = std::find_if(std::begin(kTables), std::end(kTables), [&](const Table& t) { return t.key == rows.name; });
    KFRUN_CHECK(table != std::end(kTables));
    config.*table->specs = from_rows(rows.rows, compat, rows.name);
  }
  for (const NameReferenceRow& row : name_reference_table()) {
    Gvk gvk{std::string(row.group), std::string(row.version), std::string(row.kind)};
    config.name_references.push_back({std::move(gvk), from_rows(row.referrers, compat, "nameReference", row.kind)});
  }
  sort_tables(config);
  return config;
}

void TransformerConfig::merge(const NameReference& reference) {
  auto same = std::find_if(name_references.begin(), name_references.end(),
                           [&](const NameReference& known) { return known.gvk == reference.gvk; });
  if (same == name_references.end()) {
    name_references.push_back(reference);
  } else {
    merge_field_specs(same->referrers, reference.referrers);
  }
}

void TransformerConfig::merge(const TransformerConfig& other) {
  for (const Table& table : kTables) {
    within(fmt::format("failed to merge {} fieldSpec", table.name),
           [&] { merge_field_specs(this->*table.specs, other.*table.specs); });
  }
  within("failed to merge NameReference fieldSpec", [&] {
    for (const NameReference& reference : other.name_references) merge(reference);
  });
  sort_tables(*this);
}

std::string to_string(const TransformerConfig& config) {
  auto listed = [](const FieldSpecs& specs, std::string_view separator) {
    std::vector<std::string> texts;
    for (const FieldSpec& spec : specs) texts.push_back(fmt::format("{}:{}:{}", to_string(spec.gvk), spec.create, spec.path));
    return join(texts, separator);
  };
  std::vector<std::string> references;
  for (const NameReference& reference : config.name_references) {
    references.push_back(fmt::format("{}:  (\n{}\n)", to_string(reference.gvk), listed(reference.referrers, "\n")));
  }
  auto list = [&](const FieldSpecs& specs) { return "[" + listed(specs, " ") + "]"; };
  return "&{" +
         join({list(config.name_prefix), list(config.name_suffix), list(config.namespace_), list(config.common_labels),
               list(config.labels), list(config.template_labels), list(config.volume_claim_template_labels),
               list(config.common_annotations), "[" + join(references, " ") + "]", list(config.var_references),
               list(config.images), list(config.replicas)},
              " ") +
         "}";
}

FieldSpecs read_field_specs(const Node& list, std::string_view context, UnknownFields unknown) {
  FieldSpecs specs;
  if (list.is_null()) return specs;
  if (!list.is_sequence()) throw wrong_type(list, context, "types.FsSlice");
  for (const Node& item : list.items()) specs.push_back(read_field_spec(item, context, unknown));
  return specs;
}

TransformerConfig read_transformer_config(const Node& file) {
  TransformerConfig config;
  if (file.is_null()) return config;
  if (!file.is_mapping()) {
    throw input_error(file.place(""), "json: cannot unmarshal {} into Go value of type builtinconfig.TransformerConfig",
                      file.is_sequence() ? "array" : "string")
        .within(std::string(kReading));
  }
  for (const auto& member : file.members()) {
    if (is_named(member.key, "nameReference")) {
      config.name_references = read_name_references(member.value);
      continue;
    }
    auto table =
        std::find_if(std::begin(kTables), std::end(kTables), [&](const Table& t) { return is_named(member.key, t.key); });
    if (table == std::end(kTables)) throw unknown_field(member.key, member.key.text());
    config.*table->specs =
        read_field_specs(member.value, fmt::format("TransformerConfig.{}", table->key), UnknownFields::refused);
  }
  sort_tables(config);
  return config;
}

}  // namespace kfrun::kustomize
