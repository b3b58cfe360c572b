// A pipeline as a document and back: the plan that the run record keeps. Defaults are left out; expressions are written as
// templates, constants as themselves; durations in nanoseconds.
#include <concepts>

#include "pipeline/dag.h"

namespace kfrun::pipeline {
namespace {

using document::Node;

constexpr std::string_view kFormat = "kfrun/plan-v1";

// ---- writing

void put(Node& node, std::string_view key, const std::string& text) {
  if (!text.empty()) node.set(key, Node::string(text));
}
void put(Node& node, std::string_view key, std::same_as<bool> auto flag, bool usual) {
  if (flag != usual) node.set(key, Node::boolean(flag));
}
void put(Node& node, std::string_view key, long long number, long long usual) {
  if (number != usual) node.set(key, Node::integer(number));
}
void put(Node& node, std::string_view key, const std::optional<Duration>& duration) {
  if (duration) node.set(key, Node::integer(duration->count()));
}

Node write(const Expression& expression) {
  if (expression.is_constant() && !expression.literal.is_string()) return expression.literal;
  return Node::string(to_template(expression));
}
void put(Node& node, std::string_view key, const std::optional<Expression>& expression) {
  if (expression) node.set(key, write(*expression));
}

void put_place(Node& node, const Place& place, const std::string& source) {
  if (!place.known()) return;
  Node at = Node::mapping(document::Mapping{});
  if (place.file != source) at.set("file", Node::string(place.file));
  if (place.line > 0) at.set("line", Node::integer(place.line));
  if (place.column > 0) at.set("column", Node::integer(place.column));
  put(at, "path", place.path);
  node.set("at", std::move(at));
}

template <typename T, typename Write>
void put_list(Node& node, std::string_view key, const std::vector<T>& list, Write write_item) {
  if (list.empty()) return;
  Node items = Node::sequence();
  for (const auto& item : list) items.push_back(write_item(item));
  node.set(key, std::move(items));
}

void put_pairs(Node& node, std::string_view key, const std::vector<std::pair<std::string, Expression>>& pairs) {
  put_list(node, key, pairs, [](const auto& pair) {
    return Node::mapping({{"name", Node::string(pair.first)}, {"value", write(pair.second)}});
  });
}

void put_map(Node& node, std::string_view key, const std::map<std::string, std::string>& map) {
  if (map.empty()) return;
  Node& made = node.set(key, Node::mapping(document::Mapping{}));
  for (const auto& [name, text] : map) made.set(name, Node::string(text));
}

class Writer {
 public:
  explicit Writer(const Pipeline& pipeline) : pipeline_(pipeline) {}

  Node write_pipeline() const {
    Node node = Node::mapping({{"format", Node::string(std::string(kFormat))}, {"name", Node::string(pipeline_.name)}});
    put(node, "description", pipeline_.description);
    put(node, "source", pipeline_.source);
    if (!pipeline_.workspace.is_null()) node.set("workspace", pipeline_.workspace);
    put_list(node, "dags", pipeline_.dags, [&](const Dag& dag) { return write_dag(dag); });
    return node;
  }

 private:
  Node named(const std::string& name, const Place& place) const {
    Node node = Node::mapping({{"name", Node::string(name)}});
    put_place(node, place, pipeline_.source);
    return node;
  }

  static void put_type(Node& node, const Type& type) {
    node.set("type", Node::string(std::string(to_string(type.kind))));
    put(node, "artifactType", type.artifact_type);
  }

  Node write_dag(const Dag& dag) const {
    Node node = Node::mapping({{"name", Node::string(dag.name)}});
    put(node, "maxParallel", dag.max_parallel, 0);
    put(node, "failFast", dag.fail_fast, false);
    put_list(node, "params", dag.params, [&](const Parameter& param) { return write_parameter(param); });
    put_list(node, "tasks", dag.tasks, [&](const Task& task) { return write_task(task); });
    put_list(node, "finals", dag.finals, [&](const Task& task) { return write_task(task); });
    put_list(node, "outputs", dag.outputs, [&](const DagOutput& output) {
      Node made = named(output.name, output.place);
      put_type(made, output.type);
      made.set("value", write(output.value));
      return made;
    });
    return node;
  }

  Node write_parameter(const Parameter& param) const {
    Node node = named(param.name, param.place);
    put_type(node, param.type);
    if (param.default_value) node.set("default", *param.default_value);
    put(node, "description", param.description);
    put_list(node, "allowed", param.allowed, [](const Value& value) { return value; });
    put(node, "optional", param.optional, false);
    return node;
  }

