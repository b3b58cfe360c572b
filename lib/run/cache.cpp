#include "run/cache.h"

#include "base/digest.h"
#include "document/writer.h"

namespace kfrun::run {

namespace {

// Changes when what a key is made of changes, so that old entries are not taken for new ones.
constexpr std::string_view kVersion = "kfrun-cache-1";

// Artifacts count by content: the same bytes at another place are the same input.
Value without_places(const Value& value) {
  if (const auto artifact = pipeline::as_artifact(value)) {
    return Value::mapping({{"artifact", Value::string(artifact->digest.empty() ? artifact->uri : artifact->digest)},
                           {"type", Value::string(artifact->type)},
                           {"metadata", artifact->metadata}});
  }
  Value plain = value;
  if (plain.is_sequence()) {
    for (auto& item : plain.items()) item = without_places(item);
  } else if (plain.is_mapping()) {
    for (auto& member : plain.members()) member.value = without_places(member.value);
  }
  return plain;
}

// Collects a task's own expressions: their printed form for the key, and the names they refer to.
class Ingredients {
 public:
  Value text(const pipeline::Expression& expression) {
    for (auto& name : pipeline::references(expression)) names_.push_back(std::move(name));
    return Value::string(pipeline::to_template(expression));
  }
  Value texts(const std::vector<pipeline::Expression>& expressions) {
    Value list = Value::sequence();
    for (const auto& expression : expressions) list.push_back(text(expression));
    return list;
  }
  bool name_the_index() const { return std::find(names_.begin(), names_.end(), "task.index") != names_.end(); }
  // Facts that no other run or instance shares.
  bool name_the_run() const {
    return std::any_of(names_.begin(), names_.end(), [](const std::string& name) {
      return name.starts_with("run.") || name == "task.path" || name == "task.attempt";
    });
  }

 private:
  std::vector<std::string> names_;
};

Value describe(const pipeline::Output& output) {
  Value value = Value::mapping({{"name", Value::string(output.name)},
                                {"type", Value::string(std::string(to_string(output.type.kind)))},
                                {"artifactType", Value::string(output.type.artifact_type)},
                                {"fileName", Value::string(output.file_name)},
                                {"path", Value::string(output.path)}});
  if (output.default_value) value.set("default", *output.default_value);
  return value;
}

}  // namespace

std::string cache_key(const pipeline::Task& task, const Values& inputs, int loop_index) {
  Value all = Value::mapping({{"version", Value::string(std::string(kVersion))}});
  Value& outputs = all.set("outputs", Value::sequence());
  for (const auto& output : task.outputs) outputs.push_back(describe(output));
  if (!task.cache_key.empty()) {
    all.set("key", Value::string(task.cache_key));
    return sha256_hex(document::write_json(all, {.sort_keys = true}));
  }
  if (task.outputs.empty() && task.protocol != pipeline::Protocol::kfp) return {};
  Ingredients ingredients;
  const auto& container = task.container;
  all.set("image", ingredients.text(container.image));
  all.set("command", ingredients.texts(container.command));
  all.set("args", ingredients.texts(container.args));
  Value& environment = all.set("environment", Value::mapping(document::Mapping{}));
  for (const auto& [name, value] : container.environment) environment.set(name, ingredients.text(value));
  all.set("workingDirectory", Value::string(container.working_directory));
  if (container.script) all.set("script", ingredients.text(*container.script));
  if (ingredients.name_the_run()) return {};
  if (ingredients.name_the_index()) all.set("index", Value::integer(loop_index));
  Value& given = all.set("inputs", Value::mapping(document::Mapping{}));
  for (const auto& [name, value] : inputs) given.set(name, without_places(value));
  try {
    return sha256_hex(document::write_json(all, {.sort_keys = true}));
  } catch (const Error&) {
    return {};  // .inf and .nan have no JSON: not cached
  }
}

}  // namespace kfrun::run
