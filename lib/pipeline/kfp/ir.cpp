#include "pipeline/kfp/ir.h"

#include <charconv>
#include <cmath>

#include "base/text.h"
#include "document/number.h"
#include "document/reader.h"

namespace kfrun::pipeline {

using document::Node;

namespace {

constexpr double kMaxWhole = 9007199254740992.0;  // 2^53: integers beyond it are not exact

std::vector<Node> read_documents(std::string_view text, const std::string& file) {
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && text[start] == '{') return {document::read_json(text, file)};
  return document::read_own_yaml_documents(text, file);
}

void take_platform(const Node& document, Ir& ir) {
  if (const Node* kubernetes = document.find_path({"platforms", "kubernetes"})) ir.kubernetes = *kubernetes;
}

// Whether it was a document of ours.
bool take(const Node& document, Ir& ir) {
  if (!document.is_mapping()) return document.is_null();
  if (document.text_of("apiVersion").starts_with("pipelines.kubeflow.org/")) {
    if (document.text_of("kind") != "PipelineVersion") return document.text_of("kind") == "Pipeline";
    if (const Node* spec = document.find_path({"spec", "pipelineSpec"})) ir.spec = *spec;
    if (const Node* platform = document.find_path({"spec", "platformSpec"})) take_platform(*platform, ir);
    return true;
  }
  if (const Node* spec = document.find("pipelineSpec")) {
    ir.spec = *spec;
    ir.name = document.text_of("displayName");
    if (const Node* config = document.find("runtimeConfig")) ir.runtime_config = *config;
    return true;
  }
  if (document.find("platforms")) {
    take_platform(document, ir);
    return true;
  }
  if (!document.find("pipelineInfo") && !document.find("root")) return false;
  ir.spec = document;
  return true;
}

}  // namespace

void Reporter::error(const Node& at, std::string path, std::string message, std::vector<std::string> hints) {
  diagnostics_.push_back({Severity::error, place(at, std::move(path)), std::move(message), std::move(hints)});
}

void Reporter::warning(const Node& at, std::string path, std::string message, std::vector<std::string> hints) {
  diagnostics_.push_back({Severity::warning, place(at, std::move(path)), std::move(message), std::move(hints)});
}

void Reporter::error(const Error& fault, const Node& at, std::string path) {
  error(at, std::move(path), fault.message(), fault.hints());
}

std::optional<Ir> read_ir(std::string_view text, const std::string& file, Reporter& reporter) {
  Ir ir;
  ir.file = file;
  for (const auto& document : read_documents(text, file)) {
    if (!take(document, ir))
      reporter.error(document, "", "this document is no part of a compiled pipeline",
                     {"expected are a PipelineSpec, 'platforms:', a PipelineJob, or a Pipeline and its PipelineVersion"});
  }
  if (ir.spec.is_mapping()) return ir;
  reporter.error(ir.spec, "", "there is no PipelineSpec in this file");
  return std::nullopt;
}

Value ir_value(const Node& node) {
  if (node.is_sequence()) {
    Value list = Value::sequence();
    for (const auto& item : node.items()) list.push_back(ir_value(item));
    return list;
  }
  if (node.is_mapping()) {
    Value mapping = Value::mapping(document::Mapping{});
    for (const auto& member : node.members()) mapping.set(member.key.text(), ir_value(member.value));
    return mapping;
  }
  if (const auto truth = node.as_boolean()) return Value::boolean(*truth);
  if (const auto integer = node.as_integer()) return Value::integer(*integer);
  if (const auto number = node.as_number()) {
    const bool whole = std::isfinite(*number) && std::trunc(*number) == *number && std::fabs(*number) <= kMaxWhole;
    return whole ? Value::integer(static_cast<long long>(*number)) : Value::number(*number);
  }
  return node.is_null() ? Value::null() : Value::string(node.text());
}

std::optional<Duration> ir_duration(const Node& node) {
  std::string_view text = trim(node.text());
  if (text.ends_with('s')) text.remove_suffix(1);
  const auto seconds = document::number_value(text);
  if (!seconds || !(*seconds >= 0 && *seconds < 1e9)) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds));
}

TypeKind ir_type(const Node& parameter) {
  constexpr std::pair<std::string_view, TypeKind> kTypes[] = {
      {"STRING", TypeKind::string},
      {"NUMBER_INTEGER", TypeKind::integer},
      {"NUMBER_DOUBLE", TypeKind::number},
      {"BOOLEAN", TypeKind::boolean},
      {"LIST", TypeKind::list},
      {"STRUCT", TypeKind::mapping},
      {"INT", TypeKind::integer},
      {"DOUBLE", TypeKind::number},
      {"TASK_CONFIG", TypeKind::mapping},
      {"INTEGER", TypeKind::integer},
      {"TASK_FINAL_STATUS", TypeKind::mapping},
  };
  const std::string word = parameter.text_of("parameterType", parameter.text_of("type"));
  for (const auto& [known, kind] : kTypes) {
    if (word == known) return kind;
  }
  return TypeKind::any;
}

std::string ir_artifact_type(const Node* artifact) {
  const Node* type = artifact ? artifact->find("artifactType") : nullptr;
  if (!type) return "system.Artifact";
  const std::string title = type->text_of("schemaTitle");
  return title.empty() ? type->text_of("instanceSchema", "system.Artifact") : title;
}

const Node& child(const Node& node, std::string_view key) {
  static const Node kEmpty = Node::mapping(document::Mapping{});
  const Node* found = node.find(key);
  return found && found->is_mapping() ? *found : kEmpty;
}

bool ir_flag(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found && found->as_boolean().value_or(false);
}

}  // namespace kfrun::pipeline
