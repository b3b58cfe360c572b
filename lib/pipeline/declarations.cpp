#include "pipeline/declarations.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "document/number.h"
#include "document/reader.h"
#include "document/writer.h"
#include "pipeline/functions.h"

namespace kfrun::pipeline {
namespace {

constexpr std::size_t kMaxName = 63;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::string_view kTypeWords[] = {"string",  "integer",  "number",    "boolean", "list",
                                           "mapping", "artifact", "artifacts", "any"};
constexpr std::string_view kArtifactTypes[] = {
    "Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "SlicedClassificationMetrics", "HTML", "Markdown"};
// What people write for them.
constexpr std::pair<std::string_view, std::string_view> kForeignTypes[] = {
    {"str", "string"},    {"text", "string"},   {"int", "integer"},        {"float", "number"},    {"double", "number"},
    {"bool", "boolean"},  {"array", "list"},    {"dict", "mapping"},       {"object", "mapping"},  {"map", "mapping"},
    {"file", "artifact"}, {"path", "artifact"}, {"directory", "artifact"}, {"folder", "artifact"},
};

// A name that follows the rule, made from one that does not.
std::string mended(std::string_view name, bool is_object) {
  std::string made;
  for (const char c : is_object ? to_lower(name) : std::string(name)) {
    if (is_letter(c) || is_digit(c) || (c == '_' && !is_object)) {
      made += c;
    } else if (!made.empty() && made.back() != '-') {
      made += '-';
    }
  }
  while (!made.empty() && made.back() == '-') made.pop_back();
  if (made.size() > kMaxName) made.resize(kMaxName);
  return made.empty() || is_digit(made[0]) ? "" : made;
}

bool check_name(const Cursor& at, std::string_view name, std::string_view what, bool is_object, std::string_view rule) {
  const bool starts = !name.empty() && (is_object ? is_lower(name[0]) : is_letter(name[0]) || name[0] == '_');
  const bool consists = std::all_of(name.begin(), name.end(), [&](char c) {
    return is_digit(c) || c == '-' || (is_object ? is_lower(c) : is_letter(c) || c == '_');
  });
  const bool ends = !name.empty() && name.back() != '-' && name.find("--") == name.npos;
  if (starts && consists && (ends || is_object) && name.back() != '-' && name.size() <= kMaxName) return true;
  std::vector<std::string> hints;
  if (const std::string better = mended(name, is_object); !better.empty()) hints.push_back(fmt::format("e.g. '{}'", better));
  at.error(fmt::format("'{}' cannot be the name of {}: {}", name, what, rule), std::move(hints));
  return false;
}

bool is_double(const Value& value) { return value.is_number() && value.as_number() && std::isfinite(*value.as_number()); }

}  // namespace

bool check_object_name(const Cursor& at, std::string_view name, std::string_view what) {
  return check_name(at, name, what, true,
                    "lower-case letters, digits and '-' are allowed, a letter first, no '-' at the end, at most 63 characters");
}

bool check_value_name(const Cursor& at, std::string_view name, std::string_view what) {
  return check_name(at, name, what, false,
                    "letters, digits, '_' and single '-' inside are allowed, a letter first, at most 63 characters");
}

std::optional<Type> parse_type(std::string_view word) {
  if (const auto kind = parse_type_kind(word)) return Type{*kind, ""};
  std::string_view bare = word;
  if (bare.starts_with("artifact<") && bare.ends_with('>')) {
    return Type{TypeKind::artifact, std::string(bare.substr(9, bare.size() - 10))};
  }
  if (bare.starts_with("system.")) bare.remove_prefix(7);
  if (std::find(std::begin(kArtifactTypes), std::end(kArtifactTypes), bare) == std::end(kArtifactTypes)) return std::nullopt;
  return Type{TypeKind::artifact, bare == "Artifact" ? "" : fmt::format("system.{}", bare)};
}

std::optional<Type> read_type(const Cursor& word) {
  if (!word.node().is_string()) {
    word.expected("a type (string, integer, number, boolean, list, mapping, artifact)");
    return std::nullopt;
  }
  const std::string& text = word.node().text();
  if (auto type = parse_type(text)) return type;
  const auto* foreign = std::find_if(std::begin(kForeignTypes), std::end(kForeignTypes),
                                     [lower = to_lower(text)](const auto& pair) { return pair.first == lower; });
  std::vector<std::string> known(std::begin(kTypeWords), std::end(kTypeWords));
  word.error(fmt::format("'{}' is no type", text), foreign != std::end(kForeignTypes)
                                                       ? std::vector{fmt::format("did you mean '{}'?", foreign->second)}
                                                   : nearest(text, known) ? suggestions(text, known)
                                                                          : std::vector{"types are " + join(known, ", ")});
  return std::nullopt;
}

std::string to_string(const Type& type) {
  std::string text(to_string(type.kind));
  return type.artifact_type.empty() ? text : fmt::format("{}<{}>", text, type.artifact_type);
}

Type type_of_value(const Value& value) {
  if (as_artifact(value)) return {TypeKind::artifact, as_artifact(value)->type};
  if (value.is_sequence()) return {TypeKind::list, ""};
  if (value.is_mapping()) return {TypeKind::mapping, ""};
  if (value.is_null()) return {TypeKind::any, ""};
  if (value.is_boolean()) return {TypeKind::boolean, ""};
  if (value.is_integer()) return {TypeKind::integer, ""};
  if (value.is_number()) return {TypeKind::number, ""};
  return {TypeKind::string, ""};
}

std::optional<Value> fitted(const Value& value, const Type& type) {
  switch (type.kind) {
    case TypeKind::any:
      return value;
    case TypeKind::string:
      return value.is_string() ? std::optional(value) : std::nullopt;
    case TypeKind::boolean:
      return value.is_boolean() ? std::optional(value) : std::nullopt;
    case TypeKind::integer:
      if (value.as_integer()) return value;
      // 3.0 is an integer, too.
      if (is_double(value) && std::floor(*value.as_number()) == *value.as_number() && std::fabs(*value.as_number()) < 9e15)
        return Value::integer(static_cast<long long>(*value.as_number()));
      return std::nullopt;
    case TypeKind::number:
      return is_double(value) ? std::optional(value) : std::nullopt;
    case TypeKind::list:
      return value.is_sequence() ? std::optional(value) : std::nullopt;
    case TypeKind::mapping:
      return value.is_mapping() && !as_artifact(value) ? std::optional(value) : std::nullopt;
    case TypeKind::artifact:
      if (as_artifact(value)) return value;
      if (value.is_string() && !value.text().empty()) return make_artifact({value.text(), type.artifact_type, "", {}});
      return std::nullopt;
    case TypeKind::artifact_list: {
      if (!value.is_sequence()) return std::nullopt;
      Value list = Value::sequence();
      for (const auto& item : value.items()) {
        auto artifact = fitted(item, {TypeKind::artifact, type.artifact_type});
        if (!artifact) return std::nullopt;
        list.push_back(std::move(*artifact));
      }
      return list;
    }
  }
  return std::nullopt;
}

std::optional<Value> converted(const std::string& text, const Type& type) {
  const std::string bare(trim(text));
  switch (type.kind) {
    case TypeKind::string:
    case TypeKind::artifact:
      return fitted(Value::string(text), type);
    case TypeKind::boolean: {
      const std::string word = to_lower(bare);
      if (word == "true" || word == "false") return Value::boolean(word == "true");
      return std::nullopt;
    }
    case TypeKind::integer: {
      const auto value = parse_integer(bare);
      return value ? std::optional(Value::integer(*value)) : std::nullopt;
    }
    case TypeKind::number: {
      if (const auto integer = parse_integer(bare)) return Value::integer(*integer);
      const auto value = document::number_value(bare);
      return value && std::isfinite(*value) ? std::optional(Value::number(*value)) : std::nullopt;
    }
    case TypeKind::list:
    case TypeKind::mapping:
    case TypeKind::artifact_list:
    case TypeKind::any:
      try {
        document::ReadLimits limits;
        limits.max_depth = 100;
        return fitted(document::read_own_yaml(bare, "", limits), type);
      } catch (const Error&) {
        return type.kind == TypeKind::any ? std::optional(Value::string(text)) : std::nullopt;
      }
  }
  return std::nullopt;
}

bool fits(const Type& found, const Type& expected) {
  if (found.kind == TypeKind::any || expected.kind == TypeKind::any) return true;
  if (found.kind == expected.kind) {
    // An untyped artifact may be of any type.
    return found.artifact_type.empty() || expected.artifact_type.empty() || found.artifact_type == expected.artifact_type;
  }
  switch (expected.kind) {
    case TypeKind::number:
      return found.kind == TypeKind::integer;
    case TypeKind::string:
      return found.kind == TypeKind::integer || found.kind == TypeKind::number || found.kind == TypeKind::boolean;
    case TypeKind::list:
      return found.kind == TypeKind::artifact_list;
    case TypeKind::artifact_list:
      return found.kind == TypeKind::list;
    default:
      return false;
  }
}

namespace {

constexpr std::string_view kParameterKeys[] = {"type", "default", "description", "enum", "optional"};
constexpr std::string_view kOutputKeys[] = {"type", "path", "file", "default", "description"};

std::optional<Value> read_constant(const Cursor& at, const Type& type, std::string_view what) {
  if (at.node().is_string() && at.node().text().find("${{") != std::string::npos) {
    at.error(fmt::format("{} is a constant: ${{{{ }}}} cannot stand here", what));
    return std::nullopt;
  }
  if (auto value = fitted(at.node(), type)) return value;
  std::vector<std::string> hints;
  if (at.node().is_string() && converted(at.node().text(), type)) hints.push_back("leave out the quotes");
  if (type.kind == TypeKind::string && at.node().is_scalar()) hints.push_back("put it in quotes");
  at.expected(fmt::format("{} of type {}", what, to_string(type)), std::move(hints));
  return std::nullopt;
}

void read_enum(const Cursor& at, Parameter& parameter) {
  for (const auto& item : at.items("a list of the values allowed")) {
    if (auto value = read_constant(item, parameter.type, "a value")) parameter.allowed.push_back(std::move(*value));
  }
  if (at.node().is_sequence() && at.node().size() == 0) at.error("an empty list allows no value at all");
}

void read_default(const Cursor& at, Parameter& parameter) {
  parameter.default_value = read_constant(at, parameter.type, "a default");
  if (!parameter.default_value || parameter.allowed.empty()) return;
  const bool allowed = std::any_of(parameter.allowed.begin(), parameter.allowed.end(),
                                   [&](const Value& value) { return equal_values(value, *parameter.default_value); });
  if (!allowed) {
    at.error(fmt::format("the default {} is not among the values of 'enum'", document::write_json(*parameter.default_value)));
  }
}

Parameter read_parameter(const Field& field, std::string_view what) {
  Parameter parameter;
  parameter.name = field.name;
  parameter.place = field.key.place();
  const Cursor& declared = field.value;
  if (declared.node().is_null()) return parameter;
  if (!declared.node().is_mapping()) {
    if (auto type = read_type(declared)) {
      parameter.type = std::move(*type);
    } else {
      auto& hints = declared.diagnostics().back().hints;
      hints.push_back(fmt::format("a default is written {}: {{default: {}}}", field.name,
                                  declared.node().is_scalar() ? declared.node().text() : "..."));
    }
    return parameter;
  }
  declared.check_keys(kParameterKeys);
  const auto default_value = declared.find("default");
  if (const auto word = declared.find("type")) {
    if (auto type = read_type(*word)) {
      parameter.type = std::move(*type);
    } else {
      parameter.type.kind = TypeKind::any;
    }
  } else if (default_value) {
    parameter.type = type_of_value(default_value->node());
  }
  if (const auto text = declared.find("description")) parameter.description = text->scalar("a text").value_or("");
  if (const auto list = declared.find("enum")) read_enum(*list, parameter);
  if (const auto flag = declared.find("optional")) parameter.optional = flag->flag().value_or(false);
  if (default_value) read_default(*default_value, parameter);
  if (parameter.default_value && parameter.optional) {
    declared.warning(fmt::format("{} '{}' has a default: 'optional' says nothing more", what, field.name));
  }
  if (default_value && !parameter.default_value) parameter.optional = true;  // its fault is told; do not miss it, too
  return parameter;
}

void read_output_fields(const Cursor& declared, Output& output) {
  declared.check_keys(kOutputKeys);
  if (const auto word = declared.find("type")) {
    if (auto type = read_type(*word)) output.type = std::move(*type);
  } else {
    output.type.kind = TypeKind::artifact;
  }
  if (const auto path = declared.find("path")) {
    output.path = path->string().value_or("");
    if (!output.path.empty() && output.path[0] != '/') path->error("a path inside the container begins with '/'");
  }
  if (const auto file = declared.find("file")) {
    output.file_name = file->string().value_or("");
    const bool plain = output.file_name.find('/') == std::string::npos && output.file_name != "." && output.file_name != "..";
    if (!plain) file->error("a file's name has no '/'", {"'path' sets a whole path inside the container"});
  }
  if (const auto value = declared.find("default")) {
    if (output.type.is_artifact()) {
      value->error("an artifact has no default");
    } else {
      output.default_value = read_constant(*value, output.type, "a default");
    }
  }
}

}  // namespace

std::vector<Parameter> read_parameters(const Cursor& declared, std::string_view what) {
  std::vector<Parameter> parameters;
  for (const auto& field : declared.fields("a mapping of names to types")) {
    if (check_value_name(field.key, field.name, what)) parameters.push_back(read_parameter(field, what));
  }
  return parameters;
}

std::vector<Output> read_outputs(const Cursor& declared) {
  std::vector<Output> outputs;
  for (const auto& field : declared.fields("a mapping of names to types")) {
    if (!check_value_name(field.key, field.name, "an output")) continue;
    Output output;
    output.name = field.name;
    output.place = field.key.place();
    if (field.value.node().is_mapping()) {
      read_output_fields(field.value, output);
    } else if (field.value.node().is_null()) {
      output.type.kind = TypeKind::artifact;
    } else if (auto type = read_type(field.value)) {
      output.type = std::move(*type);
    } else {
      output.type.kind = TypeKind::any;
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

std::optional<double> quantity_value(std::string_view text) {
  constexpr std::pair<std::string_view, double> kSuffixes[] = {
      {"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60}, {"n", 1e-9}, {"u", 1e-6},
      {"m", 1e-3},    {"k", 1e3},     {"M", 1e6},     {"G", 1e9},     {"T", 1e12},    {"P", 1e15},    {"E", 1e18},
  };
  double factor = 1;
  for (const auto& [suffix, value] : kSuffixes) {
    if (!text.ends_with(suffix)) continue;
    text.remove_suffix(suffix.size());
    factor = value;
    break;
  }
  const bool plain = !text.empty() && (is_digit(text[0]) || text[0] == '.') &&
                     text.find_first_not_of("0123456789.eE+-") == text.npos &&
                     (factor == 1 || text.find_first_of("eE") == text.npos);
  const auto number = plain ? document::number_value(text) : std::nullopt;
  if (!number || !std::isfinite(*number) || *number < 0) return std::nullopt;
  return *number * factor;
}

}  // namespace kfrun::pipeline
