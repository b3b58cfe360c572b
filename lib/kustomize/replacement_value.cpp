#include "kustomize/replacement_value.h"

#include "base/text.h"
#include "document/reader.h"
#include "document/resolve.h"
#include "document/writer.h"
#include "kustomize/field_path.h"
#include "kustomize/kyaml_text.h"
#include "kustomize/setters.h"
#include "kustomize/shared_values.h"

namespace kfrun::kustomize {

using document::Node;
using document::NodeKind;
using document::Tag;

namespace {

constexpr std::string_view kScalarsOnly = "delimiter option can only be used with scalar nodes";

// Go's strings.Split with a separator of any length.
std::vector<std::string> split_at(const std::string& text, const std::string& delimiter) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (auto at = text.find(delimiter); at != std::string::npos; at = text.find(delimiter, begin)) {
    parts.push_back(text.substr(begin, at - begin));
    begin = at + delimiter.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// The text of a target after `value` took its place between the delimiters.
std::string placed(const Node& target, const std::string& value, const FieldOptions& options) {
  if (!target.is_scalar()) throw input_error({}, kScalarsOnly);
  auto parts = split_at(target.text(), options.delimiter);
  if (options.index < 0) {
    parts.insert(parts.begin(), value);
  } else if (options.index >= static_cast<long long>(parts.size())) {
    parts.push_back(value);
  } else {
    parts[static_cast<std::size_t>(options.index)] = value;
  }
  return join(parts, options.delimiter);
}

void set_field(const FieldMatch& field, const Node& value, const FieldOptions& options) {
  Node& target = *field.node;
  std::string text = options.delimiter.empty() ? value.text() : placed(target, value.text(), options);
  if (!target.is_scalar()) {
    target = value;
    clear_shared(target);
  } else if (field.created) {
    target = untagged_scalar(std::move(text));
  } else {
    target.set_text(std::move(text));
  }
}

CreatedKind created_kind(const Node& value, const FieldOptions& options) {
  return options.create ? CreatedKind(value.kind()) : std::nullopt;
}

bool is_json(const std::string& text) {
  char first = trim(text).front();
  return first == '{' || first == '[';
}

// The text of `data` in the manner of the text it came from.
std::string serialized(const Node& data, const std::string& original) {
  if (!is_json(original)) return std::string(trim(kyaml_text(data)));
  bool pretty = original.find('\n') != std::string::npos && original.find("  ") != std::string::npos;
  return document::write_json(data, {pretty ? 2 : 0, true, true});
}

// The first scalar on the way whose text reads as YAML, and the rest of the path; nothing when the path ends in a field.
struct Structured {
  Node* scalar = nullptr;
  std::vector<std::string> rest;
  Node data;
};

std::optional<Node> read_structured(const std::string& text) {
  try {
    auto documents = document::read_yaml(text, "");
    if (documents.empty()) return std::nullopt;
    return std::move(documents.front());
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<Structured> find_structured(Node& object, const std::vector<std::string>& parts) {
  for (std::size_t length = 1; length < parts.size(); ++length) {
    const Node* field = nullptr;
    try {
      field = look_up(object, {parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(length)});
    } catch (const Error&) {
      continue;
    }
    if (field == nullptr || !field->is_scalar()) continue;
    auto data = read_structured(field->text());
    if (!data) continue;
    return Structured{
        const_cast<Node*>(field), {parts.begin() + static_cast<std::ptrdiff_t>(length), parts.end()}, std::move(*data)};
  }
  return std::nullopt;
}

// Whether the path led into a text and all was written there.
bool write_structured(Node& object, const Node& value, const std::vector<std::string>& parts, const FieldOptions& options) {
  auto structured = find_structured(object, parts);
  if (!structured) return false;
  try {
    auto matches = match_fields(structured->data, structured->rest, created_kind(value, options));
    if (matches.fields.empty()) return false;
    const bool json = is_json(structured->scalar->text());
    for (const FieldMatch& field : matches.fields) {
      set_field(field, value, options);
      if (json && !document::fits_its_tag(*field.node)) return false;
    }
    structured->scalar->set_text(serialized(structured->data, structured->scalar->text()));
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

Node refined_value(const Node& value, const std::optional<FieldOptions>& options) {
  if (!options || options->delimiter.empty()) return value;
  if (!value.is_scalar()) throw input_error({}, kScalarsOnly);
  auto parts = split_at(value.text(), options->delimiter);
  if (options->index < 0 || options->index >= static_cast<long long>(parts.size())) {
    throw input_error({}, "options.index {} is out of bounds for value {}", options->index, value.text());
  }
  Node part = value;
  part.set_text(parts[static_cast<std::size_t>(options->index)]);
  return part;
}

void write_to_path(Node& object, const Node& value, const std::string& path, const FieldOptions& options) {
  auto parts = split_field_path(path);
  if (write_structured(object, value, parts, options)) return;
  std::string missing = fmt::format("unable to find {}field \"{}\" in replacement target", options.create ? "or create " : "",
                                    replace_all(path, "\\", "\\\\"));
  auto matches = within(missing, [&] { return match_fields(object, parts, created_kind(value, options)); });
  if (matches.fields.empty()) throw input_error({}, "{}", missing);
  bool changed_shared = false;
  for (const FieldMatch& field : matches.fields) {
    set_field(field, value, options);
    changed_shared |= field.node->share_changed();
  }
  if (changed_shared) sync_shared(object);
}

}  // namespace kfrun::kustomize
