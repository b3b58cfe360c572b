#include "pipeline/kfp/container.h"

#include <algorithm>

#include "base/text.h"
#include "document/number.h"
#include "pipeline/kfp/expressions.h"

namespace kfrun::pipeline {

using document::Node;

namespace {

Expression name(std::string text) { return Expression::reference(std::move(text)); }

Expression joined(std::vector<Expression> parts) {
  Expression made;
  made.op = Operator::concat;
  made.operands = std::move(parts);
  return made;
}

// {{$}}: what the executor of the SDK reads. What is null is left out, as the launcher does.
Expression executor_input(const Task& task) {
  std::vector<std::pair<std::string, Expression>> values, artifacts, files, made;
  for (const auto& input : task.inputs) {
    if (input.name.starts_with(kHiddenPrefix)) continue;
    const std::string reference = "inputs." + input.name;
    if (input.type.is_artifact()) {
      artifacts.emplace_back(input.name, name(reference + ".record"));
    } else {
      values.emplace_back(input.name, name(reference));
    }
  }
  for (const auto& output : task.outputs) {
    const std::string reference = "outputs." + output.name;
    if (output.type.is_artifact()) {
      made.emplace_back(output.name, name(reference + ".record"));
    } else {
      files.emplace_back(output.name, mapping({{"outputFile", name(reference)}}));
    }
  }
  std::vector<std::pair<std::string, Expression>> inputs, outputs;
  if (!values.empty()) inputs.emplace_back("parameterValues", make_call("compact", {mapping(std::move(values))}));
  if (!artifacts.empty()) inputs.emplace_back("artifacts", make_call("compact", {mapping(std::move(artifacts))}));
  if (!files.empty()) outputs.emplace_back("parameters", mapping(std::move(files)));
  if (!made.empty()) outputs.emplace_back("artifacts", mapping(std::move(made)));
  outputs.emplace_back("outputFile", name("task.results"));
  return make_call("to_json", {mapping({{"inputs", mapping(std::move(inputs))}, {"outputs", mapping(std::move(outputs))}})});
}

template <typename List>
const typename List::value_type* named(const List& list, const std::string& wanted) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == wanted; });
  return found == list.end() ? nullptr : &*found;
}

Expression index(Expression container, std::string key) {
  Expression made;
  made.op = Operator::index;
  made.operands = {std::move(container), text(std::move(key))};
  return made;
}

// What is asked of an artifact by the steps behind its name.
std::optional<Expression> artifact_part(const std::string& reference, const Placeholder& steps, bool is_input) {
  Expression list = index(name(reference + ".record"), "artifacts");
  if (steps.size() == 3) return is_input ? std::optional(make_call("to_json", {std::move(list)})) : std::nullopt;
  const std::string& part = steps[3];
  if (part == "path" || part == "value") return is_input ? make_call("first", {name(reference)}) : name(reference);
  if (part != "uri" && part != "metadata") return std::nullopt;
  Expression found = index(make_call("first", {std::move(list)}), part);
  return steps.size() == 4 ? found : index(std::move(found), steps[4]);
}

}  // namespace

std::optional<Expression> run_meaning(const Placeholder& placeholder, const std::string& task, const std::string& root) {
  if (placeholder.size() != 1) return std::nullopt;
  const std::string& word = placeholder.front();
  if (word == "pipeline_job_uuid") return name("run.id");
  if (word == "pipeline_job_resource_name") return joined({name("run.name"), text("-"), name("run.id")});
  if (word == "pipeline_job_name") return name("run.name");
  if (word == "pipeline_task_name") return text(task);
  if (word == "pipeline_task_uuid") return joined({name("run.id"), text("-"), name("task.path")});
  if (word == "pipeline_root") return root.empty() ? name("run.workspace") : text(root);
  if (word == "pipeline_job_create_time_utc" || word == "pipeline_job_schedule_time_utc") return name("run.created");
  if (word == "workspace_path") return name("run.workspace");
  return std::nullopt;
}

PlaceholderMeaning container_meaning(const Task& task, const std::string& root) {
  return [&task, root](const Placeholder& steps) -> std::optional<Expression> {
    if (steps.empty()) return executor_input(task);
    if (steps.size() == 1 && steps[0] == "outputMetadataUri") return name("task.results");
    if (steps.size() == 2 && steps[0] == "outputs" && steps[1] == "output_file") return name("task.results");
    if (steps.size() < 3) return run_meaning(steps, task.name, root);
    const bool is_input = steps[0] == "inputs";
    if (!is_input && steps[0] != "outputs") return std::nullopt;
    if (is_input && steps[1] == "present") {
      return named(task.inputs, steps[2]) ? std::optional(name("inputs." + steps[2])) : std::nullopt;
    }
    const Input* input = is_input ? named(task.inputs, steps[2]) : nullptr;
    const Output* output = is_input ? nullptr : named(task.outputs, steps[2]);
    if (!input && !output) return std::nullopt;
    const bool is_artifact = input ? input->type.is_artifact() : output->type.is_artifact();
    const std::string reference = steps[0] + "." + steps[2];
    if (steps[1] == "artifacts" && is_artifact) return artifact_part(reference, steps, is_input);
    if (steps[1] != "parameters" || is_artifact) return std::nullopt;
    if (is_input) return steps.size() == 3 ? std::optional(name(reference)) : std::nullopt;
    return steps.size() == 4 && steps[3] == "output_file" ? std::optional(name(reference)) : std::nullopt;
  };
}

