#include "pipeline/dag_names.h"

#include <algorithm>

#include "base/text.h"
#include "pipeline/cursor.h"

namespace kfrun::pipeline {
namespace {

const Type kAny{TypeKind::any, ""};
const Type kString{TypeKind::string, ""};
const Type kInteger{TypeKind::integer, ""};
const Type kList{TypeKind::list, ""};

std::vector<std::string> names_of(const std::vector<NamedType>& list) {
  std::vector<std::string> names;
  for (const auto& item : list) names.push_back(item.name);
  return names;
}

const NamedType* find(const std::vector<NamedType>& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const NamedType& item) { return item.name == name; });
  return found == list.end() ? nullptr : &*found;
}

// A loop hands on a list of what its turns give.
Type over_turns(const Type& type) {
  return type.kind == TypeKind::artifact ? Type{TypeKind::artifact_list, type.artifact_type} : kList;
}

}  // namespace

Typed DagNames::meaning(const Expression& name, const Standpoint& from) {
  const Parts parts = split(name.text, '.');
  if (parts[0] == "params") return parameter(name, parts);
  if (parts[0] == "tasks") return task(name, parts, from);
  if (parts[0] == "matrix") return own_axis(name, parts, from);
  if (parts[0] == "run") return run_fact(name, parts, from);
  if (parts[0] == "inputs")
    return unknown(name, "'inputs' are a task's own: here the pipeline's names are known", {"its parameters are params.NAME"});
  if (parts[0] == "outputs")
    return unknown(name, "'outputs' are a task's own: here the pipeline's names are known",
                   {"what a task gave is tasks.TASK.outputs.NAME"});
  if (parts[0] == "task") return unknown(name, "'task' is known in the task's own texts only (command, args, env, ...)");
  std::vector<std::string> hints;
  if (find_parameter(parts[0])) {
    hints.push_back(fmt::format("did you mean params.{}?", name.text));
  } else if (find_task(parts[0])) {
    hints.push_back(fmt::format("did you mean tasks.{}?", name.text));
  } else {
    hints = suggestions(parts[0], {"params", "tasks", "matrix", "run"});
    if (hints.empty() || !hints[0].starts_with("did"))
      hints = {"names begin with params, tasks, matrix or run; a text stands in quotes"};
  }
  return unknown(name, fmt::format("unknown name '{}'", name.text), std::move(hints));
}

Typed DagNames::unknown(const Expression& name, std::string message, std::vector<std::string> hints) const {
  diagnostics_.push_back({Severity::error, name.place, std::move(message), std::move(hints)});
  return {name, kAny};
}

// The name up to the part `taken`, renamed to `text`; the parts behind it are members of its value.
Typed DagNames::with_members(const Expression& name, const Parts& parts, std::size_t taken, std::string text, Type type) const {
  Typed value{Expression::reference(std::move(text), name.place), std::move(type)};
  for (std::size_t i = taken; i < parts.size(); ++i) value = member_of(std::move(value), parts[i], diagnostics_);
  return value;
}

Typed DagNames::parameter(const Expression& name, const Parts& parts) {
  if (parts.size() < 2) return unknown(name, "'params' is not complete", {"write params.NAME"});
  const Parameter* found = find_parameter(parts[1]);
  if (!found) {
    std::vector<std::string> names;
    for (const auto& candidate : parameters_) names.push_back(candidate.name);
    auto hints = suggestions(parts[1], names);
    if (names.empty()) hints.push_back("this pipeline declares no 'params'");
    return unknown(name, fmt::format("unknown parameter '{}'", parts[1]), std::move(hints));
  }
  used_.insert(found->name);
  Typed value = with_members(name, parts, 2, "params." + parts[1], found->type);
  value.may_be_null = found->optional && parts.size() == 2;
  return value;
}

Typed DagNames::task(const Expression& name, const Parts& parts, const Standpoint& from) {
  if (parts.size() < 3) return unknown(name, fmt::format("'{}' is not complete", name.text), {"write tasks.TASK.outputs.NAME"});
  if (parts[1] == from.task && !from.task.empty() && parts[2] == "outputs") {
    return unknown(name, "a task cannot refer to what it gives itself", {"the path to write an output to is outputs.NAME"});
  }
  const TaskSignature* found = find_task(parts[1]);
  if (!found) return unknown(name, fmt::format("unknown task '{}'", parts[1]), suggestions(parts[1], task_names()));
  if (found->is_final && !from.is_final) {
    return unknown(name, fmt::format("task '{}' is in 'finally': it runs after all others", parts[1]));
  }
  if (from.needs && found->index >= 0 && found->is_final == from.is_final) from.needs->insert(found->index);
  const std::string base = fmt::format("tasks.{}.{}", parts[1], parts[2]);
  if (parts[2] == "outputs") return output(name, parts, *found);
  if (parts[2] == "matrix") return axis_of(name, parts, *found);
  if (parts[2] == "state") return with_members(name, parts, 3, base, kString);
  if (parts[2] == "exit_code") return with_members(name, parts, 3, base, found->is_looped ? kList : kInteger);
  auto hints = suggestions(parts[2], {"outputs", "matrix", "state", "exit_code"});
  if (find(found->outputs, parts[2])) hints = {fmt::format("did you mean tasks.{}.outputs.{}?", parts[1], parts[2])};
  return unknown(name, fmt::format("a task has no '{}'", parts[2]), std::move(hints));
}

