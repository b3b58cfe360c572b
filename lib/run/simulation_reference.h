// What a run must come to, evaluated task by task in topological order without any notion of time: the oracle that simulations
// are compared with. It shares no code with the engine but the expressions. Not for pipelines that fail fast, nor for stopped
// runs: there the order of events decides.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pipeline/dag.h"
#include "run/simulated_executor.h"

namespace kfrun::run {

class SimulationReference {
 public:
  struct Result {
    State state = State::pending;
    Values outputs;
    int attempts = 0;
    int exit_code = 0;
  };

  SimulationReference(const pipeline::Pipeline& pipeline, std::uint64_t seed, const SimulatedFaults& faults, int free_retries,
                      std::function<bool(const std::string&)> is_cached)
      : pipeline_(pipeline), seed_(seed), faults_(faults), free_retries_(free_retries), is_cached_(std::move(is_cached)) {}

  Result run(const Values& arguments) { return run_dag(0, "", arguments, false); }
  // By path of the instance.
  const std::map<std::string, Result>& instances() const { return instances_; }

 private:
  // A task that has ended.
  struct Ended {
    const pipeline::Task* task = nullptr;
    State state = State::pending;
    bool harmless = false;
    bool expanded = false;
    std::vector<Result> turns;
    std::vector<Values> axes;  // of each turn
  };
  struct Dag {
    std::string prefix;
    Values params;
    bool in_finals = false;
    std::map<std::string, Ended> ended;
    std::string state;  // run.state
  };

  Result run_dag(int number, const std::string& prefix, Values params, bool in_finals) {
    const auto& spec = pipeline_.dags[static_cast<std::size_t>(number)];
    for (const auto& param : spec.params) params.emplace(param.name, *param.default_value);
    Dag dag{prefix, std::move(params), in_finals, {}, ""};
    bool failed = false;
    const auto run_all = [&](const std::vector<pipeline::Task>& tasks) {
      for (const auto& task : tasks) {
        const Ended ended = run_task(task, tasks, dag);
        failed = failed || (ended.state == State::failed && !task.ignore_failure);
        dag.ended[task.name] = ended;
      }
    };
    run_all(spec.tasks);
    dag.state = failed ? "failed" : "succeeded";
    dag.in_finals = true;
    run_all(spec.finals);
    Result result;
    for (const auto& output : spec.outputs) {
      if (auto value = value_of(output.value, scope(dag))) result.outputs[output.name] = *value;
    }
    result.state = failed ? State::failed : State::succeeded;
    return result;
  }

  Ended run_task(const pipeline::Task& task, const std::vector<pipeline::Task>& siblings, const Dag& dag) {
    Ended ended;
    ended.task = &task;
    if (!is_triggered(task, siblings, dag, ended)) return alone(ended, dag);
    const bool every_turn =
        task.condition && task.loop && pipeline::to_string(*task.condition).find("loop.") != std::string::npos;
    if (task.condition && !every_turn && !met(*task.condition, scope(dag), ended)) return alone(ended, dag);
    if (!task.loop) {
      ended.turns.push_back(run_instance(task, dag.prefix + task.name, dag, {}, -1, ended));
      ended.state = ended.turns[0].state;
      return ended;
    }
    if (!expand(task, dag, ended)) return alone(ended, dag);
    bool failed = false, omitted = false, cached = true;
    for (std::size_t i = 0; i < ended.axes.size(); ++i) {
      Ended turn;
      const std::string path = fmt::format("{}{}#{}", dag.prefix, task.name, i);
      if (every_turn && !met(*task.condition, scope(dag, &ended.axes[i], static_cast<int>(i)), turn)) {
        instances_[path] = {turn.state, {}, 0, 0};
        ended.turns.push_back(instances_[path]);
      } else {
        ended.turns.push_back(run_instance(task, path, dag, ended.axes[i], static_cast<int>(i), turn));
      }
      const State state = ended.turns.back().state;
      failed = failed || state == State::failed;
      omitted = omitted || state == State::omitted;
      cached = cached && state == State::cached;
    }
    ended.state = failed ? State::failed : omitted ? State::omitted : cached ? State::cached : State::succeeded;
    return ended;
  }