  Node write_input(const Input& input) const {
    Node node = named(input.name, input.place);
    put_type(node, input.type);
    node.set("binding", write(input.binding));
    put(node, "optional", input.optional, false);
    put(node, "checked", input.checked, false);
    if (input.default_value) node.set("default", *input.default_value);
    put_list(node, "allowed", input.allowed, [](const Value& value) { return value; });
    return node;
  }

  Node write_output(const Output& output) const {
    Node node = named(output.name, output.place);
    put_type(node, output.type);
    put(node, "fileName", output.file_name);
    put(node, "path", output.path);
    if (output.default_value) node.set("default", *output.default_value);
    return node;
  }

  Node write_task(const Task& task) const {
    Node node = named(task.name, task.place);
    node.set("kind", Node::string(std::string(to_string(task.kind))));
    put_list(node, "inputs", task.inputs, [&](const Input& input) { return write_input(input); });
    put_list(node, "outputs", task.outputs, [&](const Output& output) { return write_output(output); });
    put_list(node, "dependencies", task.dependencies, [](int i) { return Node::integer(i); });
    if (task.trigger == Trigger::all_finished) node.set("trigger", Node::string("all_finished"));
    if (task.trigger == Trigger::expression) node.set("trigger", Node::string("expression"));
    put(node, "depends", task.depends);
    put(node, "condition", task.condition);
    if (task.loop) node.set("loop", write_loop(*task.loop));
    if (task.retry.limit != 0 || task.retry.condition) node.set("retry", write_retry(task.retry));
    put(node, "timeout", task.timeout);
    put(node, "cache", task.cache, true);
    put(node, "cacheKey", task.cache_key);
    put(node, "once", task.once, false);
    put(node, "nodeLossWait", task.node_loss_wait);
    put(node, "ignoreFailure", task.ignore_failure, false);
    if (task.protocol == Protocol::kfp) node.set("protocol", Node::string("kfp"));
    put_body(node, task);
    if (!task.pod.is_null()) node.set("pod", task.pod);
    return node;
  }

  static Node write_loop(const Loop& loop) {
    Node node = Node::mapping(document::Mapping{});
    put_list(node, "axes", loop.axes, [](const Loop::Axis& axis) {
      return Node::mapping({{"name", Node::string(axis.name)}, {"values", write(axis.values)}});
    });
    put(node, "maxParallel", loop.max_parallel, 0);
    put(node, "failFast", loop.fail_fast, true);
    return node;
  }

  static Node write_retry(const RetryPolicy& retry) {
    Node node = Node::mapping({{"limit", Node::integer(retry.limit)}});
    put(node, "backoff", retry.backoff.count(), 0);
    if (retry.factor != 2) node.set("factor", Node::number(retry.factor));
    put(node, "maxBackoff", retry.max_backoff);
    put(node, "condition", retry.condition);
    return node;
  }

  static void put_body(Node& node, const Task& task) {
    switch (task.kind) {
      case TaskKind::container:
        node.set("container", write_container(task.container));
        break;
      case TaskKind::sub_dag:
        node.set("body", Node::integer(task.body));
        break;
      case TaskKind::importer:
        node.set("uri", write(task.importer_uri));
        put(node, "metadata", task.importer_metadata);
        break;
      case TaskKind::apply:
        put(node, "overlay", task.overlay);
        put_pairs(node, "overlayImages", task.overlay_images);
        break;
      case TaskKind::resource:
        node.set("manifest", task.manifest);
        put(node, "removes", task.removes, false);
        break;
      case TaskKind::suspend:
        put(node, "pause", task.pause);
        break;
    }
  }

  static Node write_container(const ContainerTemplate& container) {
    Node node = Node::mapping(document::Mapping{});
    node.set("image", write(container.image));
    put_list(node, "command", container.command, [](const Expression& word) { return write(word); });
    put_list(node, "args", container.args, [](const Expression& word) { return write(word); });
    put_pairs(node, "environment", container.environment);
    put(node, "workingDirectory", container.working_directory);
    put(node, "script", container.script);
    put_map(node, "requests", container.requests);
    put_map(node, "limits", container.limits);
    return node;
  }

  const Pipeline& pipeline_;
};

// ---- reading

class Reader {
 public:
  Pipeline read_pipeline(const Node& node) {
    if (node.text_of("format") != kFormat) throw make_error(ErrorKind::input, "this is not a plan of kfrun ({})", kFormat);
    Pipeline pipeline;
    pipeline.name = node.text_of("name");
    pipeline.description = node.text_of("description");
    source_ = pipeline.source = node.text_of("source");
    if (const Node* workspace = node.find("workspace")) pipeline.workspace = *workspace;
    each(node, "dags", [&](const Node& item) { pipeline.dags.push_back(read_dag(item)); });
    for (const auto& dag : pipeline.dags) {
      check_indices(dag.tasks, pipeline.dags.size());
      check_indices(dag.finals, pipeline.dags.size());
    }
    return pipeline;
  }

