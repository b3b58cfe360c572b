// Where the inputs of a task have their values from.
#include <algorithm>

#include "pipeline/functions.h"
#include "pipeline/kfp/container.h"
#include "pipeline/kfp/dag_compiler.h"
#include "pipeline/kfp/dag_scope.h"

namespace kfrun::pipeline {

using document::Node;

namespace {

constexpr int kMaxDepth = 20;  // of constants that name one another

Expression index_of(Expression container, std::string key, const Place& place) {
  Expression made;
  made.op = Operator::index;
  made.place = place;
  made.operands = {std::move(container), Expression::constant(Value::string(std::move(key)), place)};
  return made;
}

}  // namespace

std::vector<Parameter> DagCompiler::parameters_of(const Node& definitions, const std::string& path) {
  std::vector<Parameter> made;
  for (const auto& [key, definition] : child(definitions, "parameters").members()) {
    Parameter param{key.text(),
                    parameter_type(definition),
                    {},
                    definition.text_of("description"),
                    {},
                    false,
                    reporter_.place(key, path + ".inputDefinitions.parameters." + key.text())};
    if (const Node* value = definition.find("defaultValue")) param.default_value = ir_value(*value);
    param.optional = ir_flag(definition, "isOptional");
    const Node* literals = definition.find("literals");
    for (const auto& literal : literals && literals->is_sequence() ? literals->items() : document::Sequence{})
      param.allowed.push_back(ir_value(literal));
    made.push_back(std::move(param));
  }
  for (const auto& [key, definition] : child(definitions, "artifacts").members()) {
    made.push_back({key.text(),
                    artifact_type(definition),
                    {},
                    definition.text_of("description"),
                    {},
                    ir_flag(definition, "isOptional"),
                    reporter_.place(key, path + ".inputDefinitions.artifacts." + key.text())});
  }
  for (const auto& param : made) {
    if (!is_name(param.name))
      reporter_.error(definitions, path, fmt::format("the name of input '{}' cannot be used", param.name));
  }
  return made;
}

void DagCompiler::read_inputs(Reading& reading) {
  const Node& given = child(reading.node, "inputs");
  const Node& parameters = child(given, "parameters");
  const Node& artifacts = child(given, "artifacts");
  const std::string loop_item = reading.iterator() ? reading.iterator()->text_of("itemInput") : "";
  auto& inputs = reading.task.inputs;
  for (auto& declared : parameters_of(child(reading.component, "inputDefinitions"), reading.path())) {
    const Node* source = (declared.type.is_artifact() ? artifacts : parameters).find(declared.name);
    const Place place = source ? reporter_.place(*source, reading.path() + ".inputs." + declared.name) : reading.task.place;
    Input input{declared.name, declared.type, none(place), declared.optional, place};
    input.checked = true;
    input.default_value = declared.default_value;
    input.allowed = declared.allowed;
    if (declared.name == loop_item) {
      input.binding = Expression::reference("loop." + std::string(kItem), place);
      input.checked = false;
    } else if (source && declared.type.is_artifact()) {
      input.binding = artifact(reading, declared.name, *source);
    } else if (source) {
      input.binding = parameter(reading, declared.name, *source);
    } else if (!declared.optional && !declared.default_value) {
      reporter_.error(reading.node, reading.path(), fmt::format("task {}: input '{}' has no value", reading.name, declared.name));
    }
    inputs.push_back(std::move(input));
  }
  const auto is_declared = [&](const std::string& name) {
    return std::any_of(inputs.begin(), inputs.end(), [&](const Input& one) { return one.name == name; });
  };
  for (const auto& [key, source] : parameters.members()) {
    if (is_declared(key.text())) continue;
    if (!is_name(key.text()))
      reporter_.error(key, reading.path(), fmt::format("the name of input '{}' cannot be used", key.text()));
    Input input{key.text(),
                {TypeKind::any, ""},
                parameter(reading, key.text(), source),
                true,
                reporter_.place(source, reading.path() + ".inputs." + key.text())};
    inputs.push_back(std::move(input));
  }
}

Expression DagCompiler::parameter(Reading& reading, const std::string& input, const Node& given, int depth) {
  Expression source = parameter_source(reading, input, given, depth);
  const Node* selector = given.find("parameterExpressionSelector");
  if (!selector) return source;
  const Place place = reporter_.place(*selector, reading.path() + ".inputs." + input);
  try {
    return replaced(parse_expression(selector->text(), Dialect::kfp, place),
                    [&](const Expression& part) -> std::optional<Expression> {
                      if (part.op != Operator::name) return std::nullopt;
                      if (part.text == "string_value") return make_call("kfp_text", {source}, place);
                      return source;  // list_value, struct_value, number_value, bool_value
                    });
  } catch (const Error& error) {
    reporter_.error(error, *selector, place.path);
    return source;
  }
}

std::optional<Expression> DagCompiler::given_input(Reading& reading, const std::string& name, int depth) {
  if (depth > kMaxDepth) return std::nullopt;
  if (const Node* iterator = reading.iterator(); iterator && iterator->text_of("itemInput") == name)
    return Expression::reference("loop." + std::string(kItem));
  const Node* given = child(child(reading.node, "inputs"), "parameters").find(name);
  if (!given) return std::nullopt;
  return parameter(reading, name, *given, depth + 1);
}

// A constant, whose text may name other inputs of the task.
Expression DagCompiler::constant_source(Reading& reading, const Node& value, const Place& place, int depth) {
  const Node* constant = value.find("constant");
  if (const Node* old = value.find("constantValue"); old && old->is_mapping() && old->size() == 1)
    constant = &old->members()[0].value;
  if (const Node* old = value.find("runtimeParameter")) return Expression::reference("params." + old->text(), place);
  if (!constant) return none(place);
  return read_constant(
      ir_value(*constant),
      [&](const Placeholder& steps) -> std::optional<Expression> {
        if (steps.size() == 3 && steps[0] == "inputs" && steps[1] == "parameters") return given_input(reading, steps[2], depth);
        if (steps.size() == 4 && steps[0] == "inputs" && steps[1] == "artifacts" && (steps[3] == "uri" || steps[3] == "path")) {
          const Node* source = child(child(reading.node, "inputs"), "artifacts").find(steps[2]);
          if (source) return index_of(artifact(reading, steps[2], *source), "uri", place);
        }
        return run_meaning(steps, reading.name, pipeline_root());
      },
      place);
}

Expression DagCompiler::parameter_source(Reading& reading, const std::string& input, const Node& given, int depth) {
  const std::string path = reading.path() + ".inputs." + input;
  const Place place = reporter_.place(given, path);
  if (const Node* value = given.find("runtimeValue")) return constant_source(reading, *value, place, depth);
  if (const Node* parent = given.find("componentInputParameter")) {
    if (!child(*reading.scope.definitions, "parameters").find(parent->text())) {
      reporter_.error(
          given, path,
          fmt::format("task {}: input '{}' takes '{}' of the DAG around it, which has no such input", reading.name, input,
                      parent->text()),
          {"SDK 2.17 compiles so when the item of a loop, or a field of it, is used nowhere but inside of an f-string: hand it "
           "to a task as an argument of its own and compile again"});
      return none(place);
    }
    return Expression::reference("params." + parent->text(), place);
  }
  if (const Node* output = given.find("taskOutputParameter")) {
    return producer_output(reading, given, input, output->text_of("producerTask"), output->text_of("outputParameterKey"),
                           "parameters");
  }
  if (const Node* status = given.find("taskFinalStatus")) return final_status(reading, status->text_of("producerTask"));
  reporter_.error(given, path, fmt::format("task {}: input '{}' has no source that is known", reading.name, input));
  return none(place);
}

Expression DagCompiler::artifact(Reading& reading, const std::string& input, const Node& given) {
  const std::string path = reading.path() + ".inputs." + input;
  const Place place = reporter_.place(given, path);
  if (const Node* parent = given.find("componentInputArtifact")) {
    if (!child(*reading.scope.definitions, "artifacts").find(parent->text())) {
      reporter_.error(given, path,
                      fmt::format("task {}: input '{}' takes artifact '{}' of the DAG around it, which has no such input",
                                  reading.name, input, parent->text()));
    }
    return Expression::reference("params." + parent->text(), place);
  }
  if (const Node* output = given.find("taskOutputArtifact"))
    return producer_output(reading, given, input, output->text_of("producerTask"), output->text_of("outputArtifactKey"),
                           "artifacts");
  reporter_.error(given, path, fmt::format("task {}: artifact '{}' has no source that is known", reading.name, input));
  return none(place);
}

Expression DagCompiler::producer_output(Reading& reading, const Node& at, const std::string& input, const std::string& producer,
                                        const std::string& key, std::string_view list) {
  reading.needs.insert(producer);
  return output_of(reading.scope, at, fmt::format("{}.inputs.{}", reading.path(), input), producer, key, list);
}

Expression DagCompiler::output_of(Scope& scope, const Node& at, const std::string& path, const std::string& producer,
                                  const std::string& key, std::string_view list) {
  const Place place = reporter_.place(at, path);
  const Node* task = scope.task(producer);
  if (!task) {
    reporter_.error(at, path, fmt::format("there is no task '{}' in this DAG", producer));
    return none(place);
  }
  const Node* component = component_of(*task);
  if (component && !child(child(*component, "outputDefinitions"), list).find(key))
    reporter_.error(at, path, fmt::format("task {} has no output '{}' among its {}", producer, key, list));
  Expression reference = Expression::reference(fmt::format("tasks.{}.outputs.{}", producer, key), place);
  if (!task->find("parameterIterator") && !task->find("artifactIterator")) return reference;
  return make_call(list == "artifacts" ? "splice" : "compact", {std::move(reference)}, place);
}

// {state, pipelineTaskName, pipelineJobResourceName, error: {code, message}}.
Expression DagCompiler::final_status(Reading& reading, const std::string& producer) {
  reading.needs.insert(producer);
  const std::string task = "tasks." + producer;
  const std::string text = fmt::format(
      "{{\"state\": {0}.state == 'succeeded' ? 'SUCCEEDED' : {0}.state == 'stopped' ? 'CANCELLED' : 'FAILED', "
      "\"pipelineTaskName\": "
      "\"{1}\", \"pipelineJobResourceName\": concat(run.name, \"-\", run.id), \"error\": {0}.state == 'succeeded' ? {{}} : "
      "{{\"code\": 9, \"message\": "
      "{0}.reason}}}}",
      task, producer);
  return parse_expression(text, Dialect::native, reading.task.place);
}

}  // namespace kfrun::pipeline
