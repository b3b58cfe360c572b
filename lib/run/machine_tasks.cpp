// Whether a task runs, and as which instances.
#include <functional>

#include "run/checked_input.h"
#include "run/machine.h"

namespace kfrun::run {

namespace {

// More turns than that are a slip, not a wish.
constexpr long long kMaxTurns = 1'000'000;

std::string named(const pipeline::Task& task, State state) { return fmt::format("{} {}", task.name, to_string(state)); }

// "T" of "tasks.T.outputs.O"; "" for other names.
std::string_view producer_of(std::string_view name) {
  constexpr std::string_view kTasks = "tasks.";
  if (!name.starts_with(kTasks)) return {};
  name.remove_prefix(kTasks.size());
  const auto end = name.find(".outputs.");
  return end == name.npos ? std::string_view() : name.substr(0, end);
}

// Whether an expression takes from a task only where default() stands in for what is missing, and does so at all.
bool is_guarded(const pipeline::Expression& expression, std::string_view producer) {
  bool is_named = false, is_bare = false;
  const std::function<void(const pipeline::Expression&, bool)> walk = [&](const pipeline::Expression& part, bool guarded) {
    if (part.op == pipeline::Operator::name && producer_of(part.text) == producer) (guarded ? is_named : is_bare) = true;
    for (std::size_t i = 0; i < part.operands.size(); ++i) {
      const bool is_default = part.op == pipeline::Operator::call && part.text == "default" && i == 0;
      walk(part.operands[i], guarded || is_default);
    }
  };
  walk(expression, false);
  return is_named && !is_bare;
}

bool is_optional_producer(const pipeline::Task& task, std::string_view producer) {
  if (task.condition && is_guarded(*task.condition, producer)) return true;
  return std::any_of(task.inputs.begin(), task.inputs.end(), [&](const pipeline::Input& input) {
    if (!input.optional || input.checked) return false;
    const auto names = pipeline::references(input.binding);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return producer_of(name) == producer; });
  });
}

// The values of an axis; nothing when it is neither a list nor a count.
std::optional<std::vector<Value>> axis_values(const Value& value) {
  if (value.is_sequence()) return std::vector<Value>(value.items());
  const auto count = value.as_integer();
  if (!count || *count < 0 || *count > kMaxTurns) return std::nullopt;
  std::vector<Value> values;
  values.reserve(static_cast<std::size_t>(*count));
  for (long long i = 0; i < *count; ++i) values.push_back(Value::integer(i));
  return values;
}

}  // namespace

// What keeps anything new from starting at this place: a stop, or the failure of a dag that fails fast. Finals, and all below
// them, start whatever happened.
std::optional<Verdict> Engine::Machine::barrier(int index) const {
  for (;;) {
    if (node(index).is_final) return std::nullopt;
    const DagRun& run = dag_run(node(index).dag_run);
    if (run.stopping) return Verdict{State::stopped, run.why_stopped};
    if (run.failing_fast) return Verdict{State::omitted, fmt::format("not started after a failure ({})", run.reason)};
    if (run.parent < 0) return std::nullopt;
    index = instance(run.parent).node;
  }
}

bool Engine::Machine::in_finals(int index) const {
  for (;;) {
    if (node(index).is_final) return true;
    const int parent = dag_run(node(index).dag_run).parent;
    if (parent < 0) return false;
    index = instance(parent).node;
  }
}

// Whether a node is among the tasks of a dag or below them; not through finals, which a stop leaves alone.
bool Engine::Machine::is_below(int index, int target) const {
  for (;;) {
    if (node(index).is_final) return false;
    if (node(index).dag_run == target) return true;
    const int parent = dag_run(node(index).dag_run).parent;
    if (parent < 0) return false;
    index = instance(parent).node;
  }
}

void Engine::Machine::decide(int index) {
  TaskNode& decided = node(index);
  if (const auto verdict = barrier(index)) return end_unstarted(index, *verdict);
  if (const auto verdict = verdict_of_trigger(decided)) return end_unstarted(index, *verdict);
  const auto& task = *decided.task;
  decided.condition_per_turn = task.condition && task.loop && refers_to(*task.condition, "loop.");
  if (!decided.condition_per_turn) {
    if (const auto verdict = verdict_of_condition(decided, -1)) return end_unstarted(index, *verdict);
  }
  if (!task.loop) return start_instance(add_instance(index, -1));
  if (const auto verdict = expand(decided)) return end_unstarted(index, *verdict);
  plan(Step::admit_turns, index);
}

std::optional<Verdict> Engine::Machine::verdict_of_trigger(const TaskNode& decided) const {
  switch (decided.task->trigger) {
    case pipeline::Trigger::all_finished:
      return std::nullopt;
    case pipeline::Trigger::all_succeeded:
      return verdict_of_dependencies(decided);
    case pipeline::Trigger::expression:
      break;
  }
  if (!decided.task->depends) return std::nullopt;
  try {
    if (pipeline::evaluate_condition(*decided.task->depends, scope(decided.dag_run))) return std::nullopt;
    return Verdict{State::omitted, fmt::format("not so: {}", pipeline::to_string(*decided.task->depends))};
  } catch (const Error& error) {
    return Verdict{State::failed, fmt::format("depends: {}", error.what())};
  }
}

