#include "pipeline/task_reader.h"

#include <algorithm>

#include "base/text.h"
#include "pipeline/binding_reader.h"
#include "pipeline/dag_reader.h"
#include "pipeline/declarations.h"
#include "pipeline/kfp_component.h"

namespace kfrun::pipeline {
namespace {

using Keys = std::vector<std::string_view>;

// The keys that say what a task does, and what else goes with each of them.
enum class Form { container, component, pipeline, apply, import, pause };

constexpr std::string_view kCommonKeys[] = {
    "description", "when", "after", "matrix", "max-parallel", "fail-fast", "always", "ignore-failure", "continue-on-failure"};
constexpr std::string_view kFormKeys[] = {"uses", "pipeline", "apply", "import", "pause", "suspend"};
constexpr std::string_view kStartKeys[] = {"image", "command", "args", "script"};

void add(Keys& keys, std::span<const std::string_view> more) { keys.insert(keys.end(), more.begin(), more.end()); }

Keys keys_of(Form form) {
  Keys keys;
  add(keys, kCommonKeys);
  switch (form) {
    case Form::container:
      add(keys, kContainerKeys);
      add(keys, kPolicyKeys);
      add(keys, Keys{"inputs", "outputs"});
      break;
    case Form::component:
      add(keys, kPolicyKeys);
      add(keys, Keys{"uses", "with", "image", "env", "workdir", "resources", "pod"});
      break;
    case Form::pipeline:
      add(keys, Keys{"uses", "pipeline", "with", "timeout"});
      break;
    case Form::apply:
      add(keys, Keys{"apply", "images", "retry", "timeout", "once"});
      break;
    case Form::import:
      add(keys, Keys{"import", "outputs"});
      break;
    case Form::pause:
      add(keys, Keys{"pause", "suspend"});
      break;
  }
  return keys;
}

const Keys& all_keys() {
  static const Keys keys = [] {
    Keys all;
    for (const auto form : {Form::container, Form::component, Form::pipeline, Form::apply, Form::import, Form::pause})
      add(all, keys_of(form));
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }();
  return keys;
}

bool has(std::span<const std::string_view> keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void check_keys(const Cursor& task, Form form, std::string_view form_key) {
  const Keys allowed = keys_of(form);
  for (const auto& field : task.fields()) {
    if (has(allowed, field.name) || !has(all_keys(), field.name) || has(kFormKeys, field.name)) continue;
    std::vector<std::string> hints;
    if (form == Form::component) hints = {"what the component runs is said in the component"};
    if (field.name == "inputs") hints = {"what it is given stands under 'with'"};
    if (form == Form::pipeline) hints = {"what its tasks are to have is said in the pipeline's tasks or 'defaults'"};
    if (form == Form::container && field.name == "with")
      hints = {"a task without 'uses' names what it takes in its texts, or under 'inputs'"};
    field.key.error(form == Form::container ? fmt::format("'{}' goes with other kinds of tasks only", field.name)
                                            : fmt::format("'{}' does not go with '{}'", field.name, form_key),
                    std::move(hints));
  }
}

void check_component(const Cursor& component) {
  Keys keys{"apiVersion", "kind", "name", "description", "inputs", "outputs"};
  add(keys, kContainerKeys);
  add(keys, kPolicyKeys);
  const bool all_known = component.check_keys(keys);
  const auto name = component.find("name");
  const auto text = name ? name->string() : std::nullopt;
  if (text) check_object_name(*name, *text, "a component");
  const bool starts =
      std::any_of(std::begin(kStartKeys), std::end(kStartKeys), [&](auto key) { return component.find(key).has_value(); });
  if (!starts && all_known) component.error("this component does not say what it runs", {"e.g. command: [...] or script: ..."});
}

std::vector<NamedType> named(const std::vector<Output>& outputs) {
  std::vector<NamedType> list;
  for (const auto& output : outputs) list.push_back({output.name, output.type});
  return list;
}

}  // namespace

struct TaskReader::Reading {
  const Field& field;
  Cursor at;
  TaskSignature& signature;
  Task task;
  std::set<int> needs;
  Standpoint from;
  bool has_unknown_keys = false;  // what it does may be one of them, misspelt
};

Task TaskReader::read(const Field& field, TaskSignature& signature) {
  Reading reading{field, field.value, signature, {}, {}, {}, false};
  reading.task.name = field.name;
  reading.task.place = field.key.place();
  if (!field.value.node().is_mapping()) {
    field.value.expected("a task (a mapping)");
    return std::move(reading.task);
  }
  reading.has_unknown_keys = !reading.at.check_keys(all_keys());
  reading.from = {field.name, is_final_, nullptr, reading.at.find("matrix").has_value(), &reading.needs};
  reading.task.loop = read_loop(reading.at, bindings(reading), signature.axes);
  signature.is_looped = reading.task.loop.has_value();
  reading.from.axes = &signature.axes;
  read_conditions(reading);
  read_after(reading);
  read_body(reading);
  reading.task.dependencies.assign(reading.needs.begin(), reading.needs.end());
  signature.ignores_failure = reading.task.ignore_failure;
  return std::move(reading.task);
}

NameMeaning TaskReader::bindings(const Reading& reading) const {
  return [this, from = &reading.from](const Expression& name, bool) { return names_.meaning(name, *from); };
}

void TaskReader::read_conditions(Reading& reading) {
  Task& task = reading.task;
  if (const auto always = reading.at.find("always"); always && always->flag().value_or(false))
    task.trigger = Trigger::all_finished;
  const auto ignore = reading.at.find("ignore-failure"), go_on = reading.at.find("continue-on-failure");
  if (ignore && go_on) go_on->error("'continue-on-failure' and 'ignore-failure' are two words for the same: keep one");
  if (const auto& flag = ignore ? ignore : go_on) task.ignore_failure = flag->flag().value_or(false);
  const auto when = reading.at.find("when");
  const auto condition = when ? when->condition() : std::nullopt;
  if (!condition) return;
  Typed typed = resolve_names(*condition, bindings(reading), compiler_.diagnostics());
  if (!fits(typed.type, {TypeKind::boolean, ""}))
    when->error(fmt::format("a condition is true or false, this is of type {}", to_string(typed.type)));
  for (const auto& name : references(typed.expression)) {
    const auto parts = split(name, '.');
    if (parts.size() != 3 || parts[0] != "tasks" || parts[2] != "state" || task.trigger != Trigger::all_succeeded) continue;
    const TaskSignature* other = names_.find_task(parts[1]);
    if (!other || other->ignores_failure || other->is_final != is_final_) continue;
    when->warning(fmt::format("'{}' is not asked this unless '{}' succeeded", task.name, parts[1]),
                  {"with 'always: true' it is asked whatever became of the tasks that it needs"});
  }
  task.condition = std::move(typed.expression);
}

void TaskReader::read_after(Reading& reading) {
  const auto after = reading.at.find("after");
  if (!after) return;
  const auto list = after->node().is_string() ? std::vector<Cursor>{*after} : after->items("a task or a list of tasks");
  for (const auto& item : list) {
    const auto name = item.string();
    if (!name) continue;
    const TaskSignature* other = names_.find_task(*name);
    if (!other) {
      item.error(fmt::format("unknown task '{}'", *name), suggestions(*name, names_.task_names()));
    } else if (other->is_final && !is_final_) {
      item.error(fmt::format("task '{}' is in 'finally': it runs after all others", *name));
    } else if (is_final_ && !other->is_final) {
      item.warning(fmt::format("'finally' runs after '{}' anyway", *name));
    } else if (other->index >= 0) {
      reading.needs.insert(other->index);
    }
  }
}

void TaskReader::read_body(Reading& reading) {
  std::vector<std::string> forms;
  for (const auto& field : reading.at.fields()) {
    if (has(kFormKeys, field.name) && !field.value.node().is_null()) forms.push_back(field.name);
  }
  const bool starts =
      std::any_of(std::begin(kStartKeys), std::end(kStartKeys), [&](auto key) { return reading.at.find(key).has_value(); });
  if (forms.size() > 1)
    return reading.field.key.error(fmt::format("a task does one thing, this one says {}", join(forms, " and ")));
  if (forms.empty()) {
    if (!starts && !reading.has_unknown_keys) {
      reading.field.key.error("this task does not say what it does",
                              {"e.g. command: [...], script: ..., uses: ..., pipeline: {...} or apply: ..."});
    }
    if (!starts) return;
    check_keys(reading.at, Form::container, "");
    return read_inline_container(reading);
  }
  const std::string& form = forms.front();
  if (form == "uses") return read_use(reading);
  check_keys(reading.at,
             form == "pipeline" ? Form::pipeline
             : form == "apply"  ? Form::apply
             : form == "import" ? Form::import
                                : Form::pause,
             form);
  if (form == "pipeline") return read_inline_pipeline(reading);
  if (form == "apply") return read_apply(reading);
  if (form == "import") return read_import(reading);
  read_pause(reading);
}

// ---- containers

std::vector<Layer> TaskReader::layers(Reading& reading, TaskNames& own, const std::optional<Cursor>& component) const {
  const NameMeaning in_task = [&own](const Expression& name, bool guarded) { return own.in_task(name, guarded); };
  const NameMeaning in_component = [&own](const Expression& name, bool guarded) { return own.in_component(name, guarded); };
  std::vector<Layer> list;
  for (const auto& layer : defaults_) list.push_back({layer, in_task, bindings(reading)});
  if (component) list.push_back({*component, in_component, in_component});
  list.push_back({reading.at, in_task, bindings(reading)});
  return list;
}

void TaskReader::read_declared_inputs(Reading& reading) {
  const auto inputs = reading.at.find("inputs");
  if (!inputs) return;
  static constexpr std::string_view kKeys[] = {"value", "type", "optional"};
  for (const auto& field : inputs->fields("a mapping of names to values")) {
    if (!check_value_name(field.key, field.name, "an input")) continue;
    const bool is_detailed = field.value.node().is_mapping();
    if (is_detailed) field.value.check_keys(kKeys);
    const auto value = is_detailed ? field.value.find("value") : std::optional(field.value);
    if (!value) {
      field.value.error("'value' is missing: what is the input?");
      continue;
    }
    auto binding = read_binding(field, *value, bindings(reading));
    if (!binding) continue;
    Input& input = binding->input;
    if (const auto flag = is_detailed ? field.value.find("optional") : std::nullopt)
      input.optional = flag->flag().value_or(false);
    const auto word = is_detailed ? field.value.find("type") : std::nullopt;
    const auto type = word ? read_type(*word) : std::nullopt;
    if (type) {
      Parameter expected;
      expected.name = field.name;
      expected.type = *type;
      expected.optional = input.optional;
      check_binding(*value, expected, input);
    }
    reading.task.inputs.push_back(std::move(input));
  }
}

namespace {

// What can be said of a container task once its texts are read.
void check_container(const Task& task, const TaskNames& own, const Cursor& outputs_at, Diagnostics& diagnostics) {
  const bool has_command = !task.container.command.empty();
  if (!has_command && !task.outputs.empty()) {
    outputs_at.error(fmt::format("'{}' has outputs but no 'command'", task.name),
                     {"what wraps the command to hand outputs over cannot know the image's own entrypoint: say it"});
  }
  if (!has_command &&
      std::any_of(task.inputs.begin(), task.inputs.end(), [](const Input& input) { return input.type.is_artifact(); })) {
    outputs_at.error(fmt::format("'{}' takes artifacts but has no 'command'", task.name),
                     {"what wraps the command to bring artifacts cannot know the image's own entrypoint: say it"});
  }
  for (const auto& output : task.outputs) {
    if (own.mentions_output(output.name) || !output.path.empty() || output.default_value) continue;
    diagnostics.push_back(
        {Severity::warning,
         output.place,
         fmt::format("the task is not told where to write output '{}'", output.name),
         {fmt::format("hand it ${{{{ outputs.{} }}}}, the path to write it to, or give it a fixed 'path'", output.name)}});
  }
}

}  // namespace

void TaskReader::read_inline_container(Reading& reading) {
  Task& task = reading.task;
  read_declared_inputs(reading);
  if (const auto outputs = reading.at.find("outputs")) task.outputs = read_outputs(*outputs);
  reading.signature.outputs = named(task.outputs);
  reading.signature.is_known = true;
  const std::size_t declared = task.inputs.size();
  TaskNames own(task.inputs, task.outputs, &names_, reading.from, compiler_.diagnostics());
  const auto all = layers(reading, own, std::nullopt);
  read_container(all, compiler_.library().files(), task);
  read_policies(all, task);
  check_container(task, own, reading.field.key, compiler_.diagnostics());
  for (std::size_t i = 0; i < declared; ++i) {
    const Input& input = task.inputs[i];
    if (own.mentions_input(input.name)) continue;
    compiler_.diagnostics().push_back({Severity::warning, input.place, fmt::format("input '{}' is never used", input.name), {}});
  }
}

void TaskReader::read_use(Reading& reading) {
  const Cursor uses = *reading.at.find("uses");
  const Entry* entry = compiler_.library().find(uses);
  if (!entry) return;
  if (entry->kind != EntryKind::pipeline) {
    check_keys(reading.at, Form::component, "uses");
    return read_component(reading, *entry);
  }
  check_keys(reading.at, Form::pipeline, "uses");
  const int body = compiler_.dag_of(*entry, uses);
  if (body >= 0) read_sub_dag(reading, body);
}

void TaskReader::read_component(Reading& reading, const Entry& entry) {
  Task& task = reading.task;
  Cursor document = entry.document;
  const auto parameters_of = [](const Cursor& component) {
    const auto inputs = component.find("inputs");
    return inputs ? read_parameters(*inputs, "an input") : std::vector<Parameter>{};
  };
  if (entry.kind == EntryKind::kfp_component) {
    const auto with = reading.at.find("with");
    const auto is_given = [&](const std::string& name) -> std::optional<bool> {
      const auto list = with ? with->fields() : std::vector<Field>{};
      return std::any_of(list.begin(), list.end(),
                         [&](const Field& field) { return kfp_name(field.name) == name && !field.value.node().is_null(); });
    };
    document = Cursor(compiler_.keep(component_of_kfp(entry.document, is_given)), entry.document.file(), compiler_.diagnostics());
  }
  if (entry.kind == EntryKind::component) check_component(document);
  const auto parameters = parameters_of(document);
  task.inputs = read_with(reading.at, parameters, true, bindings(reading));
  if (const auto outputs = document.find("outputs")) task.outputs = read_outputs(*outputs);
  reading.signature.outputs = named(task.outputs);
  reading.signature.is_known = true;
  TaskNames own(task.inputs, task.outputs, &names_, reading.from, compiler_.diagnostics());
  const auto all = layers(reading, own, document);
  read_container(all, compiler_.library().files(), task);
  read_policies(all, task);
  check_container(task, own, reading.field.key, compiler_.diagnostics());
  if (entry.kind == EntryKind::kfp_component) return;
  for (const auto& parameter : parameters) {
    if (own.mentions_input(parameter.name)) continue;
    compiler_.diagnostics().push_back(
        {Severity::warning, parameter.place, fmt::format("input '{}' is never used", parameter.name), {}});
  }
}

// ---- pipelines

void TaskReader::read_sub_dag(Reading& reading, int body) {
  Task& task = reading.task;
  task.kind = TaskKind::sub_dag;
  task.body = body;
  task.inputs = read_with(reading.at, compiler_.dag(body).params, false, bindings(reading));
  for (const auto& output : compiler_.dag(body).outputs) {
    Output made;
    made.name = output.name;
    made.type = output.type;
    made.place = output.place;
    task.outputs.push_back(std::move(made));
  }
  reading.signature.outputs = named(task.outputs);
  reading.signature.is_known = true;
  if (const auto timeout = reading.at.find("timeout")) task.timeout = timeout->duration(true);
}

// Without `params` of its own it has those that `with` gives.
void TaskReader::read_inline_pipeline(Reading& reading) {
  const Cursor body = *reading.at.find("pipeline");
  if (!body.node().is_mapping())
    return body.expected("a pipeline (a mapping with 'tasks')", {"a pipeline in a file is used with 'uses'"});
  Keys keys{"name", "description"};
  add(keys, kDagKeys);
  body.check_keys(keys);
  std::vector<Parameter> parameters;
  if (const auto declared = body.find("params")) {
    parameters = read_parameters(*declared, "a parameter");
  } else if (const auto with = reading.at.find("with")) {
    for (const auto& field : with->fields("a mapping of parameters to values")) {
      if (!check_value_name(field.key, field.name, "a parameter")) continue;
      const auto binding = read_binding(field, field.value, bindings(reading));
      Parameter parameter;
      parameter.name = field.name;
      parameter.place = field.key.place();
      parameter.type = binding ? binding->input.type : Type{TypeKind::any, ""};
      parameter.optional = binding && binding->may_be_null;
      parameters.push_back(std::move(parameter));
    }
  }
  read_sub_dag(reading, compiler_.add_dag(body, reading.task.name, std::move(parameters), defaults_));
}

// ---- other kinds

void TaskReader::read_apply(Reading& reading) {
  Task& task = reading.task;
  task.kind = TaskKind::apply;
  reading.signature.is_known = true;
  const Cursor overlay = *reading.at.find("apply");
  TaskNames own(task.inputs, task.outputs, &names_, reading.from, compiler_.diagnostics());
  const Layer layer{reading.at, [&own](const Expression& name, bool guarded) { return own.in_task(name, guarded); },
                    bindings(reading)};
  read_policies(std::span(&layer, 1), task);
  if (const auto images = reading.at.find("images")) {
    for (const auto& field : images->fields("a mapping of image names to images")) {
      if (auto image = read_text(field.value, layer.texts)) task.overlay_images.emplace_back(field.name, std::move(*image));
    }
  }
  const auto path = overlay.string();
  if (!path) return;
  if (path->find("${{") != std::string::npos)
    return overlay.error("the overlay must be known before the run: ${{ }} cannot stand here");
  const std::string folder = clean_path(join_path(directory_of(overlay.file().name()), *path));
  if (!compiler_.library().files().is_directory(folder)) {
    overlay.error(fmt::format("there is no folder {}", folder),
                  {"overlays are looked for from the folder of the file that names them"});
  }
  task.overlay = compiler_.from_root(overlay.file().name(), *path);
}

void TaskReader::read_import(Reading& reading) {
  Task& task = reading.task;
  task.kind = TaskKind::importer;
  reading.signature.is_known = true;
  if (const auto outputs = reading.at.find("outputs")) {
    task.outputs = read_outputs(*outputs);
    for (const auto& field : outputs->fields()) {
      const auto found =
          std::find_if(task.outputs.begin(), task.outputs.end(), [&](const Output& output) { return output.name == field.name; });
      if (found != task.outputs.end() && found->type.kind != TypeKind::artifact)
        field.value.error("what is imported is an artifact");
    }
  } else {
    Output output;
    output.name = "artifact";
    output.type.kind = TypeKind::artifact;
    output.place = task.place;
    task.outputs.push_back(std::move(output));
  }
  if (task.outputs.size() != 1) reading.at.error("an import gives one output");
  reading.signature.outputs = named(task.outputs);
  TaskNames own(task.inputs, task.outputs, &names_, reading.from, compiler_.diagnostics());
  const NameMeaning texts = [&own](const Expression& name, bool guarded) { return own.in_task(name, guarded); };
  if (auto uri = read_text(*reading.at.find("import"), texts)) task.importer_uri = std::move(*uri);
}

void TaskReader::read_pause(Reading& reading) {
  Task& task = reading.task;
  task.kind = TaskKind::suspend;
  reading.signature.is_known = true;
  if (const auto pause = reading.at.find("pause")) {
    task.pause = pause->duration(true);
  } else if (const auto suspend = reading.at.find("suspend"); !suspend->flag().value_or(true)) {
    suspend->expected("true", {"'pause: 10m' goes on by itself"});
  }
}

}  // namespace kfrun::pipeline
