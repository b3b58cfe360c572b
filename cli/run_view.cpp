#include "cli/run_view.h"

#include "cli/exit_code.h"
#include "cli/screen.h"
#include "document/writer.h"

namespace kfrun::cli {

using document::Node;

namespace {

Node to_node(const run::Values& values) {
  Node node = Node::mapping(document::Mapping{});
  for (const auto& [name, value] : values) node.set(name, value);
  return node;
}

Node to_node(const std::optional<TimePoint>& time) { return time ? Node::string(to_rfc3339(*time)) : Node::null(); }

std::string duration_of(const std::optional<TimePoint>& from, const std::optional<TimePoint>& to) {
  if (!from) return "-";
  return to_string(Duration(to.value_or(system_clock().now()) - *from));
}

Node to_node(const run::RunSummary::Task& task) {
  Node node = Node::mapping({{"task", Node::string(task.path)},
                             {"state", Node::string(std::string(to_string(task.state)))},
                             {"attempts", Node::integer(task.attempts)},
                             {"started", to_node(task.started)},
                             {"ended", to_node(task.ended)},
                             {"inputs", to_node(task.inputs)},
                             {"outputs", to_node(task.outputs)}});
  if (!task.turn.empty()) node.set("turn", Node::string(task.turn));
  if (!task.reason.empty()) node.set("reason", Node::string(task.reason));
  if (!task.log.empty()) node.set("log", Node::string(task.log));
  if (!task.pod.empty()) node.set("pod", Node::string(task.pod));
  return node;
}

// A run's reason above the table of its tasks: what a row says is not said twice.
std::string reason_beside(const run::RunSummary& summary) {
  for (const auto& task : summary.tasks) {
    if (!task.reason.empty() && summary.reason == fmt::format("{}: {}", task.path, task.reason)) return task.path;
  }
  return summary.reason;
}

std::string_view word_of(const RunView& view) { return state_word(view.summary.state, view.interrupted, view.summary.suspended); }

// Behind the state: why, and what to do about it.
std::string reason_for_people(const RunView& view) {
  const auto& summary = view.summary;
  if (view.interrupted) return fmt::format("nobody carries it; 'kfrun resume {}' goes on", summary.head.id);
  if (!summary.suspended) return reason_beside(summary);
  const std::string_view why = summary.reason;
  const std::string_view word = "suspended: ";
  return fmt::format("{}; 'kfrun resume {}' goes on", why.substr(why.starts_with(word) ? word.size() : 0), summary.head.id);
}

std::string as_table(const RunView& view, bool wide) {
  const auto& summary = view.summary;
  // Of what nobody carries, nobody knows how long it went on.
  const auto until = [&](const std::optional<TimePoint>& end) { return end || !view.interrupted ? end : summary.last; };
  const std::string reason = reason_for_people(view);
  std::string text =
      fmt::format("run      {}\nstate    {}{}\n", summary.head.id, word_of(view), reason.empty() ? "" : ": " + reason);
  text += fmt::format("started  {}\ntook     {}\n", to_rfc3339(summary.head.created),
                      duration_of(summary.head.created, until(summary.ended)));
  for (const auto& [name, value] : summary.outputs) text += fmt::format("output   {}: {}\n", name, pipeline::to_text(value));
  std::vector<std::vector<std::string>> rows{{"TASK", "STATE", "TRIES", "TOOK", "REASON"}};
  if (wide) rows[0].insert(rows[0].end(), {"POD", "LOG"});
  for (const auto& task : summary.tasks) {
    rows.push_back({name_of(task.path, task.turn), std::string(to_string(task.state)), std::to_string(task.attempts),
                    duration_of(task.started, until(task.ended)), task.reason});
    if (wide) rows.back().insert(rows.back().end(), {task.pod, task.log});
  }
  return text + "\n" + table(rows);
}

}  // namespace

std::string_view state_word(run::State state, bool interrupted, bool suspended) {
  if (run::is_final(state)) return to_string(state);
  return interrupted ? "interrupted" : suspended ? "suspended" : to_string(state);
}

Node to_node(const RunView& view) {
  const auto& summary = view.summary;
  const bool is_unsaid = view.interrupted && summary.reason.empty();
  Node node = Node::mapping({{"id", Node::string(summary.head.id)},
                             {"name", Node::string(summary.head.name)},
                             {"namespace", Node::string(summary.head.name_space)},
                             {"executor", Node::string(summary.head.executor)},
                             {"source", Node::string(summary.head.source)},
                             {"state", Node::string(std::string(word_of(view)))},
                             {"reason", Node::string(is_unsaid ? reason_for_people(view) : summary.reason)},
                             {"created", Node::string(to_rfc3339(summary.head.created))},
                             {"ended", to_node(summary.ended)},
                             {"arguments", to_node(summary.head.arguments)},
                             {"outputs", to_node(summary.outputs)}});
  Node& tasks = node.set("tasks", Node::sequence());
  for (const auto& task : summary.tasks) tasks.push_back(to_node(task));
  return node;
}

std::string printed(const RunView& view, OutputFormat format) {
  switch (format) {
    case OutputFormat::json:
      return document::write_json(to_node(view), {.indent = 2}) + "\n";
    case OutputFormat::yaml:
      return document::write_yaml(to_node(view));
    case OutputFormat::name:
      return view.summary.head.id + "\n";
    default:
      return as_table(view, format == OutputFormat::wide);
  }
}

RunView view_run(run::RecordStore& store, const std::string& id) {
  RunView view{read_summary(store, id)};
  if (run::is_final(view.summary.state) || store.may_be_carried(id)) return view;
  // It may have ended in between.
  view.summary = read_summary(store, id);
  view.interrupted = !run::is_final(view.summary.state);
  return view;
}

run::RunSummary read_summary(run::RecordStore& store, const std::string& id) {
  return run::summarise(store.head(id), store.entries(id));
}

int exit_code_of(const run::RunSummary& summary) { return run::is_success(summary.state) ? kDone : kWorkFailed; }

}  // namespace kfrun::cli