  Ended alone(Ended& ended, const Dag& dag) {
    instances_[dag.prefix + ended.task->name] = {ended.state, {}, 0, 0};
    return ended;
  }

  bool is_triggered(const pipeline::Task& task, const std::vector<pipeline::Task>& siblings, const Dag& dag, Ended& ended) {
    if (task.trigger == pipeline::Trigger::all_finished) return true;
    if (task.trigger == pipeline::Trigger::expression) {
      ended.state = State::omitted;
      return value_of(*task.depends, scope(dag))->as_boolean().value();
    }
    bool held_up = false, harmful = false;
    for (const int number : task.dependencies) {
      const Ended& needed = dag.ended.at(siblings[static_cast<std::size_t>(number)].name);
      if (needed.state == State::succeeded || needed.state == State::cached) continue;
      if (needed.state == State::failed && needed.task->ignore_failure) continue;
      const bool optional = std::any_of(task.inputs.begin(), task.inputs.end(), [&](const auto& input) {
        return input.optional &&
               pipeline::to_string(input.binding).find("tasks." + needed.task->name + ".outputs.") != std::string::npos;
      });
      if (needed.harmless && optional) continue;
      held_up = true;
      harmful = harmful || !needed.harmless;
    }
    if (held_up) ended.state = State::omitted;
    ended.harmless = held_up && !harmful;
    return !held_up;
  }

  bool met(const pipeline::Expression& condition, const pipeline::Scope& names, Ended& ended) {
    const auto value = value_of(condition, names);
    if (value && value->as_boolean() == true) return true;
    ended.state = value ? State::skipped : State::failed;
    ended.harmless = value.has_value();
    return false;
  }

  bool expand(const pipeline::Task& task, const Dag& dag, Ended& ended) {
    std::vector<Values> turns{{}};
    for (const auto& axis : task.loop->axes) {
      const auto value = value_of(axis.values, scope(dag));
      ended.state = State::failed;
      if (!value) return false;
      std::vector<Values> longer;
      for (const auto& turn : turns) {
        const auto count = value->is_sequence() ? static_cast<long long>(value->size()) : value->as_integer().value();
        for (long long i = 0; i < count; ++i) {
          longer.push_back(turn);
          longer.back()[axis.name] = value->is_sequence() ? value->items()[static_cast<std::size_t>(i)] : Value::integer(i);
        }
      }
      turns = longer;
    }
    ended.expanded = true;
    ended.axes = turns;
    ended.state = State::succeeded;
    return !turns.empty();
  }

  Result run_instance(const pipeline::Task& task, const std::string& path, const Dag& dag, const Values& axes, int turn,
                      Ended& ended) {
    Result& result = instances_[path];
    const auto names = scope(dag, turn < 0 ? nullptr : &axes, turn);
    Values inputs;
    for (const auto& input : task.inputs) {
      if (const auto value = value_of(input.binding, names)) {
        inputs[input.name] = *value;
        continue;
      }
      const Ended* missing = nullptr;
      for (const auto& name : pipeline::references(input.binding)) {
        if (!name.starts_with("tasks.") || name.find(".outputs.") == std::string::npos || names(name)) continue;
        missing = &dag.ended.at(name.substr(6, name.find('.', 6) - 6));
      }
      const bool was_there = missing && (missing->state == State::succeeded || missing->state == State::cached);
      if (missing && input.optional) {
        inputs[input.name] = Value::null();
        continue;
      }
      result.state = missing && !was_there ? State::omitted : State::failed;
      ended.harmless = result.state == State::omitted && (missing->harmless || missing->task->ignore_failure);
      return result;
    }
    carry(task, path, inputs, turn, dag, result);
    return result;
  }

