#include "pipeline/dag_reader.h"

#include <algorithm>

#include "base/text.h"
#include "pipeline/container_reader.h"
#include "pipeline/dag_names.h"
#include "pipeline/declarations.h"
#include "pipeline/graph.h"
#include "pipeline/task_reader.h"

namespace kfrun::pipeline {
namespace {

// Which tasks a task's node names, found before anything is known: faults are left to the reading proper.
class ReferenceScan {
 public:
  std::set<std::string> run(const document::Node& task) {
    if (!task.is_mapping()) return {};
    for (const auto& [key, value] : task.members()) {
      if (key.text() == "pipeline") continue;  // its names are its own
      if (key.text() == "after") {
        after(value);
      } else if (key.text() == "when" && value.is_string()) {
        condition(value.text());
      } else {
        visit(value);
      }
    }
    return std::move(tasks_);
  }

 private:
  void after(const document::Node& node) {
    if (node.is_scalar()) tasks_.insert(node.text());
    if (!node.is_sequence()) return;
    for (const auto& item : node.items()) tasks_.insert(item.text());
  }

  void visit(const document::Node& node) {
    if (node.is_sequence()) {
      for (const auto& item : node.items()) visit(item);
    } else if (node.is_mapping()) {
      for (const auto& [key, value] : node.members()) {
        if (key.text() == "when" && value.is_string()) condition(value.text());  // of retry
        visit(value);
      }
    } else if (node.is_string() && node.text().find("${{") != std::string::npos) {
      try {
        collect(parse_template(node.text(), Dialect::native, Place{}));
      } catch (const Error&) {
      }
    }
  }

  void condition(const std::string& text) {
    try {
      const bool is_template = text.find("${{") != std::string::npos;
      collect(is_template ? parse_template(text, Dialect::native, Place{}) : parse_expression(text, Dialect::native, Place{}));
    } catch (const Error&) {
    }
  }

  void collect(const Expression& expression) {
    for (const auto& name : references(expression)) {
      const auto parts = split(name, '.');
      if (parts[0] == "tasks" && parts.size() > 1) tasks_.insert(parts[1]);
    }
  }

  std::set<std::string> tasks_;
};

class DagReader {
 public:
  DagReader(const Cursor& body, std::vector<Parameter> parameters, std::vector<Cursor> defaults, Compiler& compiler)
      : body_(body), defaults_(std::move(defaults)), compiler_(compiler), names_(compiler.diagnostics()) {
    dag_.params = std::move(parameters);
  }

  Dag run() {
    for (const auto& parameter : dag_.params) names_.add(parameter);
    read_defaults();
    if (const auto most = body_.find("max-parallel")) dag_.max_parallel = most->count(1).value_or(0);
    if (const auto flag = body_.find("fail-fast")) dag_.fail_fast = flag->flag().value_or(false);
    const auto tasks = fields("tasks");
    if (tasks.empty()) body_.error("a pipeline needs 'tasks'");
    const auto finals = fields("finally");
    check_distinct(tasks, finals);
    for (const auto& field : finals) names_.add(unknown(field.name, true));
    for (const auto& field : tasks) names_.add(unknown(field.name, false));
    read_tasks(tasks, false, dag_.tasks);
    read_tasks(finals, true, dag_.finals);
    if (const auto outputs = body_.find("outputs")) read_outputs(*outputs);
    for (const auto* parameter : names_.unused_parameters()) {
      warn(parameter->place, fmt::format("parameter '{}' is never used", parameter->name));
    }
    return std::move(dag_);
  }

 private:
  void warn(const Place& place, std::string message, std::vector<std::string> hints = {}) {
    compiler_.diagnostics().push_back({Severity::warning, place, std::move(message), std::move(hints)});
  }

  void read_defaults() {
    static constexpr std::string_view kKeys[] = {"image", "env",     "workdir", "resources", "pod",
                                                 "retry", "timeout", "cache",   "onNodeLoss"};
    const auto defaults = body_.find("defaults");
    if (!defaults) return;
    defaults->fields();
    defaults->check_keys(kKeys);
    defaults_.push_back(*defaults);
  }

  std::vector<Field> fields(std::string_view key) {
    const auto found = body_.find(key);
    auto list = found ? found->fields("a mapping of task names to tasks") : std::vector<Field>{};
    std::erase_if(list, [](const Field& field) { return !check_object_name(field.key, field.name, "a task"); });
    return list;
  }

