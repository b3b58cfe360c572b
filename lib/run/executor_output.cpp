#include "run/executor_output.h"

#include <algorithm>

#include "base/text.h"
#include "document/reader.h"
#include "run/output_value.h"
#include "run/task_scope.h"

namespace kfrun::run {

namespace {

ExecutorOutput::Artifact read_artifact(const Value& node) {
  ExecutorOutput::Artifact artifact{node.text_of("uri"), node.text_of("custom_path", node.text_of("customPath")), {}};
  if (const Value* metadata = node.find("metadata"); metadata && metadata->is_mapping()) artifact.metadata = *metadata;
  return artifact;
}

}  // namespace

ExecutorOutput read_executor_output(std::string_view text) {
  ExecutorOutput output;
  const Value node = document::read_json(text, "executor output");
  if (!node.is_mapping()) throw input_error({}, "the executor output is {} where a mapping is expected", node.type_name());
  if (const Value* values = node.find("parameterValues"); values && values->is_mapping()) {
    for (const auto& [key, value] : values->members()) output.parameters[key.text()] = value;
  }
  if (const Value* artifacts = node.find("artifacts"); artifacts && artifacts->is_mapping()) {
    for (const auto& [key, value] : artifacts->members()) {
      const Value* list = value.find("artifacts");
      auto& made = output.artifacts[key.text()];
      for (const auto& item : list && list->is_sequence() ? list->items() : document::Sequence{})
        made.push_back(read_artifact(item));
    }
  }
  return output;
}

Value parse_kfp_output(const pipeline::Output& output, std::string_view text) {
  if (output.type.kind == pipeline::TypeKind::string && is_valid_utf8(text)) return Value::string(std::string(text));
  if (output.type.kind == pipeline::TypeKind::boolean) {
    const auto word = trim(text);
    for (const auto truth : {"1", "t", "T"}) {
      if (word == truth) return Value::boolean(true);
    }
    for (const auto lie : {"0", "f", "F"}) {
      if (word == lie) return Value::boolean(false);
    }
    return parse_output(output, word);
  }
  return parse_output(output, text);
}

std::string unwritten_uri(const pipeline::Output& output) { return "unwritten://" + output.name; }

std::optional<Value> with_executor_output(const pipeline::Output& output, std::optional<Value> written,
                                          const ExecutorOutput& given) {
  if (!output.type.is_artifact()) {
    const auto found = given.parameters.find(output.name);
    return found == given.parameters.end() ? std::move(written) : found->second;
  }
  auto artifact = written ? pipeline::as_artifact(*written) : std::nullopt;
  if (written && !artifact) return written;  // a list
  if (!artifact) artifact = pipeline::Artifact{unwritten_uri(output), output.type.artifact_type, "", {}, output.name};
  const auto found = given.artifacts.find(output.name);
  if (found == given.artifacts.end() || found->second.empty()) return pipeline::make_artifact(*artifact);
  const auto& told = found->second.front();
  artifact->metadata = told.metadata;
  if (is_foreign(told.uri)) artifact->uri = told.uri;
  return pipeline::make_artifact(*artifact);
}

}  // namespace kfrun::run
