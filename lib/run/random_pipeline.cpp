#include "run/random_pipeline.h"

#include "run/random.h"

namespace kfrun::run {

namespace {

using namespace pipeline;  // NOLINT: this file is about nothing else

Expression parsed(const std::string& text) { return parse_expression(text, Dialect::native, {}); }

class Maker {
 public:
  Maker(std::uint64_t seed, const RandomPipelineOptions& options) : random_(seed), options_(options) {}

  Pipeline make() {
    Pipeline pipeline;
    pipeline.name = "random";
    const int dags = 1 + random_.below(3);
    for (int i = 0; i < dags; ++i) pipeline.dags.push_back(make_dag(i, dags));
    return pipeline;
  }

 private:
  // Bodies come behind the dags that use them, so that nothing recurses.
  Dag make_dag(int number, int dags) {
    Dag dag;
    dag.name = fmt::format("dag{}", number);
    dag.params.push_back(parameter("n", TypeKind::integer, Value::integer(random_.below(10))));
    dag.params.push_back(parameter("l", TypeKind::list, random_list()));
    if (random_.percent(20)) dag.max_parallel = 1 + random_.below(3);
    dag.fail_fast = options_.fail_fast && random_.percent(30);
    const int tasks = 1 + random_.below(options_.max_tasks);
    for (int i = 0; i < tasks; ++i) dag.tasks.push_back(make_task(fmt::format("t{}", i), dag.tasks, {}, number, dags));
    const int finals = random_.percent(40) ? 1 + random_.below(2) : 0;
    for (int i = 0; i < finals; ++i) {
      dag.finals.push_back(make_task(fmt::format("f{}", i), dag.finals, dag.tasks, number, dags));
      if (random_.percent(30)) dag.finals.back().condition = parsed("run.state != 'succeeded'");
    }
    for (const char* name : {"n", "l"}) {
      const auto& from = dag.tasks[static_cast<std::size_t>(random_.below(tasks))];
      if (from.kind == TaskKind::importer) continue;
      dag.outputs.push_back({name, {TypeKind::any, ""}, parsed(fmt::format("tasks.{}.outputs.{}", from.name, name)), {}});
    }
    return dag;
  }

  static Parameter parameter(const std::string& name, TypeKind kind, Value value) {
    Parameter made;
    made.name = name;
    made.type.kind = kind;
    made.default_value = std::move(value);
    return made;
  }

  Value random_list() {
    Value list = Value::sequence();
    for (int i = random_.below(4); i > 0; --i) list.push_back(Value::integer(random_.below(10)));
    return list;
  }

  // `siblings` are those made before; `others` those that a final may read without depending on them.
  Task make_task(const std::string& name, const std::vector<Task>& siblings, const std::vector<Task>& others, int dag, int dags) {
    Task task;
    task.name = name;
    choose_kind(task, dag, dags);
    if (random_.percent(25)) add_loop(task, siblings);
    add_inputs(task, siblings, others);
    if (random_.percent(20)) add_condition(task, siblings);
    for (std::size_t i = 0; i < siblings.size(); ++i) {
      if (random_.percent(10)) need(task, static_cast<int>(i));
    }
    std::sort(task.dependencies.begin(), task.dependencies.end());
    choose_trigger(task, siblings);
    choose_policies(task);
    return task;
  }

  void choose_kind(Task& task, int dag, int dags) {
    const int roll = random_.below(100);
    if (roll < 15 && dag + 1 < dags) {
      task.kind = TaskKind::sub_dag;
      task.body = dag + 1 + random_.below(dags - dag - 1);
    } else if (roll < 20) {
      task.kind = TaskKind::importer;
      task.importer_uri = Expression::constant(Value::string("s3://bucket/" + task.name));
    } else if (roll < 25) {
      task.kind = TaskKind::suspend;
      task.pause = std::chrono::seconds(random_.below(5));
    }
    if (task.kind == TaskKind::importer) {
      task.outputs.push_back(output("a", TypeKind::artifact));
    } else if (task.kind != TaskKind::suspend) {
      task.outputs = {output("n", TypeKind::integer), output("l", TypeKind::list)};
      if (task.kind == TaskKind::container) task.outputs.push_back(output("flag", TypeKind::boolean));
    }
  }

  static Output output(const std::string& name, TypeKind kind) {
    Output made;
    made.name = name;
    made.type.kind = kind;
    return made;
  }

  static void need(Task& task, int number) {
    if (std::find(task.dependencies.begin(), task.dependencies.end(), number) == task.dependencies.end()) {
      task.dependencies.push_back(number);
    }
  }

  static bool gives_numbers(const Task& task) { return task.kind == TaskKind::container || task.kind == TaskKind::sub_dag; }