namespace {

// $(NAME) of a variable that stands before, as Kubernetes expands it; "$$" is a "$".
Expression expanded(const Expression& value, const std::vector<std::pair<std::string, Expression>>& earlier) {
  if (value.op == Operator::concat) {
    Expression all = value;
    for (auto& part : all.operands) part = expanded(part, earlier);
    return all;
  }
  if (!value.is_constant() || value.literal.text().find('$') == std::string::npos) return value;
  const std::string& given = value.literal.text();
  std::vector<Expression> parts;
  std::string literal;
  for (std::size_t at = 0; at < given.size();) {
    const auto end = given.compare(at, 2, "$(") == 0 ? given.find(')', at) : std::string::npos;
    const std::string variable = end == std::string::npos ? "" : given.substr(at + 2, end - at - 2);
    const auto found = std::find_if(earlier.begin(), earlier.end(), [&](const auto& one) { return one.first == variable; });
    if (!variable.empty() && found != earlier.end()) {
      if (!literal.empty()) parts.push_back(text(std::exchange(literal, {})));
      parts.push_back(found->second);
      at = end + 1;
    } else {
      at += given.compare(at, 2, "$$") == 0 ? 1 : 0;
      literal += given[at++];
    }
  }
  if (!literal.empty() || parts.empty()) parts.push_back(text(literal));
  return parts.size() == 1 ? parts.front() : joined(std::move(parts));
}

// Cores, or GB of 10^9 bytes, of schema fields that are numbers.
std::string quantity(const Node& node, bool is_memory) {
  const auto number = node.as_number();
  if (!number) return node.text();
  return *number > 0 ? document::json_number(*number) + (is_memory ? "G" : "") : "";
}

// Resources known before the run are the container's; those from parameters go to the pod.
class ResourceReader {
 public:
  ResourceReader(const PlaceholderMeaning& meaning, Task& task, Place place)
      : meaning_(meaning), task_(task), place_(std::move(place)) {}

  void read(const Node& resources) {
    put(resources, "requests", "cpu", {"resourceCpuRequest", "cpuRequest"});
    put(resources, "limits", "cpu", {"resourceCpuLimit", "cpuLimit"});
    put(resources, "requests", "memory", {"resourceMemoryRequest", "memoryRequest"});
    put(resources, "limits", "memory", {"resourceMemoryLimit", "memoryLimit"});
    const Node* accelerator = resources.find("accelerator");
    if (!accelerator) return;
    const std::string type = accelerator->text_of("resourceType", accelerator->text_of("type"));
    const Node* count = accelerator->find("resourceCount");
    if (!count) count = accelerator->find("count");
    if (!type.empty() && count && type.find("{{") == std::string::npos) set("limits", type, count->text());
  }

 private:
  void put(const Node& resources, std::string_view kind, const std::string& resource, std::vector<std::string_view> keys) {
    for (const auto key : keys) {
      const Node* found = resources.find(key);
      const std::string amount = found ? quantity(*found, resource == "memory") : "";
      if (!amount.empty()) return set(kind, resource, amount);
    }
  }

  void set(std::string_view kind, const std::string& resource, const std::string& amount) {
    const Expression value = read_placeholders(amount, meaning_, place_);
    if (value.is_constant()) {
      (kind == "requests" ? task_.container.requests : task_.container.limits)[resource] = value.literal.text();
      return;
    }
    main_container(task_).child_mapping("resources").child_mapping(kind).set(resource, Node::string(to_template(value)));
  }

  const PlaceholderMeaning& meaning_;
  Task& task_;
  const Place place_;
};

}  // namespace

Node& main_container(Task& task) {
  Node& spec = task.pod.child_mapping("spec");
  Node* containers = spec.find("containers");
  if (!containers) {
    containers = &spec.set("containers", Node::sequence());
    containers->push_back(Node::mapping({{"name", Node::string("main")}}));
  }
  return containers->items()[0];
}

void read_container(const Node& container, const PlaceholderMeaning& meaning, Reporter& reporter, const std::string& path,
                    Task& task) {
  const auto place = [&](const Node& node, const std::string& key) { return reporter.place(node, path + "." + key); };
  const auto words = [&](const std::string& key, std::vector<Expression>& list) {
    const Node* found = container.find(key);
    for (const auto& item : found && found->is_sequence() ? found->items() : document::Sequence{}) {
      try {
        list.push_back(read_word(item.text(), meaning, place(item, key)));
      } catch (const Error& error) {
        reporter.error(error, item, path + "." + key);
      }
    }
  };
  auto& made = task.container;
  if (const Node* image = container.find("image")) made.image = read_placeholders(image->text(), meaning, place(*image, "image"));
  words("command", made.command);
  words("args", made.args);
  const Node* environment = container.find("env");
  for (const auto& item : environment && environment->is_sequence() ? environment->items() : document::Sequence{}) {
    Expression value = read_placeholders(item.text_of("value"), meaning, place(item, "env"));
    made.environment.emplace_back(item.text_of("name"), expanded(value, made.environment));
  }
  if (const Node* resources = container.find("resources"))
    ResourceReader(meaning, task, place(*resources, "resources")).read(*resources);
}

}  // namespace kfrun::pipeline