 private:
  [[noreturn]] static void damaged(std::string_view key) {
    throw make_error(ErrorKind::input, "this plan is damaged: '{}' is not as expected", key);
  }

  template <typename Each>
  static void each(const Node& node, std::string_view key, Each visit) {
    const Node* list = node.find(key);
    if (!list) return;
    if (!list->is_sequence()) damaged(key);
    for (const auto& item : list->items()) visit(item);
  }

  static long long number(const Node& node, std::string_view key, long long usual) {
    const Node* found = node.find(key);
    if (!found) return usual;
    const auto value = found->as_integer();
    if (!value) damaged(key);
    return *value;
  }

  static int small_number(const Node& node, std::string_view key, int usual) {
    const auto value = number(node, key, usual);
    if (value < INT32_MIN || value > INT32_MAX) damaged(key);
    return static_cast<int>(value);
  }

  static bool flag(const Node& node, std::string_view key, bool usual) {
    const Node* found = node.find(key);
    if (!found) return usual;
    const auto value = found->as_boolean();
    if (!value) damaged(key);
    return *value;
  }

  static std::optional<Duration> duration(const Node& node, std::string_view key) {
    return node.find(key) ? std::optional<Duration>(Duration(number(node, key, 0))) : std::nullopt;
  }

  static std::optional<Value> value(const Node& node, std::string_view key) {
    const Node* found = node.find(key);
    return found ? std::optional<Value>(*found) : std::nullopt;
  }

  static std::optional<Expression> expression(const Node& node, std::string_view key, const Place& place) {
    const Node* found = node.find(key);
    if (!found) return std::nullopt;
    return read_expression(*found, place);
  }

  static Expression read_expression(const Node& node, const Place& place) {
    if (!node.is_string()) return Expression::constant(node, place);
    Expression expression = parse_template(node.text(), Dialect::native, Place{});
    set_place(expression, place);
    return expression;
  }

  // Places inside of the expression are not kept: all of it is where its owner stands.
  static void set_place(Expression& expression, const Place& place) {
    expression.place = place;
    for (auto& operand : expression.operands) set_place(operand, place);
  }

  static Expression needed(const Node& node, std::string_view key, const Place& place) {
    auto found = expression(node, key, place);
    if (!found) damaged(key);
    return std::move(*found);
  }

  Place place(const Node& node) const {
    const Node* at = node.find("at");
    if (!at) return {};
    return {at->text_of("file", source_), small_number(*at, "line", 0), small_number(*at, "column", 0), at->text_of("path")};
  }

  static Type type(const Node& node) {
    const auto kind = parse_type_kind(node.text_of("type"));
    if (!kind) damaged("type");
    return {*kind, node.text_of("artifactType")};
  }

  static void check_indices(const std::vector<Task>& tasks, std::size_t dags) {
    for (const auto& task : tasks) {
      for (const int need : task.dependencies) {
        if (need < 0 || static_cast<std::size_t>(need) >= tasks.size()) damaged("dependencies");
      }
      if (task.kind == TaskKind::sub_dag && (task.body < 0 || static_cast<std::size_t>(task.body) >= dags)) damaged("body");
    }
  }

  Dag read_dag(const Node& node) const {
    Dag dag;
    dag.name = node.text_of("name");
    dag.max_parallel = small_number(node, "maxParallel", 0);
    dag.fail_fast = flag(node, "failFast", false);
    each(node, "params", [&](const Node& item) { dag.params.push_back(read_parameter(item)); });
    each(node, "tasks", [&](const Node& item) { dag.tasks.push_back(read_task(item)); });
    each(node, "finals", [&](const Node& item) { dag.finals.push_back(read_task(item)); });
    each(node, "outputs", [&](const Node& item) {
      const Place at = place(item);
      dag.outputs.push_back({item.text_of("name"), type(item), needed(item, "value", at), at});
    });
    return dag;
  }

  Parameter read_parameter(const Node& node) const {
    Parameter param{node.text_of("name"), type(node), value(node, "default"), node.text_of("description"), {}, false,
                    place(node)};
    each(node, "allowed", [&](const Node& item) { param.allowed.push_back(item); });
    param.optional = flag(node, "optional", false);
    return param;
  }

  Input read_input(const Node& node) const {
    const Place at = place(node);
    Input input{node.text_of("name"), type(node), needed(node, "binding", at), flag(node, "optional", false), at};
    input.checked = flag(node, "checked", false);
    input.default_value = value(node, "default");
    each(node, "allowed", [&](const Node& item) { input.allowed.push_back(item); });
    return input;
  }

  Output read_output(const Node& node) const {
    return {node.text_of("name"),   type(node), node.text_of("fileName"), node.text_of("path"),
            value(node, "default"), place(node)};
  }

