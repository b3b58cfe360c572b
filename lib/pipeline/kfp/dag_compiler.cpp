#include "pipeline/kfp/dag_compiler.h"

#include <algorithm>

#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"
#include "pipeline/functions.h"
#include "pipeline/graph.h"
#include "pipeline/kfp/claim.h"
#include "pipeline/kfp/container.h"
#include "pipeline/kfp/dag_scope.h"
#include "pipeline/kfp/platform.h"

namespace kfrun::pipeline {

using document::Node;

namespace {

constexpr std::size_t kMaxDags = 10'000;

// The spec of the claim that pipelineConfig.workspace asks for; null when it asks for none.
Node workspace_claim(const Node& workspace) {
  if (workspace.size() == 0) return {};
  Value spec = Value::mapping({{"accessModes", Value::sequence({Value::string("ReadWriteOnce")})}});
  const std::string size = workspace.text_of("size", "10Gi");
  spec.set("resources", Value::mapping({{"requests", Value::mapping({{"storage", Value::string(size)}})}}));
  for (const auto& member : child(child(workspace, "kubernetes"), "pvcSpecPatch").members())
    spec.set(member.key.text(), ir_value(member.value));
  return spec;
}

}  // namespace

Pipeline DagCompiler::compile() {
  const Node& root = child(ir_.spec, "root");
  pipeline_.name = ir_.spec.find_path({"pipelineInfo", "name"}) ? ir_.spec.find_path({"pipelineInfo", "name"})->text() : "";
  if (const Node* description = ir_.spec.find_path({"pipelineInfo", "description"})) pipeline_.description = description->text();
  pipeline_.source = ir_.file;
  pipeline_.workspace = workspace_claim(child(child(ir_.kubernetes, "pipelineConfig"), "workspace"));
  if (pipeline_.name.empty()) reporter_.error(ir_.spec, "pipelineInfo", "the pipeline has no name");
  if (!root.find("dag")) {
    reporter_.error(ir_.spec, "root", "the pipeline has no 'root.dag'");
    return std::move(pipeline_);
  }
  dag_of("", root, "root", nullptr);
  if (pipeline_.dags.empty()) return std::move(pipeline_);
  Dag& dag = pipeline_.dags.front();
  dag.name = pipeline_.name;
  // The backend holds tasks to the literals of their inputs, but not the run to those of the pipeline's.
  for (auto& param : dag.params) param.allowed.clear();
  const Node& values = child(ir_.runtime_config, "parameterValues");
  const Node& old_values = child(ir_.runtime_config, "parameters");
  for (auto& param : dag.params) {
    if (const Node* value = values.find(param.name)) param.default_value = ir_value(*value);
    if (const Node* value = old_values.find(param.name); value && value->is_mapping() && value->size() == 1)
      param.default_value = ir_value(value->members().front().value);
  }
  return std::move(pipeline_);
}

std::string DagCompiler::pipeline_root() const {
  const std::string given = ir_.runtime_config.text_of("gcsOutputDirectory");
  return given.empty() ? ir_.spec.text_of("defaultPipelineRoot") : given;
}

int DagCompiler::dag_of(const std::string& name, const Node& component, const std::string& path, const RetryPolicy* inherited) {
  const std::string key = name + (inherited ? fmt::format("\n{} {} {} {}", inherited->limit, inherited->backoff.count(),
                                                          inherited->factor, inherited->max_backoff.value_or(Duration(0)).count())
                                            : "");
  if (const auto made = made_.find(key); made != made_.end()) return made->second;
  if (!open_.insert(name).second) {
    reporter_.error(component, path, fmt::format("component {} contains itself", name));
    return 0;
  }
  const int index = static_cast<int>(pipeline_.dags.size());
  made_[key] = index;
  pipeline_.dags.emplace_back();
  Dag dag;
  dag.name = name;
  const Node& definitions = child(component, "inputDefinitions");
  dag.params = parameters_of(definitions, path);
  const Node& body = child(component, "dag");
  const Node& tasks = child(body, "tasks");
  Scope scope{path + ".dag", &definitions, &tasks, inherited};
  if (tasks.size() == 0) reporter_.error(component, scope.path, "this DAG has no tasks");
  if (pipeline_.dags.size() > kMaxDags) {
    reporter_.error(component, path, fmt::format("the pipeline has more than {} groups", kMaxDags));
  } else {
    read_tasks(scope, dag, tasks);
    read_outputs(scope, dag, child(body, "outputs"), child(component, "outputDefinitions"));
  }
  pipeline_.dags[static_cast<std::size_t>(index)] = std::move(dag);
  open_.erase(name);
  return index;
}

void DagCompiler::read_tasks(Scope& scope, Dag& dag, const Node& tasks) {
  std::vector<Task> read;
  std::vector<std::set<std::string>> needs;
  std::map<std::string, int> numbers;
  for (const auto& [key, node] : tasks.members()) {
    numbers[key.text()] = static_cast<int>(read.size());
    read.push_back(read_task(scope, key.text(), node, needs.emplace_back()));
  }
  Edges edges(read.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    for (const auto& need : needs[i]) {
      if (const auto found = numbers.find(need); found != numbers.end()) edges[i].push_back(found->second);
    }
  }
  const auto order = topological_order(edges);
  if (order.size() != read.size()) {
    std::vector<std::string> names;
    for (const int i : find_cycle(edges)) names.push_back(read[static_cast<std::size_t>(i)].name);
    reporter_.error(tasks, scope.path, "these tasks wait for one another: " + join(names, ", "));
    return;
  }
  std::vector<int> position(read.size());
  for (std::size_t i = 0; i < order.size(); ++i) position[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  for (const int i : order) {
    Task& task = read[static_cast<std::size_t>(i)];
    for (const int need : edges[static_cast<std::size_t>(i)])
      task.dependencies.push_back(position[static_cast<std::size_t>(need)]);
    std::sort(task.dependencies.begin(), task.dependencies.end());
    dag.tasks.push_back(std::move(task));
  }
}

const Node* DagCompiler::component_of(const Node& task) const {
  const Node* reference = task.find_path({"componentRef", "name"});
  return reference ? child(ir_.spec, "components").find(reference->text()) : nullptr;
}

Task DagCompiler::read_task(Scope& scope, const std::string& name, const Node& node, std::set<std::string>& needs) {
  const Node* component = component_of(node);
  const std::string path = scope.path + ".tasks." + name;
  Task broken;
  broken.name = name;
  if (!is_name(name)) reporter_.error(node, path, fmt::format("the name of task '{}' cannot be used", name));
  if (!component) {
    const Node* reference = node.find_path({"componentRef", "name"});
    reporter_.error(node, path,
                    reference ? fmt::format("task {} is of component '{}', which is not in the file", name, reference->text())
                              : fmt::format("task {} names no component", name));
    return broken;
  }
  Reading reading{scope, name, node, *component, needs, {}};
  reading.task.name = name;
  reading.task.place = reporter_.place(node, path);
  const Node* waits = node.find("dependentTasks");
  for (const auto& item : waits && waits->is_sequence() ? waits->items() : document::Sequence{}) {
    if (!scope.task(item.text()))
      reporter_.error(item, path, fmt::format("task {} waits for '{}', which is not in its DAG", name, item.text()));
    needs.insert(item.text());
  }
  if (node.find("parameterIterator") && node.find("artifactIterator"))
    reporter_.error(node, path, fmt::format("task {} iterates over parameters and artifacts at once", name));
  read_loop(reading);
  read_inputs(reading);
  read_trigger(reading);
  read_policies(reading);
  read_body(reading);
  return std::move(reading.task);
}

// ---- what decides whether, how often and when

void DagCompiler::read_loop(Reading& reading) {
  const Node* iterator = reading.iterator();
  if (!iterator) return;
  const std::string path = reading.path() + ".iterator";
  const Place place = reporter_.place(*iterator, path);
  const Node& items = child(*iterator, "items");
  Loop loop;
  loop.fail_fast = false;
  Expression values = none(place);
  if (const Node* raw = items.find("raw")) {
    try {
      values = Expression::constant(ir_value(document::read_json(raw->text(), ir_.file)), place);
    } catch (const Error& error) {
      reporter_.error(*raw, path, fmt::format("task {} loops over items that are no JSON: {}", reading.name, error.message()));
    }
  } else if (const Node* input = items.find("inputParameter")) {
    const Node* given = child(child(reading.node, "inputs"), "parameters").find(input->text());
    if (given) values = parameter(reading, input->text(), *given);
    if (!given)
      reporter_.error(*iterator, path,
                      fmt::format("task {} loops over input '{}', which has no value", reading.name, input->text()));
  } else if (const Node* artifacts = items.find("inputArtifact")) {
    const Node* given = child(child(reading.node, "inputs"), "artifacts").find(artifacts->text());
    if (given) values = artifact(reading, artifacts->text(), *given);
    if (!given)
      reporter_.error(*iterator, path,
                      fmt::format("task {} loops over artifact '{}', which has no value", reading.name, artifacts->text()));
  } else {
    reporter_.error(*iterator, path, fmt::format("task {} does not say what it loops over", reading.name));
  }
  loop.axes.push_back({std::string(kItem), make_call("json_list", {std::move(values)}, place)});
  if (const Node* limit = reading.node.find_path({"iteratorPolicy", "parallelismLimit"}))
    loop.max_parallel = static_cast<int>(limit->as_number().value_or(0));
  reading.task.loop = std::move(loop);
}

// inputs.parameter_values['x'], and inputs.parameters['x'].string_value of schema 2.0.0.
std::optional<Expression> DagCompiler::condition_name(Reading& reading, const Expression& part, const Place& place) {
  const bool is_member = part.op == Operator::member && part.text.ends_with("_value");
  const Expression& whole = is_member ? part.operands[0] : part;
  if (whole.op != Operator::index || whole.operands[0].op != Operator::name || !whole.operands[1].is_constant())
    return std::nullopt;
  const std::string& list = whole.operands[0].text;
  if (list != "inputs.parameter_values" && list != "inputs.parameters") return std::nullopt;
  const std::string name = whole.operands[1].literal.text();
  auto given = given_input(reading, name, 0);
  if (!given) throw input_error(place, "task {}: its condition names input '{}', which has no value", reading.name, name);
  const Node* declared = child(child(reading.component, "inputDefinitions"), "parameters").find(name);
  if (declared && ir_type(*declared) == TypeKind::string && !given->is_constant())
    return make_call("kfp_text", {std::move(*given)}, place);
  return given;
}

void DagCompiler::read_trigger(Reading& reading) {
  const Node& policy = child(reading.node, "triggerPolicy");
  if (policy.text_of("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED") reading.task.trigger = Trigger::all_finished;
  const Node* condition = policy.find("condition");
  if (!condition || condition->text().empty()) return;
  const std::string path = reading.path() + ".triggerPolicy.condition";
  const Place place = reporter_.place(*condition, path);
  try {
    reading.task.condition = replaced(parse_expression(condition->text(), Dialect::kfp, place),
                                      [&](const Expression& part) { return condition_name(reading, part, place); });
  } catch (const Error& error) {
    reporter_.error(*condition, path, fmt::format("condition of task {}: {}", reading.name, error.message()), error.hints());
  }
}

void DagCompiler::read_policies(Reading& reading) {
  Task& task = reading.task;
  if (reading.scope.inherited) task.retry = *reading.scope.inherited;
  if (const Node* retry = reading.node.find("retryPolicy")) {
    task.retry = {};
    if (const Node* count = retry->find("maxRetryCount")) task.retry.limit = static_cast<int>(count->as_number().value_or(0));
    if (const Node* factor = retry->find("backoffFactor")) task.retry.factor = factor->as_number().value_or(2);
    if (const Node* wait = retry->find("backoffDuration")) task.retry.backoff = ir_duration(*wait).value_or(Duration(0));
    if (const Node* most = retry->find("backoffMaxDuration")) task.retry.max_backoff = ir_duration(*most);
  }
  const Node& caching = child(reading.node, "cachingOptions");
  task.cache = ir_flag(caching, "enableCache");
  task.cache_key = caching.text_of("cacheKey");
}

// ---- what it runs

void DagCompiler::read_body(Reading& reading) {
  Task& task = reading.task;
  const Node& outputs = child(reading.component, "outputDefinitions");
  for (const auto& [key, definition] : child(outputs, "parameters").members())
    task.outputs.push_back({key.text(), parameter_type(definition), "", "", {}, reporter_.place(key, reading.path())});
  for (const auto& [key, definition] : child(outputs, "artifacts").members())
    task.outputs.push_back({key.text(), artifact_type(definition), "", "", {}, reporter_.place(key, reading.path())});
  for (const auto& output : task.outputs) {
    if (!is_name(output.name))
      reporter_.error(reading.component, reading.path(), fmt::format("the name of output '{}' cannot be used", output.name));
  }
  const std::string component = reading.node.find_path({"componentRef", "name"})->text();
  if (reading.component.find("dag")) {
    task.kind = TaskKind::sub_dag;
    // A policy of retries is that of the tasks inside.
    const RetryPolicy policy = std::exchange(task.retry, {});
    task.body = dag_of(component, reading.component, "components." + component, policy.limit > 0 ? &policy : nullptr);
    return;
  }
  const std::string label = reading.component.text_of("executorLabel");
  if (label.empty()) {
    reporter_.error(reading.component, "components." + component,
                    fmt::format("component {} has neither a DAG nor an executor", component));
    return;
  }
  read_executor(reading, label);
}

void DagCompiler::read_executor(Reading& reading, const std::string& label) {
  const std::string path = "deploymentSpec.executors." + label;
  const Node& executor = child(child(child(ir_.spec, "deploymentSpec"), "executors"), label);
  Task& task = reading.task;
  if (const Node* container = executor.find("container")) {
    if (const auto claim = claim_kind(container->text_of("image")); claim != ClaimKind::none) return make_claim(claim, task);
    task.kind = TaskKind::container;
    task.protocol = Protocol::kfp;
    const auto meaning = container_meaning(task, pipeline_root());
    read_container(*container, meaning, reporter_, path, task);
    read_platform_of(reading, label);
  } else if (const Node* importer = executor.find("importer")) {
    read_importer(reading, *importer, path);
  } else if (executor.size() == 0) {
    reporter_.error(reading.component, path,
                    fmt::format("task {} is run by executor '{}', which is not in the file", reading.name, label));
  } else {
    reporter_.error(
        executor, path,
        fmt::format("task {}: executors of kind '{}' are not served", reading.name, executor.members()[0].key.text()));
  }
}

// Parameters of the platform document are those of the DAG around the task; each becomes an input that no placeholder names.
void DagCompiler::read_platform_of(Reading& reading, const std::string& label) {
  const Node& config = child(child(child(ir_.kubernetes, "deploymentSpec"), "executors"), label);
  if (config.size() == 0) return;
  Task& task = reading.task;
  std::map<std::string, std::string> made;  // printed source -> input
  read_platform(
      config,
      [&](const Node& given) {
        Expression source = parameter(reading, "platform", given);
        if (source.is_constant()) return source;
        const auto [known, is_new] = made.try_emplace(to_string(source), fmt::format("{}{}", kHiddenPrefix, made.size() + 1));
        if (is_new) {
          Input input{known->second, {TypeKind::any, ""}, std::move(source), true, reading.task.place};
          input.checked = true;
          task.inputs.push_back(std::move(input));
        }
        return Expression::reference("inputs." + known->second);
      },
      task);
}

void DagCompiler::read_importer(Reading& reading, const Node& importer, const std::string& path) {
  Task& task = reading.task;
  task.kind = TaskKind::importer;
  task.cache = false;
  task.retry = {};
  const Place place = reporter_.place(importer, path);
  const auto meaning = container_meaning(task, pipeline_root());
  const Node& uri = child(importer, "artifactUri");
  if (const Node* constant = uri.find("constant")) {
    task.importer_uri = read_placeholders(ir_value(*constant).text(), meaning, place);
  } else if (const Node* old = uri.find("constantValue"); old && old->is_mapping() && old->size() == 1) {
    task.importer_uri = read_placeholders(old->members()[0].value.text(), meaning, place);
  } else if (const Node* parameter = uri.find("runtimeParameter")) {
    task.importer_uri = Expression::reference("inputs." + parameter->text(), place);
  } else {
    reporter_.error(importer, path, fmt::format("task {} imports from nowhere: 'artifactUri' is missing", reading.name));
  }
  const Node& metadata = child(importer, "metadata");
  if (metadata.size() == 0) return;
  task.importer_metadata = read_constant(ir_value(metadata), meaning, place);
}

void DagCompiler::read_outputs(Scope& scope, Dag& dag, const Node& outputs, const Node& definitions) {
  const auto one_of = [&](const std::string& path, const Node* selectors, std::string_view key, std::string_view list) {
    std::optional<Expression> all;
    const Place place = reporter_.place(outputs, path);
    const auto items = selectors && selectors->is_sequence() ? selectors->items() : document::Sequence{};
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
      Expression one = output_of(scope, *item, path, item->text_of("producerSubtask"), item->text_of(key), list);
      all = all ? make_call("default", {std::move(one), std::move(*all)}, place) : std::move(one);
    }
    return all;
  };
  const auto add = [&](const Node& key, Type type, std::optional<Expression> value, const std::string& path) {
    if (!value) return reporter_.error(key, path, fmt::format("output '{}' has no source that is known", key.text()));
    dag.outputs.push_back({key.text(), std::move(type), std::move(*value), reporter_.place(key, path)});
  };
  for (const auto& [key, source] : child(outputs, "parameters").members()) {
    const std::string path = scope.path + ".outputs." + key.text();
    const Node* definition = child(definitions, "parameters").find(key.text());
    const Type type = definition ? parameter_type(*definition) : Type{TypeKind::any, ""};
    if (const Node* from = source.find("valueFromParameter")) {
      add(key, type,
          output_of(scope, *from, path, from->text_of("producerSubtask"), from->text_of("outputParameterKey"), "parameters"),
          path);
    } else {
      const Node& choice = child(source, "valueFromOneof");
      add(key, type, one_of(path, choice.find("parameterSelectors"), "outputParameterKey", "parameters"), path);
    }
  }
  for (const auto& [key, source] : child(outputs, "artifacts").members()) {
    const std::string path = scope.path + ".outputs." + key.text();
    const Node* definition = child(definitions, "artifacts").find(key.text());
    add(key, definition ? artifact_type(*definition) : Type{TypeKind::artifact, ""},
        one_of(path, source.find("artifactSelectors"), "outputArtifactKey", "artifacts"), path);
  }
}

}  // namespace kfrun::pipeline
