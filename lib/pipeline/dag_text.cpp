// The printed forms of a pipeline: text, Graphviz, Mermaid.
#include <algorithm>

#include "base/text.h"
#include "document/writer.h"
#include "pipeline/dag.h"

namespace kfrun::pipeline {
namespace {

constexpr std::pair<TypeKind, std::string_view> kTypeWords[] = {
    {TypeKind::string, "string"},     {TypeKind::integer, "integer"},
    {TypeKind::number, "number"},     {TypeKind::boolean, "boolean"},
    {TypeKind::list, "list"},         {TypeKind::mapping, "mapping"},
    {TypeKind::artifact, "artifact"}, {TypeKind::artifact_list, "artifacts"},
    {TypeKind::any, "any"},
};

std::string type_text(const Type& type) {
  std::string text(to_string(type.kind));
  return type.artifact_type.empty() ? text : text + "<" + type.artifact_type + ">";
}

std::string json(const Value& value) { return document::write_json(value); }

// A bare expression where one stands alone ("params.rate"); a template where it is text.
std::string binding_text(const Expression& expression) {
  return expression.is_constant() ? json(expression.literal) : to_string(expression);
}

class TextPrinter {
 public:
  explicit TextPrinter(const Pipeline& pipeline) : pipeline_(pipeline) {}

  std::string print() {
    line(0, "pipeline " + pipeline_.name);
    if (!pipeline_.workspace.is_null()) line(1, "workspace: " + json(pipeline_.workspace));
    for (std::size_t i = 0; i < pipeline_.dags.size(); ++i) dag(pipeline_.dags[i], i);
    return std::move(out_);
  }

 private:
  void line(int depth, const std::string& text) {
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
    out_ += text;
    out_ += '\n';
  }

  void dag(const Dag& dag, std::size_t index) {
    std::string head = "dag " + (dag.name.empty() ? std::to_string(index) : dag.name);
    if (dag.max_parallel > 0) head += fmt::format(", max-parallel {}", dag.max_parallel);
    if (dag.fail_fast) head += ", fail-fast";
    line(0, head);
    for (const auto& param : dag.params) parameter(param);
    for (const auto& task_of : dag.tasks) task(task_of, "task", dag.tasks);
    for (const auto& final_task : dag.finals) task(final_task, "finally", dag.finals);
    for (const auto& output : dag.outputs)
      line(1, fmt::format("output {}: {} = {}", output.name, type_text(output.type), binding_text(output.value)));
  }

  void parameter(const Parameter& param) {
    std::string text = fmt::format("param {}: {}", param.name, type_text(param.type));
    if (param.default_value) text += " = " + json(*param.default_value);
    if (param.optional) text += ", optional";
    if (!param.allowed.empty()) text += ", one of " + json(Value::sequence(param.allowed));
    line(1, text);
  }

  void task(const Task& task, std::string_view word, const std::vector<Task>& siblings) {
    std::string head = fmt::format("{} {}: {}", word, task.name, to_string(task.kind));
    if (task.kind == TaskKind::sub_dag && task.body >= 0 && static_cast<std::size_t>(task.body) < pipeline_.dags.size()) {
      head += " " + pipeline_.dags[static_cast<std::size_t>(task.body)].name;
    }
    std::vector<std::string> names;
    for (const int i : task.dependencies) names.push_back(siblings.at(static_cast<std::size_t>(i)).name);
    if (!names.empty()) head += " <- " + join(names, ", ");
    line(1, head);
    if (task.trigger == Trigger::all_finished) line(2, "trigger: all finished");
    if (task.depends) line(2, "trigger: " + to_string(*task.depends));
    if (task.loop) loop(*task.loop);
    if (task.condition) line(2, "when: " + to_string(*task.condition));
    for (const auto& input : task.inputs) {
      std::string text = fmt::format("input {}: {}{} = {}", input.name, type_text(input.type), input.optional ? "?" : "",
                                     binding_text(input.binding));
      if (input.default_value) text += " or " + json(*input.default_value);
      if (!input.allowed.empty()) text += ", one of " + json(Value::sequence(input.allowed));
      line(2, text);
    }
    body(task);
    for (const auto& output : task.outputs) this->output(output);
    policies(task);
  }

  void loop(const Loop& loop) {
    for (const auto& axis : loop.axes) line(2, fmt::format("loop {} in {}", axis.name, binding_text(axis.values)));
    if (loop.max_parallel > 0) line(2, fmt::format("loop max-parallel: {}", loop.max_parallel));
    if (!loop.fail_fast) line(2, "loop goes on after a failure");
  }

  void output(const Output& output) {
    std::string text = fmt::format("output {}: {}", output.name, type_text(output.type));
    if (!output.file_name.empty()) text += " as " + output.file_name;
    if (!output.path.empty()) text += " at " + output.path;
    if (output.default_value) text += " or " + json(*output.default_value);
    line(2, text);
  }

  void words(std::string_view label, const std::vector<Expression>& expressions) {
    std::vector<std::string> texts;
    for (const auto& expression : expressions) texts.push_back(one_line(to_template(expression)));
    if (!texts.empty()) line(2, fmt::format("{}: {}", label, join(texts, " ")));
  }

