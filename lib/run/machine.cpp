// Events, the agenda, and dags from their beginning to their end.
#include "run/machine.h"

#include "document/writer.h"

namespace kfrun::run {

namespace {

// A sub-dag inside of a sub-dag inside of ...: recursion that no condition ends.
constexpr int kMaxDepth = 100;

std::string printed(const Values& values) {
  Value mapping = Value::mapping(document::Mapping{});
  for (const auto& [name, value] : values) mapping.set(name, value);
  return document::write_json(mapping);
}

}  // namespace

bool refers_to(const pipeline::Expression& expression, std::string_view prefix) {
  const auto names = pipeline::references(expression);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return name.starts_with(prefix); });
}

Engine::Machine::Machine(std::shared_ptr<const pipeline::Pipeline> pipeline, Values arguments, EngineOptions options)
    : pipeline_(std::move(pipeline)), arguments_(std::move(arguments)), options_(std::move(options)) {
  KFRUN_CHECK(!pipeline_->dags.empty());
}

void Engine::Machine::apply(const EngineEvent& event) {
  std::visit(
      [&](const auto& e) {
        now_ = std::max(now_, e.at);
        if (heeds(event)) on(e);
      },
      event);
  work_off();
}

bool Engine::Machine::heeds(const EngineEvent& event) const {
  if (std::holds_alternative<RunStarted>(event)) return state_ == State::pending;
  if (std::holds_alternative<RetryRequested>(event)) return is_final(state_) && state_ != State::succeeded;
  return state_ == State::running;
}

void Engine::Machine::on(const RunStarted& event) {
  created_ = event.at;
  state_ = State::running;
  begin_dag_run(add_dag_run(0, -1, "", arguments_));
}

void Engine::Machine::on(const AttemptRunning& event) {
  const auto index = find_live(event.id);
  if (!index || event.message == instance(*index).reason) return;
  instance(*index).reason = event.message;
  announce(instance(*index));
}

void Engine::Machine::on(const AttemptEnded& event) {
  const auto index = find_live(event.id);
  if (!index) return;
  leave_gates(*index);
  Instance& live = instance(*index);
  live.stage = Stage::idle;
  live.last = event.outcome;
  live.last->outputs.clear();  // they are the instance's
  if (event.outcome.failure == FailureClass::none) {
    succeed(*index, State::succeeded, event.outcome.outputs);
  } else {
    retry_or_fail(*index);
  }
}

void Engine::Machine::on(const CacheAnswered& event) {
  const auto found = by_path_.find(event.instance);
  if (found == by_path_.end() || instance(found->second).stage != Stage::looking_up) return;
  if (event.outputs) {
    succeed(found->second, State::cached, *event.outputs);
  } else {
    enqueue(found->second);
  }
}

void Engine::Machine::on(const TimePassed&) {
  while (!timers_.empty() && timers_.top().at <= now_) {
    const Timer timer = timers_.top();
    timers_.pop();
    if (instance(timer.instance).stage != timer.stage) continue;
    if (timer.stage == Stage::backing_off) {
      enqueue(timer.instance);
    } else if (timer.stage == Stage::paused) {
      succeed(timer.instance, State::succeeded, {});
    } else if (timer.stage == Stage::body) {
      dag_run(instance(timer.instance).body).timed_out = true;
      stop_dag_run(instance(timer.instance).body, "its time was over");
    }
  }
}

void Engine::Machine::on(const StopRequested& event) {
  stop_dag_run(0, event.why.empty() ? "stopped" : event.why);
  on(Continued{event.at});
}

void Engine::Machine::on(const Suspended&) { suspended_ = true; }

void Engine::Machine::on(const Continued&) {
  if (!std::exchange(suspended_, false)) return;
  for (int gate = 0; gate < gates_.count(); ++gate) plan(Step::open_gate, gate);
  for (const int index : std::exchange(held_back_, {})) {
    if (instance(index).stage == Stage::queued) enqueue(index);
  }
}

void Engine::Machine::on(const RetryRequested&) { begin_round(); }