  // A sibling that gives numbers, -1 when the roll finds none.
  int pick(const std::vector<Task>& siblings) {
    if (siblings.empty()) return -1;
    const int number = random_.below(static_cast<int>(siblings.size()));
    return gives_numbers(siblings[static_cast<std::size_t>(number)]) ? number : -1;
  }

  void add_loop(Task& task, const std::vector<Task>& siblings) {
    Loop loop;
    loop.max_parallel = random_.percent(30) ? 1 + random_.below(2) : 0;
    loop.fail_fast = options_.fail_fast && random_.percent(50);
    const int axes = 1 + random_.below(2);
    for (int i = 0; i < axes; ++i) {
      Expression values = parsed("params.l");
      const int from = pick(siblings);
      if (from >= 0 && !siblings[static_cast<std::size_t>(from)].loop && random_.percent(50)) {
        values = parsed(fmt::format("tasks.{}.outputs.l", siblings[static_cast<std::size_t>(from)].name));
        need(task, from);
      } else if (random_.percent(50)) {
        values = Expression::constant(Value::integer(random_.below(4)));
      }
      loop.axes.push_back({i == 0 ? "x" : "y", std::move(values)});
    }
    task.loop = std::move(loop);
  }

  void add_inputs(Task& task, const std::vector<Task>& siblings, const std::vector<Task>& others) {
    add_input(task, "n", task.loop && random_.percent(60) ? "loop.x + loop.index" : "params.n", -1, false);
    if (task.kind != TaskKind::sub_dag) add_input(task, "l", "params.l", -1, false);
    for (int i = random_.below(3); i > 0; --i) {
      const bool from_others = !others.empty() && random_.percent(50);
      const int from = pick(from_others ? others : siblings);
      if (from < 0) continue;
      const auto& producer = (from_others ? others : siblings)[static_cast<std::size_t>(from)];
      std::string value = fmt::format("tasks.{}.outputs.{}", producer.name, random_.percent(50) ? "n" : "l");
      if (random_.percent(15)) value = fmt::format("default({}, 7)", value);
      if (producer.loop && random_.percent(30)) value = fmt::format("tasks.{}.matrix.x", producer.name);
      if (random_.percent(3)) value = "tasks." + producer.name + ".outputs.l[99]";  // a fault that shows at run time only
      add_input(task, fmt::format("in{}", i), value, from_others ? -1 : from, random_.percent(30));
    }
  }

  static void add_input(Task& task, const std::string& name, const std::string& binding, int from, bool optional) {
    Input input;
    input.name = name;
    input.type.kind = TypeKind::any;
    input.binding = parsed(binding);
    input.optional = optional;
    task.inputs.push_back(std::move(input));
    if (from >= 0) need(task, from);
  }

  void add_condition(Task& task, const std::vector<Task>& siblings) {
    const int from = pick(siblings);
    if (task.loop && random_.percent(50)) {
      task.condition = parsed("loop.index != 1");
    } else if (from >= 0 && !siblings[static_cast<std::size_t>(from)].loop) {
      task.condition = parsed(fmt::format("tasks.{}.outputs.n > 300", siblings[static_cast<std::size_t>(from)].name));
      need(task, from);
    } else {
      task.condition = parsed("params.n != 3");
    }
  }

  void choose_trigger(Task& task, const std::vector<Task>& siblings) {
    if (task.dependencies.empty() || random_.percent(75)) return;
    task.trigger = Trigger::all_finished;
    if (random_.percent(50)) return;
    task.trigger = Trigger::expression;
    const auto& needed = siblings[static_cast<std::size_t>(task.dependencies.front())];
    task.depends = parsed(fmt::format("tasks.{}.state in ['succeeded', 'failed']", needed.name));
  }

  void choose_policies(Task& task) {
    task.ignore_failure = random_.percent(15);
    task.once = random_.percent(10);
    task.cache = random_.percent(70);
    if (random_.percent(50)) {
      task.retry.limit = random_.below(4);
      task.retry.backoff = std::chrono::milliseconds(random_.below(3000));
      task.retry.factor = 1 + random_.below(3);
      if (random_.percent(50)) task.retry.max_backoff = std::chrono::seconds(4);
      if (random_.percent(30)) task.retry.condition = parsed("retry.exit_code != 2");
    }
    if (task.kind == TaskKind::container && random_.percent(30)) task.timeout = std::chrono::seconds(1 + random_.below(10));
  }

  Random random_;
  RandomPipelineOptions options_;
};

}  // namespace

pipeline::Pipeline random_pipeline(std::uint64_t seed, const RandomPipelineOptions& options) {
  return Maker(seed, options).make();
}

}  // namespace kfrun::run
