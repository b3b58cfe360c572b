#include "run/task_scope.h"

namespace kfrun::run {

namespace {

constexpr std::string_view kUri = ".uri";
constexpr std::string_view kRecord = ".record";

// "x" of "x.record".
std::optional<std::string> before(std::string_view suffix, std::string_view name) {
  if (name.size() <= suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  return std::string(name.substr(0, name.size() - suffix.size()));
}

// What the executor of Kubeflow Pipelines is told of an artifact. Its own URI is told only of one that is kept elsewhere: else
// the executor takes it for a path.
Value record_of(const pipeline::Artifact& artifact, const std::string& path) {
  const bool is_title = artifact.type.find_first_of(":\n ") == std::string::npos;
  Value type = is_title
                   ? Value::mapping({{"schemaTitle", Value::string(artifact.type.empty() ? "system.Artifact" : artifact.type)},
                                     {"schemaVersion", Value::string("0.0.1")}})
                   : Value::mapping({{"instanceSchema", Value::string(artifact.type)}});
  return Value::mapping({{"name", Value::string(artifact.name)},
                         {"type", std::move(type)},
                         {"uri", Value::string(is_foreign(artifact.uri) ? artifact.uri : path)},
                         {"metadata", artifact.metadata.is_mapping() ? artifact.metadata : Value::mapping(document::Mapping{})}});
}

Value list_record(Value list) { return Value::mapping({{"artifacts", std::move(list)}}); }

std::optional<Value> record_of_input(const Work& work, const TaskPaths& paths, const std::string& name) {
  const auto found = work.inputs.find(name);
  if (found == work.inputs.end()) return std::nullopt;
  if (found->second.is_null()) return Value::null();
  Value list = Value::sequence();
  const auto add = [&](const Value& value) {
    if (auto artifact = pipeline::as_artifact(value)) {
      if (artifact->name.empty()) artifact->name = name;
      list.push_back(record_of(*artifact, paths.input(*artifact)));
    }
  };
  add(found->second);
  for (const auto& item : found->second.is_sequence() ? found->second.items() : document::Sequence{}) add(item);
  return list_record(std::move(list));
}

// What is behind `prefix`, if the name begins with it.
std::optional<std::string_view> behind(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  return name.substr(prefix.size());
}

// Artifacts as the paths of their bytes, in lists too.
Value with_paths(const Value& value, const TaskPaths& paths) {
  if (const auto artifact = pipeline::as_artifact(value)) return Value::string(paths.input(*artifact));
  if (!value.is_sequence()) return value;
  Value list = Value::sequence();
  for (const auto& item : value.items()) list.push_back(with_paths(item, paths));
  return list;
}

std::optional<Value> with_uris(const Value& value) {
  if (const auto artifact = pipeline::as_artifact(value)) return Value::string(artifact->uri);
  if (value.is_null()) return value;  // an optional artifact that is not there
  if (!value.is_sequence()) return std::nullopt;
  Value list = Value::sequence();
  for (const auto& item : value.items()) {
    const auto uri = with_uris(item);
    if (!uri) return std::nullopt;
    list.push_back(*uri);
  }
  return list;
}

std::optional<Value> look_up_input(const Work& work, const TaskPaths& paths, std::string_view name) {
  if (const auto found = work.inputs.find(std::string(name)); found != work.inputs.end()) return with_paths(found->second, paths);
  if (const auto input = before(kRecord, name)) return record_of_input(work, paths, *input);
  if (!name.ends_with(kUri)) return std::nullopt;
  const auto found = work.inputs.find(std::string(name.substr(0, name.size() - kUri.size())));
  return found == work.inputs.end() ? std::nullopt : with_uris(found->second);
}

std::optional<Value> look_up_output(const Work& work, const TaskPaths& paths, std::string_view name) {
  for (const auto& output : work.task->outputs) {
    if (name == output.name) return Value::string(paths.output(output));
    if (const auto found = before(kRecord, name); found == output.name) {
      const std::string path = paths.output(output);
      Value list = Value::sequence();
      list.push_back(record_of({path, output.type.artifact_type, "", {}, output.name}, path));
      return list_record(std::move(list));
    }
    if (name.size() == output.name.size() + kUri.size() && name.starts_with(output.name) && name.ends_with(kUri)) {
      return Value::string(paths.output_uri(output));
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_foreign(std::string_view uri) {
  return uri.find("://") != std::string_view::npos && !uri.starts_with("file://") && !uri.starts_with("pvc://");
}

pipeline::Scope task_scope(const Work& work, const RunContext& run, const TaskPaths& paths) {
  return [&work, &run, &paths](std::string_view name) -> std::optional<Value> {
    if (const auto input = behind("inputs.", name)) return look_up_input(work, paths, *input);
    if (const auto output = behind("outputs.", name)) return look_up_output(work, paths, *output);
    if (name == "run.id") return Value::string(run.id);
    if (name == "run.name") return Value::string(run.name);
    if (name == "run.namespace") return Value::string(run.name_space);
    if (name == "task.results" && !paths.results.empty()) return Value::string(paths.results);
    if (name == "task.name") return Value::string(work.task->name);
    if (name == "task.path") return Value::string(work.id.instance);
    if (name == "task.attempt") return Value::integer(work.id.attempt);
    if (name == "task.index") return Value::integer(std::max(work.loop_index, 0));
    return std::nullopt;
  };
}

std::vector<std::string> evaluate_texts(const std::vector<pipeline::Expression>& expressions, const pipeline::Scope& scope) {
  std::vector<std::string> texts;
  texts.reserve(expressions.size());
  for (const auto& expression : expressions) {
    const Value value = pipeline::evaluate(expression, scope);
    const bool is_spread = expression.op == pipeline::Operator::call && expression.text == "spread";
    if (!is_spread || !(value.is_sequence() || value.is_null())) {
      texts.push_back(pipeline::to_text(value));
    } else if (value.is_sequence()) {
      for (const auto& item : value.items()) texts.push_back(pipeline::to_text(item));
    }
  }
  return texts;
}

}  // namespace kfrun::run