void Engine::Machine::work_off() {
  while (!agenda_.empty()) {
    const Item item = agenda_.front();
    agenda_.pop_front();
    switch (item.step) {
      case Step::decide_node:
        decide(item.index);
        break;
      case Step::admit_turns:
        admit_turns(item.index);
        break;
      case Step::open_gate:
        open_gate(item.index);
        break;
      case Step::end_phase:
        end_phase(item.index);
        break;
    }
  }
}

const DagShape& Engine::Machine::shape_of(const pipeline::Dag& dag) {
  const auto [place, is_new] = shapes_.try_emplace(&dag);
  DagShape& shape = place->second;
  if (!is_new) return shape;
  shape.dependents.resize(dag.tasks.size() + dag.finals.size());
  const auto add = [&](const std::vector<pipeline::Task>& tasks, int base) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const int number = base + static_cast<int>(i);
      shape.numbers.emplace(tasks[i].name, number);
      for (const int needed : tasks[i].dependencies) shape.dependents[static_cast<std::size_t>(base + needed)].push_back(number);
    }
  };
  add(dag.tasks, 0);
  add(dag.finals, static_cast<int>(dag.tasks.size()));
  return shape;
}

int Engine::Machine::add_dag_run(int dag, int parent, std::string prefix, Values params) {
  DagRun run;
  run.dag = &pipeline_->dags.at(static_cast<std::size_t>(dag));
  run.shape = &shape_of(*run.dag);
  run.parent = parent;
  run.prefix = std::move(prefix);
  run.params = std::move(params);
  for (const auto& param : run.dag->params) {
    if (param.default_value) run.params.try_emplace(param.name, *param.default_value);
    if (param.optional) run.params.try_emplace(param.name, Value::null());
  }
  int outer = Gates::kNone;
  if (parent >= 0) {
    const DagRun& enclosing = dag_run(node(instance(parent).node).dag_run);
    outer = enclosing.gate;
    run.depth = enclosing.depth + 1;
  } else if (options_.max_parallel > 0) {
    outer = gates_.add(options_.max_parallel, Gates::kNone);
  }
  run.gate = run.dag->max_parallel > 0 ? gates_.add(run.dag->max_parallel, outer) : outer;
  run.first_node = static_cast<int>(nodes_.size());
  const int index = static_cast<int>(dag_runs_.size());
  for (const bool is_final : {false, true}) {
    for (const auto& task : is_final ? run.dag->finals : run.dag->tasks) {
      TaskNode& added = nodes_.emplace_back();
      added.dag_run = index;
      added.task = &task;
      added.is_final = is_final;
      added.unmet = static_cast<int>(task.dependencies.size());
    }
  }
  dag_runs_.push_back(std::move(run));
  return index;
}

void Engine::Machine::begin_dag_run(int index) {
  if (dag_run(index).depth > kMaxDepth) {
    dag_run(index).failed = true;
    dag_run(index).reason = fmt::format("pipelines are nested deeper than {}", kMaxDepth);
    return end_dag_run(index);
  }
  begin_nodes(index, 0, static_cast<int>(dag_run(index).dag->tasks.size()));
}

void Engine::Machine::begin_nodes(int index, int first, int last) {
  DagRun& run = dag_run(index);
  run.open = last - first;
  if (run.open == 0) return plan(Step::end_phase, index);
  for (int i = run.first_node + first; i < run.first_node + last; ++i) {
    if (node(i).unmet == 0) plan(Step::decide_node, i);
  }
}

void Engine::Machine::end_node(int index, State state, bool harmless) {
  TaskNode& ended = node(index);
  ended.state = state;
  ended.harmless = harmless;
  DagRun& run = dag_run(ended.dag_run);
  if (state == State::stopped) run.stopped = true;
  for (const int number : run.shape->dependents[static_cast<std::size_t>(index - run.first_node)]) {
    if (--node(run.first_node + number).unmet == 0) plan(Step::decide_node, run.first_node + number);
  }
  if (--run.open == 0) plan(Step::end_phase, ended.dag_run);
}

