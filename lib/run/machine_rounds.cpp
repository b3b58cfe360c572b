// Retries of a run: a round begins with everything fresh but what earlier rounds have to give.
//
// What succeeded is met again under its path, and given instead of being run, as long as nothing that it follows from runs again:
// then its inputs, its condition and the values of its loop are the same as before.
#include "run/machine.h"

namespace kfrun::run {

void Engine::Machine::begin_round() {
  // Only what the last round ended with is kept: an older result may be of inputs that have been made anew since.
  kept_.clear();
  for (const auto& one : instances_) {
    attempts_so_far_[one.path] = one.attempts;
    if (is_success(one.state) && one.body < 0 && !in_finals(one.node)) kept_[one.path] = one.outputs;
  }
  dag_runs_.clear();
  nodes_.clear();
  instances_.clear();
  by_path_.clear();
  gates_ = {};
  timers_ = {};
  held_back_.clear();
  suspended_ = false;
  reason_.clear();
  outputs_.clear();
  state_ = State::running;
  begin_dag_run(add_dag_run(0, -1, "", arguments_));
}

// Whether the instance has ended with what an earlier round made of it. Bodies of sub-dags are looked through, task by task.
bool Engine::Machine::take_kept(int index) {
  Instance& starting = instance(index);
  if (node(starting.node).task->kind == pipeline::TaskKind::sub_dag) return false;
  const auto kept = kept_.find(starting.path);
  if (kept == kept_.end() || in_finals(starting.node) || follows_fresh(starting.node)) {
    mark_fresh(starting.node);
    return false;
  }
  starting.kept = true;
  starting.outputs = kept->second;
  finish(index, State::succeeded, "");
  return true;
}

bool Engine::Machine::follows_fresh(int index) const {
  const TaskNode& asked = node(index);
  const DagRun& run = dag_run(asked.dag_run);
  if (run.fresh) return true;
  const int base = run.first_node + (asked.is_final ? static_cast<int>(run.dag->tasks.size()) : 0);
  return std::any_of(asked.task->dependencies.begin(), asked.task->dependencies.end(),
                     [&](int number) { return node(base + number).fresh; });
}

void Engine::Machine::mark_fresh(int index) {
  while (!node(index).fresh) {
    node(index).fresh = true;
    const int parent = dag_run(node(index).dag_run).parent;
    if (parent < 0) return;
    index = instance(parent).node;
  }
}

}  // namespace kfrun::run
