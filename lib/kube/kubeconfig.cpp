#include "kube/kubeconfig.h"

#include "base/digest.h"
#include "base/files.h"
#include "document/reader.h"

namespace kfrun::kube {

namespace {

// `list` is a sequence of {name, `inner`: {...}}.
KubeconfigEntries parse_entries(const EntryFields& top, std::string_view list, std::string_view inner) {
  KubeconfigEntries entries;
  const document::Node* items = top.list(list);
  if (items == nullptr) return entries;
  for (std::size_t i = 0; i < items->items().size(); ++i) {
    const document::Node& item = items->items()[i];
    const std::string path = fmt::format("{}[{}]", list, i);
    if (!item.is_mapping()) throw input_error(item.place(top.file(), path), "expected a mapping, found {}", item.type_name());
    const EntryFields fields(item, top.file(), path);
    const std::string name = fields.text("name");
    const document::Node* value = fields.mapping(inner);
    KubeconfigEntry entry{value == nullptr ? document::Node::mapping() : *value, top.file()};
    if (!entries.emplace(name, std::move(entry)).second) {
      throw input_error(item.place(top.file(), path), "duplicate name \"{}\" in {}", name, list);
    }
  }
  return entries;
}

}  // namespace

Kubeconfig parse_kubeconfig(std::string_view text, const std::string& file) {
  const auto documents = document::read_yaml(text, file, document::Schema::go_yaml_v2);
  Kubeconfig config;
  if (documents.empty() || documents.front().is_null()) return config;  // an empty file is an empty kubeconfig
  const document::Node& root = documents.front();
  if (!root.is_mapping()) throw input_error(root.place(file), "not a kubeconfig: expected a mapping, found {}", root.type_name());
  const EntryFields top(root, file, "");
  if (const auto kind = top.text("kind"); !kind.empty() && kind != "Config") {
    throw input_error(top.place("kind"), "not a kubeconfig: kind is \"{}\", not \"Config\"", kind);
  }
  config.current_context = top.text("current-context");
  config.clusters = parse_entries(top, "clusters", "cluster");
  config.users = parse_entries(top, "users", "user");
  config.contexts = parse_entries(top, "contexts", "context");
  return config;
}

void merge_kubeconfig(Kubeconfig& first, Kubeconfig later) {
  if (first.current_context.empty()) first.current_context = std::move(later.current_context);
  first.clusters.merge(later.clusters);
  first.users.merge(later.users);
  first.contexts.merge(later.contexts);
}

EntryFields::EntryFields(const document::Node& mapping, std::string file, std::string path)
    : mapping_(mapping), file_(std::move(file)), path_(std::move(path)) {}

const document::Node* EntryFields::field(std::string_view key) const {
  const document::Node* value = mapping_.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Place EntryFields::place(std::string_view key) const {
  const document::Node* value = mapping_.find(key);
  const std::string path = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  return value == nullptr ? mapping_.place(file_, path) : value->place(file_, path);
}

bool EntryFields::has(std::string_view key) const { return field(key) != nullptr; }

std::string EntryFields::text(std::string_view key) const {
  const document::Node* value = field(key);
  if (value == nullptr) return {};
  // A name such as 2024 is a number to YAML; it is meant as it is written.
  if (!value->is_scalar()) throw input_error(place(key), "expected a string, found {}", value->type_name());
  return value->text();
}

bool EntryFields::flag(std::string_view key) const {
  const document::Node* value = field(key);
  if (value == nullptr) return false;
  const auto flag = value->as_boolean();
  if (!flag) throw input_error(place(key), "expected true or false, found {}", value->type_name());
  return *flag;
}

std::vector<std::string> EntryFields::texts(std::string_view key) const {
  std::vector<std::string> texts;
  const document::Node* values = list(key);
  if (values == nullptr) return texts;
  for (const document::Node& value : values->items()) {
    if (!value.is_scalar())
      throw input_error(value.place(file_, place(key).path), "expected a string, found {}", value.type_name());
    texts.push_back(value.text());
  }
  return texts;
}

const document::Node* EntryFields::mapping(std::string_view key) const {
  const document::Node* value = field(key);
  if (value != nullptr && !value->is_mapping()) throw input_error(place(key), "expected a mapping, found {}", value->type_name());
  return value;
}

const document::Node* EntryFields::list(std::string_view key) const {
  const document::Node* value = field(key);
  if (value != nullptr && !value->is_sequence()) throw input_error(place(key), "expected a list, found {}", value->type_name());
  return value;
}

std::string EntryFields::bytes(std::string_view key) const {
  const std::string encoded = text(key);
  try {
    return decode_base64(encoded);
  } catch (const Error&) {
    throw input_error(place(key), "not base64");
  }
}

std::string EntryFields::path(std::string_view key) const {
  const std::string value = text(key);
  return value.empty() ? value : join_path(directory_of(file_), value);
}

}  // namespace kfrun::kube