// An ignored failure does not hold dependents up; what is skipped does not hold up those whose input from it is optional.
std::optional<Verdict> Engine::Machine::verdict_of_dependencies(const TaskNode& decided) const {
  const DagRun& run = dag_run(decided.dag_run);
  const int base = run.first_node + (decided.is_final ? static_cast<int>(run.dag->tasks.size()) : 0);
  std::optional<Verdict> verdict;
  for (const int number : decided.task->dependencies) {
    const TaskNode& needed = node(base + number);
    if (is_success(needed.state) || (needed.state == State::failed && needed.task->ignore_failure)) continue;
    if (needed.harmless && is_optional_producer(*decided.task, needed.task->name)) continue;
    if (!verdict || (verdict->harmless && !needed.harmless)) {
      verdict = Verdict{State::omitted, named(*needed.task, needed.state), needed.harmless};
    }
  }
  return verdict;
}

std::optional<Verdict> Engine::Machine::verdict_of_condition(const TaskNode& decided, int turn) const {
  if (!decided.task->condition) return std::nullopt;
  try {
    if (pipeline::evaluate_condition(*decided.task->condition, scope(decided.dag_run, &decided, turn))) return std::nullopt;
    return Verdict{State::skipped, fmt::format("not so: {}", pipeline::to_string(*decided.task->condition)), true};
  } catch (const Error& error) {
    return Verdict{State::failed, fmt::format("when: {}", error.what())};
  }
}

// A stand-in under the task's own path says why there is nothing else.
void Engine::Machine::end_unstarted(int index, const Verdict& verdict) {
  node(index).harmless = verdict.harmless;
  finish(add_instance(index, -1), verdict.state, verdict.reason);
}

std::optional<Verdict> Engine::Machine::expand(TaskNode& expanded) {
  long long turns = 1;
  for (const auto& axis : expanded.task->loop->axes) {
    try {
      const Value value = pipeline::evaluate(axis.values, scope(expanded.dag_run));
      auto values = axis_values(value);
      if (!values) {
        return Verdict{State::failed, fmt::format("matrix: {} is {} where a list or a count (at most {}) is expected", axis.name,
                                                  value.is_integer() ? value.text() : value.type_name(), kMaxTurns)};
      }
      turns *= static_cast<long long>(values->size());
      expanded.axes.push_back(std::move(*values));
    } catch (const Error& error) {
      return Verdict{State::failed, fmt::format("matrix: {}", error.what())};
    }
    if (turns > kMaxTurns) return Verdict{State::failed, fmt::format("matrix: more than {} turns", kMaxTurns)};
  }
  expanded.turns = static_cast<int>(turns);
  expanded.expanded = true;
  if (turns == 0) return Verdict{State::succeeded, "nothing to loop over"};
  return std::nullopt;
}

void Engine::Machine::admit_turns(int index) {
  TaskNode& loop = node(index);
  if (is_final(loop.state)) return;
  const int limit = loop.task->loop->max_parallel;
  while (loop.admitted < loop.turns && (limit <= 0 || loop.active < limit)) {
    ++loop.active;
    const int turn = add_instance(index, loop.admitted++);
    if (const auto verdict = hindrance(instance(turn))) {
      finish(turn, verdict->state, verdict->reason);
    } else {
      start_instance(turn);
    }
  }
  if (loop.admitted == loop.turns && loop.active == 0) end_node(index, state_of_turns(loop), false);
}

void Engine::Machine::end_turn(const Instance& turn) {
  TaskNode& loop = node(turn.node);
  --loop.active;
  loop.any_failed |= turn.state == State::failed;
  loop.any_stopped |= turn.state == State::stopped;
  loop.any_omitted |= turn.state == State::omitted;
  loop.all_cached &= turn.state == State::cached;
  plan(Step::admit_turns, turn.node);
}

// Skipped turns do not count against the others.
State Engine::Machine::state_of_turns(const TaskNode& loop) const {
  if (loop.any_stopped) return State::stopped;
  if (loop.any_failed) return State::failed;
  if (loop.any_omitted) return State::omitted;
  return loop.all_cached ? State::cached : State::succeeded;
}

std::optional<Verdict> Engine::Machine::bind_inputs(const Instance& bound, Values& inputs) const {
  const TaskNode& owner = node(bound.node);
  const auto enclosing = scope(owner.dag_run, &owner, bound.turn);
  const pipeline::Scope names = [&](std::string_view name) {
    if (name == "task.path") return std::optional<Value>(Value::string(bound.path));
    return name == "task.name" ? std::optional<Value>(Value::string(owner.task->name)) : enclosing(name);
  };
  for (const auto& input : owner.task->inputs) {
    Value& value = inputs[input.name];
    try {
      value = pipeline::evaluate(input.binding, names);
    } catch (const Error& error) {
      const auto missing = verdict_of_missing(dag_run(owner.dag_run), input, names);
      if (!missing) return Verdict{State::failed, fmt::format("input {}: {}", input.name, error.what())};
      if (!input.optional) return missing;
      value = Value::null();
    }
    if (!input.checked) continue;
    try {
      value = checked_input(input, std::move(value));
    } catch (const Error& error) {
      return Verdict{State::failed, fmt::format("input {}: {}", input.name, error.what())};
    }
  }
  return std::nullopt;
}

// Why an input has no value when that is because a task did not succeed; nothing when it is the expression's own fault.
std::optional<Verdict> Engine::Machine::verdict_of_missing(const DagRun& run, const pipeline::Input& input,
                                                           const pipeline::Scope& names) const {
  for (const auto& name : pipeline::references(input.binding)) {
    const auto producer = producer_of(name);
    if (producer.empty() || names(name)) continue;
    const TaskNode* missing = find_node(run, producer);
    if (!missing || (is_success(missing->state) && !input.optional)) continue;
    const bool harmless = missing->harmless || missing->task->ignore_failure;
    return Verdict{State::omitted,
                   fmt::format("input {} needs {}, but {}", input.name, name, named(*missing->task, missing->state)), harmless};
  }
  return std::nullopt;
}

}  // namespace kfrun::run
