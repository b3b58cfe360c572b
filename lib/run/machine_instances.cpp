// An instance from its start to its end: kinds of tasks, cache, gates, attempts and retries.
#include <cmath>

#include "run/cache.h"
#include "run/machine.h"

namespace kfrun::run {

namespace {

// Free retries wait so that a broken node or a full quota has time to recover.
constexpr double kInfrastructureBackoff = 1;
constexpr double kMaxInfrastructureBackoff = 30;
constexpr double kMaxBackoff = 30 * 24 * 3600.0;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Duration grown(double first, double factor, int times, double most) {
  const double wait = first * std::pow(factor, times);
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::isfinite(wait) ? std::clamp(wait, 0.0, most) : most));
}

// For people: "OOMKilled: memory limit 1Gi", "exit code 3".
std::string described(const Outcome& outcome) {
  std::string text = outcome.reason;
  if (text.empty() && (outcome.exit_code != 0 || outcome.message.empty())) text = fmt::format("exit code {}", outcome.exit_code);
  if (!outcome.message.empty()) text += (text.empty() ? "" : ": ") + outcome.message;
  return text;
}

}  // namespace

int Engine::Machine::add_instance(int owner, int turn) {
  const int index = static_cast<int>(instances_.size());
  Instance& added = instances_.emplace_back();
  added.path = dag_run(node(owner).dag_run).prefix + node(owner).task->name;
  if (turn >= 0) added.path += fmt::format("#{}", turn);
  added.node = owner;
  added.turn = turn;
  if (const auto earlier = attempts_so_far_.find(added.path); earlier != attempts_so_far_.end()) {
    added.first_attempt = added.attempts = earlier->second;
  }
  node(owner).instances.push_back(index);
  by_path_.emplace(added.path, index);
  return index;
}

void Engine::Machine::start_instance(int index) {
  Instance& starting = instance(index);
  TaskNode& owner = node(starting.node);
  auto verdict = owner.condition_per_turn ? verdict_of_condition(owner, starting.turn) : std::nullopt;
  if (!verdict) verdict = bind_inputs(starting, starting.inputs);
  if (verdict) {
    owner.harmless = verdict->harmless && starting.turn < 0;
    return finish(index, verdict->state, verdict->reason);
  }
  if (take_kept(index)) return;
  switch (owner.task->kind) {
    case pipeline::TaskKind::sub_dag:
      return start_body(index);
    case pipeline::TaskKind::suspend:
      return start_pause(index);
    case pipeline::TaskKind::importer:
      return import_artifact(index);
    case pipeline::TaskKind::container:
    case pipeline::TaskKind::apply:
    case pipeline::TaskKind::resource:
      return look_up_or_queue(index);
  }
}

void Engine::Machine::start_body(int index) {
  Instance& owner = instance(index);
  const auto& task = *node(owner.node).task;
  owner.stage = Stage::body;
  owner.state = State::running;
  owner.started = now_;
  announce(owner);
  if (task.timeout) set_timer(now_ + std::chrono::ceil<std::chrono::milliseconds>(*task.timeout), index, Stage::body);
  owner.body = add_dag_run(task.body, index, owner.path + "/", std::exchange(owner.inputs, {}));
  dag_run(owner.body).fresh = follows_fresh(owner.node);
  begin_dag_run(owner.body);
}

void Engine::Machine::start_pause(int index) {
  Instance& paused = instance(index);
  paused.stage = Stage::paused;
  paused.state = State::running;
  paused.started = now_;
  paused.reason = "paused";
  announce(paused);
  const auto& pause = node(paused.node).task->pause;
  if (pause) set_timer(now_ + std::chrono::ceil<std::chrono::milliseconds>(*pause), index, Stage::paused);
}

void Engine::Machine::import_artifact(int index) {
  Instance& importing = instance(index);
  const TaskNode& owner = node(importing.node);
  const auto enclosing = scope(owner.dag_run, &owner, importing.turn);
  const pipeline::Scope names = [&](std::string_view name) -> std::optional<Value> {
    constexpr std::string_view kInputs = "inputs.";
    if (!name.starts_with(kInputs)) return enclosing(name);
    const auto found = importing.inputs.find(std::string(name.substr(kInputs.size())));
    return found == importing.inputs.end() ? std::nullopt : std::optional<Value>(found->second);
  };
  try {
    const std::string uri = pipeline::to_text(pipeline::evaluate(owner.task->importer_uri, names));
    Value metadata;
    if (owner.task->importer_metadata) metadata = pipeline::evaluate(*owner.task->importer_metadata, names);
    Values outputs;
    for (const auto& output : owner.task->outputs) {
      if (output.type.is_artifact()) {
        outputs[output.name] = pipeline::make_artifact({uri, output.type.artifact_type, "", metadata, output.name});
      }
    }
    succeed(index, State::succeeded, std::move(outputs));
  } catch (const Error& error) {
    finish(index, State::failed, fmt::format("uri: {}", error.what()));
  }
}