  static TaskKind task_kind(const std::string& word) {
    for (const auto kind :
         {TaskKind::container, TaskKind::sub_dag, TaskKind::importer, TaskKind::apply, TaskKind::resource, TaskKind::suspend}) {
      if (to_string(kind) == word) return kind;
    }
    damaged("kind");
  }

  Task read_task(const Node& node) const {
    Task task;
    task.name = node.text_of("name");
    task.kind = task_kind(node.text_of("kind"));
    task.place = place(node);
    each(node, "inputs", [&](const Node& item) { task.inputs.push_back(read_input(item)); });
    each(node, "outputs", [&](const Node& item) { task.outputs.push_back(read_output(item)); });
    each(node, "dependencies",
         [&](const Node& item) { task.dependencies.push_back(static_cast<int>(item.as_integer().value_or(-1))); });
    const std::string trigger = node.text_of("trigger");
    task.trigger = trigger == "all_finished" ? Trigger::all_finished
                   : trigger == "expression" ? Trigger::expression
                                             : Trigger::all_succeeded;
    task.depends = expression(node, "depends", task.place);
    task.condition = expression(node, "condition", task.place);
    if (const Node* loop = node.find("loop")) task.loop = read_loop(*loop, task.place);
    if (const Node* retry = node.find("retry")) task.retry = read_retry(*retry, task.place);
    task.timeout = duration(node, "timeout");
    task.cache = flag(node, "cache", true);
    task.cache_key = node.text_of("cacheKey");
    task.once = flag(node, "once", false);
    task.node_loss_wait = duration(node, "nodeLossWait");
    task.ignore_failure = flag(node, "ignoreFailure", false);
    if (node.text_of("protocol") == "kfp") task.protocol = Protocol::kfp;
    read_body(node, task);
    if (const Node* pod = node.find("pod")) task.pod = *pod;
    return task;
  }

  static Loop read_loop(const Node& node, const Place& place) {
    Loop loop;
    each(node, "axes", [&](const Node& item) { loop.axes.push_back({item.text_of("name"), needed(item, "values", place)}); });
    loop.max_parallel = small_number(node, "maxParallel", 0);
    loop.fail_fast = flag(node, "failFast", true);
    return loop;
  }

  static RetryPolicy read_retry(const Node& node, const Place& place) {
    RetryPolicy retry;
    retry.limit = small_number(node, "limit", 0);
    retry.backoff = Duration(number(node, "backoff", 0));
    if (const Node* factor = node.find("factor")) retry.factor = factor->as_number().value_or(2);
    retry.max_backoff = duration(node, "maxBackoff");
    retry.condition = expression(node, "condition", place);
    return retry;
  }

  static std::vector<std::pair<std::string, Expression>> pairs(const Node& node, std::string_view key, const Place& place) {
    std::vector<std::pair<std::string, Expression>> list;
    each(node, key, [&](const Node& item) { list.emplace_back(item.text_of("name"), needed(item, "value", place)); });
    return list;
  }

  static void read_body(const Node& node, Task& task) {
    if (const Node* container = node.find("container")) task.container = read_container(*container, task.place);
    task.body = small_number(node, "body", -1);
    if (task.kind == TaskKind::importer) task.importer_uri = needed(node, "uri", task.place);
    task.importer_metadata = expression(node, "metadata", task.place);
    task.overlay = node.text_of("overlay");
    task.overlay_images = pairs(node, "overlayImages", task.place);
    if (const Node* manifest = node.find("manifest")) task.manifest = *manifest;
    task.removes = flag(node, "removes", false);
    task.pause = duration(node, "pause");
  }

  static ContainerTemplate read_container(const Node& node, const Place& place) {
    ContainerTemplate container;
    container.image = needed(node, "image", place);
    each(node, "command", [&](const Node& item) { container.command.push_back(read_expression(item, place)); });
    each(node, "args", [&](const Node& item) { container.args.push_back(read_expression(item, place)); });
    container.environment = pairs(node, "environment", place);
    container.working_directory = node.text_of("workingDirectory");
    container.script = expression(node, "script", place);
    read_map(node, "requests", container.requests);
    read_map(node, "limits", container.limits);
    return container;
  }

  static void read_map(const Node& node, std::string_view key, std::map<std::string, std::string>& map) {
    const Node* found = node.find(key);
    if (!found) return;
    if (!found->is_mapping()) damaged(key);
    for (const auto& member : found->members()) map[member.key.text()] = member.value.text();
  }

  std::string source_;
};

}  // namespace

document::Node to_node(const Pipeline& pipeline) { return Writer(pipeline).write_pipeline(); }

Pipeline pipeline_from_node(const document::Node& node) { return Reader().read_pipeline(node); }

}  // namespace kfrun::pipeline