  // As it is when it is one plain word, else as a JSON string.
  static std::string one_line(const std::string& text) {
    const bool plain = !text.empty() && text.find_first_of("\n\t\"\\") == std::string::npos &&
                       (text.find(' ') == std::string::npos || text.find("${{") != std::string::npos);
    return plain ? text : json(Value::string(text));
  }

  void quantities(std::string_view label, const std::map<std::string, std::string>& map) {
    std::vector<std::string> texts;
    for (const auto& [name, quantity] : map) texts.push_back(name + "=" + quantity);
    if (!texts.empty()) line(2, fmt::format("{}: {}", label, join(texts, " ")));
  }

  // A script's first line says what it is; all of it is in to_node().
  static std::string shortened(const std::string& text) {
    const auto lines = std::count(text.begin(), text.end(), '\n') + (text.ends_with('\n') ? 0 : 1);
    const std::string first = json(Value::string(text.substr(0, text.find('\n'))));
    return lines > 1 ? fmt::format("{} of {} lines", first, lines) : first;
  }

  void container(const ContainerTemplate& container) {
    const bool no_image = container.image.is_constant() && to_text(container.image.literal).empty();
    if (!no_image) line(2, "image: " + to_template(container.image));
    words("command", container.command);
    words("args", container.args);
    if (container.script) line(2, "script: " + shortened(to_template(*container.script)));
    for (const auto& [name, value] : container.environment)
      line(2, fmt::format("env {}: {}", name, one_line(to_template(value))));
    if (!container.working_directory.empty()) line(2, "working directory: " + container.working_directory);
    quantities("requests", container.requests);
    quantities("limits", container.limits);
  }

  void body(const Task& task) {
    switch (task.kind) {
      case TaskKind::container:
        container(task.container);
        break;
      case TaskKind::importer:
        line(2, "uri: " + to_template(task.importer_uri));
        if (task.importer_metadata) line(2, "metadata: " + binding_text(*task.importer_metadata));
        break;
      case TaskKind::apply:
        line(2, "overlay: " + task.overlay);
        for (const auto& [name, image] : task.overlay_images) line(2, fmt::format("image {}: {}", name, to_template(image)));
        break;
      case TaskKind::resource:
        line(2, (task.removes ? "removes: " : "manifest: ") + json(task.manifest));
        break;
      case TaskKind::suspend:
        if (task.pause) line(2, "for: " + kfrun::to_string(*task.pause));
        break;
      case TaskKind::sub_dag:
        break;
    }
  }

  void policies(const Task& task) {
    if (task.retry.limit > 0) line(2, "retry: " + retry_text(task.retry));
    if (task.timeout) line(2, "timeout: " + kfrun::to_string(*task.timeout));
    if (!task.cache) line(2, "cache: no");
    if (!task.cache_key.empty()) line(2, "cache key: " + task.cache_key);
    if (task.once) line(2, "once");
    if (task.node_loss_wait) line(2, "node lost: again after " + kfrun::to_string(*task.node_loss_wait));
    if (task.ignore_failure) line(2, "failure ignored");
    if (!task.pod.is_null()) line(2, "pod: " + json(task.pod));
  }

  static std::string retry_text(const RetryPolicy& retry) {
    std::string text = std::to_string(retry.limit);
    if (retry.backoff > Duration::zero())
      text += fmt::format(", after {} times {}", kfrun::to_string(retry.backoff), retry.factor);
    if (retry.max_backoff) text += ", at most " + kfrun::to_string(*retry.max_backoff);
    if (retry.condition) text += ", when " + to_string(*retry.condition);
    return text;
  }

  const Pipeline& pipeline_;
  std::string out_;
};

// Nodes and edges of the drawings; the two languages differ only in their words.
struct Drawing {
  std::string (*open_group)(const std::string& id, const std::string& label);
  std::string (*close_group)();
  std::string (*node)(const std::string& id, const std::string& label, const Task& task);
  std::string (*edge)(const std::string& from, const std::string& to, bool after_all);
};

std::string label_of(const Task& task) {
  std::string label = task.name;
  if (task.loop) {
    std::vector<std::string> axes;
    for (const auto& axis : task.loop->axes) axes.push_back(axis.name);
    label += " x " + join(axes, ", ");
  }
  if (task.condition) label += "\nwhen " + to_string(*task.condition);
  return label;
}

bool is_drawn_as_group(const Pipeline& pipeline, const Task& task) {
  return task.kind == TaskKind::sub_dag && task.body > 0 && static_cast<std::size_t>(task.body) < pipeline.dags.size();
}

constexpr int kMaxDrawnDepth = 8;  // recursion is cut off there

class Drawer {
 public:
  Drawer(const Pipeline& pipeline, const Drawing& drawing) : pipeline_(pipeline), drawing_(drawing) {}

  std::string draw() {
    if (!pipeline_.dags.empty()) dag(pipeline_.dags[0], "t", 0);
    return out_ + edges_;
  }