Typed DagNames::output(const Expression& name, const Parts& parts, const TaskSignature& task) {
  if (parts.size() < 4) return unknown(name, fmt::format("'{}' is not complete", name.text), {"write tasks.TASK.outputs.NAME"});
  const std::string base = fmt::format("tasks.{}.outputs.{}", task.name, parts[3]);
  if (!task.is_known) return {Expression::reference(base, name.place), kAny};
  const NamedType* found = find(task.outputs, parts[3]);
  if (!found) {
    auto hints = suggestions(parts[3], names_of(task.outputs));
    if (task.outputs.empty()) hints = {fmt::format("'{}' declares no outputs", task.name)};
    return unknown(name, fmt::format("task '{}' has no output '{}'", task.name, parts[3]), std::move(hints));
  }
  return with_members(name, parts, 4, base, task.is_looped ? over_turns(found->type) : found->type);
}

Typed DagNames::axis_of(const Expression& name, const Parts& parts, const TaskSignature& task) {
  if (parts.size() < 4) return unknown(name, fmt::format("'{}' is not complete", name.text), {"write tasks.TASK.matrix.AXIS"});
  const std::string base = fmt::format("tasks.{}.matrix.{}", task.name, parts[3]);
  if (!task.is_known) return {Expression::reference(base, name.place), kAny};
  if (!task.is_looped) return unknown(name, fmt::format("task '{}' has no matrix", task.name));
  const NamedType* found = find(task.axes, parts[3]);
  if (!found) {
    return unknown(name, fmt::format("the matrix of '{}' has no axis '{}'", task.name, parts[3]),
                   suggestions(parts[3], names_of(task.axes)));
  }
  return with_members(name, parts, 4, base, over_turns(found->type));
}

Typed DagNames::own_axis(const Expression& name, const Parts& parts, const Standpoint& from) {
  if (!from.has_matrix)
    return unknown(name, "there is no matrix here", {"a task that says 'matrix:' runs once for each of its values"});
  if (!from.axes) return unknown(name, "the matrix is what is being made here: its values are not known yet");
  if (parts.size() < 2) return unknown(name, "'matrix' is not complete", {"write matrix.AXIS"});
  const NamedType* found = find(*from.axes, parts[1]);
  if (found) return with_members(name, parts, 2, "loop." + parts[1], found->type);
  if (parts[1] == "index") return with_members(name, parts, 2, "loop.index", kInteger);
  return unknown(name, fmt::format("the matrix has no axis '{}'", parts[1]), suggestions(parts[1], names_of(*from.axes)));
}

Typed DagNames::run_fact(const Expression& name, const Parts& parts, const Standpoint& from) {
  const std::string fact = parts.size() == 2 ? parts[1] : "";
  if (fact == "id" || fact == "name" || fact == "namespace") return {name, kString};
  if (fact == "state") {
    if (from.is_final) return {name, kString};
    return unknown(name, "run.state is known in 'finally' only: before that the run has not ended");
  }
  return unknown(name, fmt::format("unknown name '{}'", name.text),
                 {"there are run.id, run.name, run.namespace and, in finally, run.state"});
}

std::vector<const Parameter*> DagNames::unused_parameters() const {
  std::vector<const Parameter*> unused;
  for (const auto& parameter : parameters_) {
    if (used_.count(parameter.name) == 0) unused.push_back(&parameter);
  }
  return unused;
}

const TaskSignature* DagNames::find_task(const std::string& name) const {
  const auto found = tasks_.find(name);
  return found == tasks_.end() ? nullptr : &found->second;
}

const Parameter* DagNames::find_parameter(const std::string& name) const {
  const auto found =
      std::find_if(parameters_.begin(), parameters_.end(), [&](const Parameter& parameter) { return parameter.name == name; });
  return found == parameters_.end() ? nullptr : &*found;
}

std::vector<std::string> DagNames::task_names() const {
  std::vector<std::string> names;
  for (const auto& [name, task] : tasks_) names.push_back(name);
  return names;
}

}  // namespace kfrun::pipeline
