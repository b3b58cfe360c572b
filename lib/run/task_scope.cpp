#include "run/task_scope.h"

namespace kfrun::run {

namespace {

constexpr std::string_view kUri = ".uri";

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
  if (!name.ends_with(kUri)) return std::nullopt;
  const auto found = work.inputs.find(std::string(name.substr(0, name.size() - kUri.size())));
  return found == work.inputs.end() ? std::nullopt : with_uris(found->second);
}

std::optional<Value> look_up_output(const Work& work, const TaskPaths& paths, std::string_view name) {
  for (const auto& output : work.task->outputs) {
    if (name == output.name) return Value::string(paths.output(output));
    if (name.size() == output.name.size() + kUri.size() && name.starts_with(output.name) && name.ends_with(kUri)) {
      return Value::string(paths.output_uri(output));
    }
  }
  return std::nullopt;
}

}  // namespace

pipeline::Scope task_scope(const Work& work, const RunContext& run, const TaskPaths& paths) {
  return [&work, &run, &paths](std::string_view name) -> std::optional<Value> {
    if (const auto input = behind("inputs.", name)) return look_up_input(work, paths, *input);
    if (const auto output = behind("outputs.", name)) return look_up_output(work, paths, *output);
    if (name == "run.id") return Value::string(run.id);
    if (name == "run.name") return Value::string(run.name);
    if (name == "run.namespace") return Value::string(run.name_space);
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
  for (const auto& expression : expressions) texts.push_back(pipeline::to_text(pipeline::evaluate(expression, scope)));
  return texts;
}

}  // namespace kfrun::run