  static void check_distinct(const std::vector<Field>& tasks, const std::vector<Field>& finals) {
    for (const auto& last : finals) {
      const auto same = std::find_if(tasks.begin(), tasks.end(), [&](const Field& task) { return task.name == last.name; });
      if (same != tasks.end())
        last.key.error(fmt::format("task '{}' stands here a second time; first at line {}", last.name, same->key.node().line()));
    }
  }

  Edges edges_of(const std::vector<Field>& list) const {
    std::map<std::string, int> numbers;
    for (std::size_t i = 0; i < list.size(); ++i) numbers.emplace(list[i].name, static_cast<int>(i));
    Edges edges;
    for (const auto& field : list) {
      auto& needs = edges.emplace_back();
      for (const auto& name : ReferenceScan().run(field.value.node())) {
        if (const auto found = numbers.find(name); found != numbers.end()) needs.push_back(found->second);
      }
    }
    return edges;
  }

  void report_cycle(const std::vector<Field>& list, const std::vector<int>& cycle) {
    std::vector<std::string> names;
    for (const int i : cycle) names.push_back(list[static_cast<std::size_t>(i)].name);
    names.push_back(names.front());
    const Field& first = list[static_cast<std::size_t>(cycle.front())];
    if (cycle.size() == 1) {
      first.key.error(fmt::format("task '{}' needs itself", first.name),
                      {"the path to write an output to is ${{ outputs.NAME }}, inside of the task"});
    } else {
      first.key.error(fmt::format("tasks need each other: {} (each needs the next)", join(names, " -> ")));
    }
  }

  void read_tasks(const std::vector<Field>& list, bool is_final, std::vector<Task>& tasks) {
    const Edges edges = edges_of(list);
    auto order = topological_order(edges);
    if (order.size() < list.size()) {
      report_cycle(list, find_cycle(edges));
      std::vector<bool> ordered(list.size());
      for (const int i : order) ordered[static_cast<std::size_t>(i)] = true;
      for (std::size_t i = 0; i < list.size(); ++i) {
        if (!ordered[i]) order.push_back(static_cast<int>(i));
      }
    }
    TaskReader reader(compiler_, names_, defaults_, is_final);
    for (const int i : order) {
      const Field& field = list[static_cast<std::size_t>(i)];
      auto signature = unknown(field.name, is_final);
      Task task = reader.read(field, signature);
      signature.index = static_cast<int>(tasks.size());
      names_.add(std::move(signature));
      tasks.push_back(std::move(task));
    }
  }

  // Until it is read, what a task gives is taken for good.
  static TaskSignature unknown(const std::string& name, bool is_final) {
    TaskSignature signature;
    signature.name = name;
    signature.is_final = is_final;
    signature.is_known = false;
    return signature;
  }

  void read_outputs(const Cursor& outputs) {
    for (const auto& field : outputs.fields("a mapping of names to values")) {
      if (!check_value_name(field.key, field.name, "an output")) continue;
      DagOutput output;
      output.name = field.name;
      output.place = field.key.place();
      const bool is_detailed = field.value.node().is_mapping();
      static constexpr std::string_view kKeys[] = {"value", "type", "description"};
      if (is_detailed) field.value.check_keys(kKeys);
      const auto at = is_detailed ? field.value.find("value") : std::optional(field.value);
      if (!at) {
        field.value.error("'value' is missing: what is the output?");
        continue;
      }
      const auto value = at->value();
      if (!value) continue;
      Standpoint from;
      Typed typed = resolve_names(
          *value, [&](const Expression& name, bool) { return names_.meaning(name, from); }, compiler_.diagnostics());
      output.type = typed.type;
      output.value = std::move(typed.expression);
      if (const auto word = is_detailed ? field.value.find("type") : std::nullopt) check_type(*word, *at, output);
      dag_.outputs.push_back(std::move(output));
    }
  }

  static void check_type(const Cursor& word, const Cursor& value, DagOutput& output) {
    auto type = read_type(word);
    if (!type) return;
    if (!fits(output.type, *type))
      value.error(fmt::format("this is of type {}, not {}", to_string(output.type), to_string(*type)));
    output.type = std::move(*type);
  }

  Cursor body_;
  std::vector<Cursor> defaults_;
  Compiler& compiler_;
  DagNames names_;
  Dag dag_;
};

}  // namespace

Dag read_dag(const Cursor& body, std::vector<Parameter> parameters, std::vector<Cursor> defaults, Compiler& compiler) {
  return DagReader(body, std::move(parameters), std::move(defaults), compiler).run();
}

}  // namespace kfrun::pipeline