void Engine::Machine::end_phase(int index) {
  DagRun& run = dag_run(index);
  const int tasks = static_cast<int>(run.dag->tasks.size());
  const int finals = static_cast<int>(run.dag->finals.size());
  if (run.phase == Phase::tasks) {
    run.tasks_state = run.timed_out                 ? State::failed
                      : run.stopped || run.stopping ? State::stopped
                      : run.failed                  ? State::failed
                                                    : State::succeeded;
    run.phase = Phase::finals;
    if (finals > 0) return begin_nodes(index, tasks, tasks + finals);
  }
  end_dag_run(index);
}

void Engine::Machine::end_dag_run(int index) {
  DagRun& run = dag_run(index);
  run.phase = Phase::done;
  Values outputs = dag_outputs(index);
  if (run.timed_out) run.reason = fmt::format("{}: its time was over", instance(run.parent).path);
  const State state = run.tasks_state == State::stopped            ? State::stopped
                      : run.failed || run.timed_out || run.stopped ? State::failed
                                                                   : State::succeeded;
  if (state == State::stopped) run.reason = run.why_stopped;
  if (run.parent < 0) return end_run(state, std::move(outputs), run.reason);
  Instance& owner = instance(run.parent);
  owner.outputs = std::move(outputs);
  finish(run.parent, state, state == State::succeeded ? "" : run.reason);
}

// An output of something that did not happen is absent; a fault in the expression itself fails the dag.
Values Engine::Machine::dag_outputs(int index) {
  DagRun& run = dag_run(index);
  Values outputs;
  const auto names = scope(index);
  for (const auto& output : run.dag->outputs) {
    try {
      outputs[output.name] = pipeline::evaluate(output.value, names);
    } catch (const Error& error) {
      const auto needed = pipeline::references(output.value);
      if (!std::all_of(needed.begin(), needed.end(), [&](const std::string& name) { return names(name).has_value(); })) continue;
      if (run.reason.empty()) run.reason = fmt::format("output {}: {}", output.name, error.what());
      run.failed = true;
    }
  }
  return outputs;
}

void Engine::Machine::end_run(State state, Values outputs, std::string reason) {
  state_ = state;
  reason_ = std::move(reason);
  outputs_ = std::move(outputs);
  commands_.push_back(RunEnded{state_, outputs_, reason_});
}

void Engine::Machine::stop_dag_run(int index, const std::string& why) {
  DagRun& stopped = dag_run(index);
  if (stopped.stopping || stopped.phase != Phase::tasks) return;  // finals run to their end
  stopped.stopping = true;
  stopped.why_stopped = why;
  for (int i = 0; i < static_cast<int>(instances_.size()); ++i) {
    Instance& candidate = instance(i);
    if (candidate.stage == Stage::done || candidate.stage == Stage::body || !is_below(candidate.node, index)) continue;
    if (candidate.stage != Stage::live) {
      finish(i, State::stopped, why);
    } else if (!candidate.cancelled) {
      candidate.cancelled = true;
      commands_.push_back(CancelAttempt{{candidate.path, candidate.attempts - 1}});
    }
  }
}

std::vector<InstanceView> Engine::Machine::views() const {
  std::vector<InstanceView> list;
  list.reserve(instances_.size());
  for (const auto& one : instances_) {
    list.push_back(
        {one.path, node(one.node).task, one.state, one.attempts, one.reason, one.last, one.outputs, one.started, one.ended});
  }
  return list;
}

std::string Engine::Machine::to_text() const {
  std::string text = fmt::format("run {}{}{} {}\n", to_string(state_), reason_.empty() ? "" : ": ", reason_, printed(outputs_));
  for (const auto& one : instances_) {
    text += fmt::format("{} {} attempts={}{}{}", one.path, to_string(one.state), one.attempts, one.reason.empty() ? "" : ": ",
                        one.reason);
    if (!one.outputs.empty()) text += " " + printed(one.outputs);
    text += "\n";
  }
  return text;
}

}  // namespace kfrun::run