 private:
  static std::string id_of(const std::string& prefix, std::string_view list, std::size_t i) {
    return fmt::format("{}{}{}", prefix, list, i);
  }

  void tasks(const std::vector<Task>& tasks, const std::string& prefix, std::string_view list, int depth) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const std::string id = id_of(prefix, list, i);
      const Task& task = tasks[i];
      out_ += drawing_.node(id, label_of(task), task);
      for (const int need : task.dependencies)
        edges_ += drawing_.edge(id_of(prefix, list, static_cast<std::size_t>(need)), id, false);
      if (!is_drawn_as_group(pipeline_, task) || depth >= kMaxDrawnDepth) continue;
      out_ += drawing_.open_group(id + "g", task.name);
      dag(pipeline_.dags[static_cast<std::size_t>(task.body)], id, depth + 1);
      out_ += drawing_.close_group();
    }
  }

  void dag(const Dag& dag, const std::string& prefix, int depth) {
    tasks(dag.tasks, prefix, "_", depth);
    tasks(dag.finals, prefix, "_f", depth);
    for (std::size_t f = 0; f < dag.finals.size(); ++f) {
      for (std::size_t i = 0; i < dag.tasks.size(); ++i) {
        if (is_leaf(dag.tasks, i)) edges_ += drawing_.edge(id_of(prefix, "_", i), id_of(prefix, "_f", f), true);
      }
    }
  }

  static bool is_leaf(const std::vector<Task>& tasks, std::size_t i) {
    for (const auto& task : tasks) {
      if (std::find(task.dependencies.begin(), task.dependencies.end(), static_cast<int>(i)) != task.dependencies.end())
        return false;
    }
    return true;
  }

  const Pipeline& pipeline_;
  const Drawing& drawing_;
  std::string out_, edges_;
};

std::string dot_quoted(const std::string& text) {
  return "\"" + replace_all(replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\""), "\n", "\\n") + "\"";
}

std::string mermaid_quoted(const std::string& text) {
  std::string out = replace_all(replace_all(text, "&", "&amp;"), "\"", "&quot;");
  return "\"" + replace_all(replace_all(replace_all(out, "<", "&lt;"), ">", "&gt;"), "\n", "<br>") + "\"";
}

constexpr Drawing kDot{
    [](const std::string& id, const std::string& label) {
      return fmt::format("  subgraph cluster_{} {{\n  label={};\n", id, dot_quoted(label));
    },
    [] { return std::string("  }\n"); },
    [](const std::string& id, const std::string& label, const Task& task) {
      const std::string_view shape = task.kind == TaskKind::container ? "box"
                                     : task.kind == TaskKind::sub_dag ? "box3d"
                                                                      : "ellipse";
      return fmt::format("  {} [label={}, shape={}{}];\n", id, dot_quoted(label), shape, task.loop ? ", peripheries=2" : "");
    },
    [](const std::string& from, const std::string& to, bool after_all) {
      return fmt::format("  {} -> {}{};\n", from, to, after_all ? " [style=dashed]" : "");
    },
};

constexpr Drawing kMermaid{
    [](const std::string& id, const std::string& label) { return fmt::format("  subgraph {}[{}]\n", id, mermaid_quoted(label)); },
    [] { return std::string("  end\n"); },
    [](const std::string& id, const std::string& label, const Task& task) {
      const std::string text = mermaid_quoted(label);
      return task.loop                          ? fmt::format("  {}[[{}]]\n", id, text)
             : task.kind == TaskKind::container ? fmt::format("  {}[{}]\n", id, text)
                                                : fmt::format("  {}([{}])\n", id, text);
    },
    [](const std::string& from, const std::string& to, bool after_all) {
      return fmt::format("  {} {} {}\n", from, after_all ? "-.->" : "-->", to);
    },
};

}  // namespace

std::string_view to_string(TypeKind kind) {
  for (const auto& [value, word] : kTypeWords) {
    if (value == kind) return word;
  }
  return "unknown";
}

std::optional<TypeKind> parse_type_kind(std::string_view word) {
  for (const auto& [value, known] : kTypeWords) {
    if (known == word) return value;
  }
  return std::nullopt;
}

std::string_view to_string(TaskKind kind) {
  switch (kind) {
    case TaskKind::container:
      return "container";
    case TaskKind::sub_dag:
      return "pipeline";
    case TaskKind::importer:
      return "import";
    case TaskKind::apply:
      return "apply";
    case TaskKind::resource:
      return "resource";
    case TaskKind::suspend:
      return "suspend";
  }
  return "unknown";
}

std::string to_text(const Pipeline& pipeline) { return TextPrinter(pipeline).print(); }

std::string to_dot(const Pipeline& pipeline) {
  return "digraph " + dot_quoted(pipeline.name) + " {\n  rankdir=LR;\n" + Drawer(pipeline, kDot).draw() + "}\n";
}

std::string to_mermaid(const Pipeline& pipeline) { return "flowchart LR\n" + Drawer(pipeline, kMermaid).draw(); }

}  // namespace kfrun::pipeline