// Finals act on the world outside: they are never taken from the cache.
void Engine::Machine::look_up_or_queue(int index) {
  Instance& starting = instance(index);
  const auto& task = *node(starting.node).task;
  if (options_.cache && task.cache && task.kind == pipeline::TaskKind::container && !in_finals(starting.node)) {
    starting.cache_key = cache_key(task, starting.inputs, starting.turn);
  }
  if (starting.cache_key.empty()) return enqueue(index);
  starting.stage = Stage::looking_up;
  commands_.push_back(LookUpCache{work_of(starting)});
}

std::optional<Verdict> Engine::Machine::hindrance(const Instance& waiting) const {
  if (waiting.attempts > waiting.first_attempt) return std::nullopt;  // what has begun goes on to its end
  if (waiting.turn >= 0 && node(waiting.node).refuses_turns) return Verdict{State::omitted, "another turn of the loop failed"};
  return barrier(waiting.node);
}

void Engine::Machine::enqueue(int index) {
  Instance& waiting = instance(index);
  if (const auto verdict = hindrance(waiting)) return finish(index, verdict->state, verdict->reason);
  const int gate = dag_run(node(waiting.node).dag_run).gate;
  waiting.stage = Stage::queued;
  if (suspended_) return held_back_.push_back(index);
  waiting.position = {gate, gate};
  gates_.advance(index, waiting.position);
  if (waiting.position.through()) start_attempt(index);
}

void Engine::Machine::open_gate(int gate) {
  while (const auto next = suspended_ ? std::nullopt : gates_.next(gate)) {
    Instance& waiting = instance(*next);
    if (waiting.stage != Stage::queued) continue;  // it ended while it waited
    if (const auto verdict = hindrance(waiting)) {
      finish(*next, verdict->state, verdict->reason);
      continue;
    }
    gates_.advance(*next, waiting.position);
    if (waiting.position.through()) start_attempt(*next);
  }
}

void Engine::Machine::leave_gates(int index) {
  opened_gates_.clear();
  gates_.leave(instance(index).position, opened_gates_);
  instance(index).position = {};
  for (const int gate : opened_gates_) plan(Step::open_gate, gate);
}

Work Engine::Machine::work_of(const Instance& starting) const {
  return {{starting.path, starting.attempts},
          node(starting.node).task,
          starting.inputs,
          starting.turn,
          starting.cache_key,
          turn_of(starting)};
}

void Engine::Machine::start_attempt(int index) {
  Instance& starting = instance(index);
  Work work = work_of(starting);
  ++starting.attempts;
  starting.stage = Stage::live;
  starting.state = State::running;
  starting.reason.clear();
  if (!starting.started) starting.started = now_;
  announce(starting);
  commands_.push_back(StartAttempt{std::move(work)});
}

std::optional<int> Engine::Machine::find_live(const AttemptId& id) const {
  const auto found = by_path_.find(id.instance);
  if (found == by_path_.end()) return std::nullopt;
  const Instance& live = instance(found->second);
  if (live.stage != Stage::live || live.attempts - 1 != id.attempt) return std::nullopt;
  return found->second;
}

void Engine::Machine::retry_or_fail(int index) {
  Instance& failed = instance(index);
  const auto verdict = failed.cancelled ? barrier(failed.node) : std::nullopt;
  if (failed.cancelled || failed.last->failure == FailureClass::stopped) {
    return finish(index, State::stopped, verdict ? verdict->reason : described(*failed.last));
  }
  std::string why_not;
  if (!may_retry(failed, why_not)) return finish(index, State::failed, described(*failed.last) + why_not);
  const Duration delay = retry_delay(failed);
  if (failed.last->failure == FailureClass::user) {
    ++failed.user_failures;
  } else if (!failed.last->unseen) {
    ++failed.infrastructure_failures;
  }
  failed.state = State::pending;
  failed.reason =
      fmt::format("{}; tried again{}", described(*failed.last), delay.count() ? " in " + kfrun::to_string(delay) : "");
  announce(failed);
  if (delay.count() == 0) return enqueue(index);
  failed.stage = Stage::backing_off;
  set_timer(now_ + std::chrono::ceil<std::chrono::milliseconds>(delay), index, Stage::backing_off);
}

