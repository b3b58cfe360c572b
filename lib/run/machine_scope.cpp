// What the names of a dag's expressions mean (see pipeline/dag.h).
#include "run/machine.h"

namespace kfrun::run {

namespace {

// "params.x" -> {"params", "x"}.
std::pair<std::string_view, std::string_view> split_at_dot(std::string_view name) {
  const auto dot = name.find('.');
  return dot == name.npos ? std::pair(name, std::string_view()) : std::pair(name.substr(0, dot), name.substr(dot + 1));
}

std::optional<Value> find_value(const Values& values, std::string_view name) {
  const auto found = values.find(std::string(name));
  return found == values.end() ? std::nullopt : std::optional<Value>(found->second);
}

}  // namespace

pipeline::Scope Engine::Machine::scope(int run, const TaskNode* owner, int turn) const {
  return [this, run, owner, turn](std::string_view name) { return look_up(dag_run(run), owner, turn, name); };
}

std::optional<Value> Engine::Machine::look_up(const DagRun& run, const TaskNode* owner, int turn, std::string_view name) const {
  const auto [first, rest] = split_at_dot(name);
  if (first == "params") return find_value(run.params, rest);
  if (first == "tasks") return look_up_task(run, rest);
  if (first == "run") return look_up_run(run, rest);
  if (first == "loop" && owner && turn >= 0) return look_up_loop(*owner, turn, rest);
  return std::nullopt;
}

std::optional<Value> Engine::Machine::look_up_run(const DagRun& run, std::string_view name) const {
  if (name == "id") return Value::string(options_.run_id);
  if (name == "name") return Value::string(options_.run_name);
  if (name == "created") return Value::string(to_rfc3339(created_));
  if (name == "workspace") return Value::string(options_.workspace);
  if (name == "namespace") return Value::string(options_.name_space);
  if (name == "state" && run.phase != Phase::tasks) return Value::string(std::string(to_string(run.tasks_state)));
  return std::nullopt;
}

const Engine::Machine::TaskNode* Engine::Machine::find_node(const DagRun& run, std::string_view task) const {
  const auto found = run.shape->numbers.find(task);
  return found == run.shape->numbers.end() ? nullptr : &node(run.first_node + found->second);
}

// A list over the turns of a loop that has ended, null where `pick` gives nothing; of any other task the thing itself.
template <typename Pick>
std::optional<Value> Engine::Machine::over_turns(const TaskNode& owner, Pick pick) const {
  if (!owner.task->loop) {
    return owner.instances.empty() ? std::nullopt : std::optional<Value>(pick(instance(owner.instances.front())));
  }
  if (!owner.expanded) return std::nullopt;
  Value list = Value::sequence();
  if (owner.turns == 0) return list;
  list.items().reserve(owner.instances.size());
  for (const int index : owner.instances) list.push_back(pick(instance(index)).value_or(Value::null()));
  return list;
}

std::optional<Value> Engine::Machine::look_up_task(const DagRun& run, std::string_view name) const {
  const auto [task, rest] = split_at_dot(name);
  const TaskNode* owner = find_node(run, task);
  if (!owner || !is_final(owner->state)) return std::nullopt;
  const auto [what, which] = split_at_dot(rest);
  if (what == "state")
    return Value::string(std::string(to_string(owner->state == State::cached ? State::succeeded : owner->state)));
  if (what == "reason") {
    return over_turns(*owner, [](const Instance& one) { return std::optional<Value>(Value::string(one.reason)); });
  }
  if (what == "exit_code") {
    return over_turns(*owner, [](const Instance& one) -> std::optional<Value> {
      if (one.last) return Value::integer(one.last->exit_code);
      return one.state == State::cached ? std::optional<Value>(Value::integer(0)) : std::nullopt;
    });
  }
  if (what == "outputs") {
    return over_turns(*owner, [&, output = which](const Instance& one) { return find_value(one.outputs, output); });
  }
  if (what == "matrix" && owner->expanded) {
    const auto& axes = owner->task->loop->axes;
    const auto axis = std::find_if(axes.begin(), axes.end(), [&, wanted = which](const auto& one) { return one.name == wanted; });
    if (axis == axes.end()) return std::nullopt;
    Value list = Value::sequence();
    for (int turn = 0; turn < owner->turns; ++turn) {
      list.push_back(axis_value(*owner, static_cast<std::size_t>(axis - axes.begin()), turn));
    }
    return list;
  }
  return std::nullopt;
}

std::optional<Value> Engine::Machine::look_up_loop(const TaskNode& owner, int turn, std::string_view name) const {
  const auto& axes = owner.task->loop->axes;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].name == name) return axis_value(owner, i, turn);
  }
  return name == "index" ? std::optional<Value>(Value::integer(turn)) : std::nullopt;
}

// Row-major: the last axis varies fastest.
Value Engine::Machine::axis_value(const TaskNode& owner, std::size_t axis, int turn) const {
  std::size_t rest = static_cast<std::size_t>(turn);
  for (std::size_t i = owner.axes.size() - 1; i > axis; --i) rest /= owner.axes[i].size();
  return owner.axes[axis][rest % owner.axes[axis].size()];
}

// For people: the values of the axes, those of the loops around it first.
std::string Engine::Machine::turn_of(const Instance& instance) const {
  constexpr std::size_t kMostOfValue = 30, kMost = 80;
  const TaskNode& owner = node(instance.node);
  const int parent = dag_run(owner.dag_run).parent;
  std::string text = parent >= 0 ? turn_of(this->instance(parent)) : std::string();
  if (instance.turn < 0 || !owner.expanded) return text;
  const auto cut = [](std::string words, std::size_t most) {
    for (auto& c : words) {
      if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    if (words.size() <= most) return words;
    while ((static_cast<unsigned char>(words[most]) & 0xC0u) == 0x80u) --most;
    return words.substr(0, most) + "...";
  };
  for (std::size_t axis = 0; axis < owner.axes.size(); ++axis) {
    const auto value = cut(pipeline::to_text(axis_value(owner, axis, instance.turn)), kMostOfValue);
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", owner.task->loop->axes[axis].name, value);
  }
  return cut(std::move(text), kMost);
}

}  // namespace kfrun::run