  void carry(const pipeline::Task& task, const std::string& path, const Values& inputs, int turn, const Dag& dag,
             Result& result) {
    result.state = State::succeeded;
    if (task.kind == pipeline::TaskKind::sub_dag) {
      Result body = run_dag(task.body, path + "/", inputs, dag.in_finals);
      result.state = body.state;
      for (const auto& output : task.outputs) {
        if (body.outputs.count(output.name)) result.outputs[output.name] = body.outputs[output.name];
      }
      if (result.state == State::failed) result.outputs = body.outputs;
    } else if (task.kind == pipeline::TaskKind::importer) {
      result.outputs["a"] = pipeline::make_artifact({task.importer_uri.literal.text(), "", "", {}, "a"});
    } else if (task.kind == pipeline::TaskKind::container) {
      if (task.cache && !dag.in_finals && is_cached_(path)) {
        result.state = State::cached;
        result.outputs = simulated_outputs(task, inputs);
      } else {
        attempt(task, path, inputs, turn, dag, result);
      }
    }
  }

  void attempt(const pipeline::Task& task, const std::string& path, const Values& inputs, int turn, const Dag&, Result& result) {
    int left = task.retry.limit, free_left = task.once ? 0 : free_retries_;
    for (;;) {
      const int number = result.attempts++;
      const auto fate = simulated_fate(seed_, faults_, {{path, number}, &task, inputs, turn, ""});
      result.exit_code = fate.outcome.exit_code;
      result.outputs = fate.outcome.outputs;
      result.state = fate.outcome.failure == FailureClass::none ? State::succeeded : State::failed;
      if (result.state == State::succeeded) return;
      if (fate.outcome.failure == FailureClass::infrastructure && free_left-- > 0) continue;
      const bool again = fate.outcome.failure == FailureClass::user && left-- > 0;
      if (!again || (task.retry.condition && fate.outcome.exit_code == 2)) return;
    }
  }

  static std::optional<Value> value_of(const pipeline::Expression& expression, const pipeline::Scope& names) {
    try {
      return pipeline::evaluate(expression, names);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  pipeline::Scope scope(const Dag& dag, const Values* axes = nullptr, int turn = -1) const {
    return [&dag, axes, turn](std::string_view text) -> std::optional<Value> {
      const std::string name(text);
      const auto find = [](const Values& values, const std::string& key) {
        const auto found = values.find(key);
        return found == values.end() ? std::nullopt : std::optional<Value>(found->second);
      };
      if (name.starts_with("params.")) return find(dag.params, name.substr(7));
      if (name == "run.state") return dag.state.empty() ? std::nullopt : std::optional<Value>(Value::string(dag.state));
      if (name == "loop.index") return axes ? std::optional<Value>(Value::integer(turn)) : std::nullopt;
      if (name.starts_with("loop.")) return axes ? find(*axes, name.substr(5)) : std::nullopt;
      const auto dot = name.find('.', 6);
      const auto task = dag.ended.find(name.substr(6, dot - 6));
      if (task == dag.ended.end()) return std::nullopt;
      return of_task(task->second, name.substr(dot + 1), find);
    };
  }

  template <typename Find>
  static std::optional<Value> of_task(const Ended& ended, const std::string& name, Find find) {
    if (name == "state") return Value::string(ended.state == State::cached ? "succeeded" : std::string(to_string(ended.state)));
    if (ended.task->loop && !ended.expanded) return std::nullopt;
    const bool axis = name.starts_with("matrix.");
    const std::string key = name.substr(name.find('.') + 1);
    if (!ended.task->loop) return ended.turns.empty() ? std::nullopt : find(ended.turns[0].outputs, key);
    Value list = Value::sequence();
    for (std::size_t i = 0; i < ended.axes.size(); ++i) {
      list.push_back(find(axis ? ended.axes[i] : ended.turns[i].outputs, key).value_or(Value::null()));
    }
    return list;
  }

  const pipeline::Pipeline& pipeline_;
  std::uint64_t seed_;
  SimulatedFaults faults_;
  int free_retries_;
  std::function<bool(const std::string&)> is_cached_;
  std::map<std::string, Result> instances_;
};

}  // namespace kfrun::run