bool Engine::Machine::may_retry(const Instance& failed, std::string& why_not) const {
  const TaskNode& owner = node(failed.node);
  const auto& task = *owner.task;
  if (failed.last->failure == FailureClass::infrastructure) {
    if (task.once) why_not = " (not tried again: it may have run, and is to run once)";
    return !task.once && (failed.last->unseen || failed.infrastructure_failures < options_.infrastructure_retries);
  }
  if (failed.last->failure != FailureClass::user || failed.user_failures >= task.retry.limit) return false;
  if (!task.retry.condition) return true;
  const auto enclosing = scope(owner.dag_run, &owner, failed.turn);
  const pipeline::Scope names = [&](std::string_view name) -> std::optional<Value> {
    if (name == "retry.exit_code") return Value::integer(failed.last->exit_code);
    if (name == "retry.attempt") return Value::integer(failed.attempts - failed.first_attempt - 1);
    if (name == "retry.message") return Value::string(failed.last->message);
    return enclosing(name);
  };
  try {
    return pipeline::evaluate_condition(*task.retry.condition, names);
  } catch (const Error& error) {
    why_not = fmt::format(" (retry condition: {})", error.what());
    return false;
  }
}

Duration Engine::Machine::retry_delay(const Instance& failed) const {
  const auto& retry = node(failed.node).task->retry;
  if (failed.last->failure == FailureClass::infrastructure) {
    return grown(kInfrastructureBackoff, 2, failed.infrastructure_failures, kMaxInfrastructureBackoff);
  }
  const double most = retry.max_backoff ? std::min(seconds(*retry.max_backoff), kMaxBackoff) : kMaxBackoff;
  return grown(seconds(retry.backoff), retry.factor, failed.user_failures, most);
}

// Outputs that the task does not declare are dropped; those it did not write get their defaults.
void Engine::Machine::succeed(int index, State state, Values outputs) {
  Instance& succeeded = instance(index);
  for (const auto& output : node(succeeded.node).task->outputs) {
    const auto found = outputs.find(output.name);
    if (found != outputs.end()) {
      succeeded.outputs[output.name] = std::move(found->second);
    } else if (output.default_value) {
      succeeded.outputs[output.name] = *output.default_value;
    }
  }
  finish(index, state, "");
}

void Engine::Machine::note_failure(const Instance& failed) {
  TaskNode& owner = node(failed.node);
  if (failed.turn >= 0 && owner.task->loop->fail_fast) owner.refuses_turns = true;
  if (owner.task->ignore_failure) return;
  DagRun& run = dag_run(owner.dag_run);
  // A sub-dag's reason already names the task in it.
  if (run.reason.empty()) run.reason = failed.body >= 0 ? failed.reason : fmt::format("{}: {}", failed.path, failed.reason);
  run.failed = true;
  if (!owner.is_final && (run.dag->fail_fast || options_.fail_fast)) run.failing_fast = true;
}

void Engine::Machine::finish(int index, State state, std::string reason) {
  Instance& ended = instance(index);
  if (ended.stage == Stage::queued) leave_gates(index);
  ended.stage = Stage::done;
  ended.state = state;
  ended.reason = std::move(reason);
  ended.ended = now_;
  ended.inputs.clear();
  if (!ended.kept) announce(ended);
  if (state == State::failed) note_failure(ended);
  if (state == State::stopped) dag_run(node(ended.node).dag_run).why_stopped = ended.reason;
  if (ended.turn >= 0) return end_turn(ended);
  end_node(ended.node, state, node(ended.node).harmless);
}

void Engine::Machine::announce(const Instance& changed) {
  commands_.push_back(InstanceChanged{changed.path, changed.state, changed.reason, turn_of(changed)});
}

void Engine::Machine::set_timer(TimePoint at, int index, Stage stage) {
  timers_.push({at, index, stage});
  commands_.push_back(WakeAt{at});
}

}  // namespace kfrun::run
