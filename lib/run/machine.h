// The inside of the engine. Four kinds of things, kept in arrays and named by their index:
//   DagRun    one instantiation of a dag: the root, or the body of a sub-dag instance
//   TaskNode  one task of one DagRun: counts what it waits for, expands its loop, gathers what became of its turns
//   Instance  what has a path and a state: a task, a turn of a loop, or (for a task that never began) a stand-in that says why
//   Gate      a limit on live attempts (gates.h)
// An event changes one thing; what follows from that is put on an agenda and done one by one, so that long chains need no
// stack. The work an event causes is proportional to what it changes.
#pragma once

#include <deque>
#include <map>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "run/engine.h"
#include "run/gates.h"

namespace kfrun::run {

// A dag's tasks and finals under one numbering: tasks first, finals behind them.
struct DagShape {
  std::map<std::string, int, std::less<>> numbers;
  std::vector<std::vector<int>> dependents;
};

// How an instance or a task is to end without having been started.
struct Verdict {
  State state = State::omitted;
  std::string reason;
  bool harmless = false;  // an omission that goes back to a skipped task, not to a failure
};

class Engine::Machine {
 public:
  Machine(std::shared_ptr<const pipeline::Pipeline> pipeline, Values arguments, EngineOptions options);

  void apply(const EngineEvent& event);
  std::vector<EngineCommand> take_commands() { return std::exchange(commands_, {}); }
  bool ended() const { return is_final(state_); }
  bool suspended() const { return suspended_; }
  State state() const { return state_; }
  std::vector<InstanceView> views() const;
  std::string to_text() const;

 private:
  enum class Phase { tasks, finals, done };
  struct DagRun {
    const pipeline::Dag* dag = nullptr;
    const DagShape* shape = nullptr;
    int parent = -1;     // the sub-dag instance whose body this is; -1: the root
    std::string prefix;  // of its instances' paths: "" or "check#3/"
    Values params;
    int first_node = 0;  // its nodes are consecutive, in the shape's numbering
    int open = 0;        // nodes of the phase that have not ended
    Phase phase = Phase::tasks;
    int gate = Gates::kNone;  // the innermost gate of its instances
    int depth = 0;
    bool fresh = false;  // it follows from something that runs again in a retry
    bool failing_fast = false;
    bool stopping = false, timed_out = false;
    bool failed = false, stopped = false;
    State tasks_state = State::running;  // run.state of its finals
    std::string why_stopped;
    std::string reason;  // the first failure
  };

  struct TaskNode {
    int dag_run = 0;
    const pipeline::Task* task = nullptr;
    bool is_final = false;
    int unmet = 0;  // dependencies that have not ended
    State state = State::pending;
    bool harmless = false;  // see Verdict
    bool condition_per_turn = false;
    bool refuses_turns = false;  // fail_fast: a turn failed
    bool fresh = false;          // something of it runs (again), so what an earlier round made of its dependents is void
    bool expanded = false;
    std::vector<std::vector<Value>> axes;
    int turns = 0, admitted = 0, active = 0;
    bool any_failed = false, any_stopped = false, any_omitted = false, all_cached = true;
    std::vector<int> instances;
  };

  enum class Stage { idle, looking_up, queued, live, backing_off, paused, body, done };
  struct Instance {
    std::string path;
    int node = 0;
    int turn = -1;
    State state = State::pending;
    Stage stage = Stage::idle;
    Gates::Position position;
    int first_attempt = 0;  // the number of this round's first
    int attempts = 0, user_failures = 0, infrastructure_failures = 0;
    bool cancelled = false;
    bool kept = false;  // from an earlier round
    std::string reason, cache_key;
    Values inputs, outputs;
    std::optional<Outcome> last;
    std::optional<TimePoint> started, ended;
    int body = -1;  // DagRun
  };

  struct Timer {
    TimePoint at;
    int instance;
    Stage stage;  // it means something only while the instance is in this stage
    bool operator>(const Timer& other) const { return std::pair(at, instance) > std::pair(other.at, other.instance); }
  };

  enum class Step { decide_node, admit_turns, open_gate, end_phase };
  struct Item {
    Step step;
    int index;
  };

  // machine.cpp: events, agenda, dags
  void on(const RunStarted& event);
  void on(const AttemptRunning& event);
  void on(const AttemptEnded& event);
  void on(const CacheAnswered& event);
  void on(const TimePassed& event);
  void on(const StopRequested& event);
  void on(const Suspended& event);
  void on(const Continued& event);
  void on(const RetryRequested& event);
  bool heeds(const EngineEvent& event) const;
  void work_off();
  int add_dag_run(int dag, int parent, std::string prefix, Values params);
  void begin_dag_run(int dag_run);
  void begin_nodes(int dag_run, int first, int last);
  void end_phase(int dag_run);
  void end_dag_run(int dag_run);
  Values dag_outputs(int dag_run);
  void end_run(State state, Values outputs, std::string reason);
  void stop_dag_run(int dag_run, const std::string& why);
  void end_node(int node, State state, bool harmless);
  const DagShape& shape_of(const pipeline::Dag& dag);

  // machine_tasks.cpp: whether a task runs, and as which instances
  std::optional<Verdict> barrier(int node) const;
  bool in_finals(int node) const;
  bool is_below(int node, int dag_run) const;
  void decide(int node);
  std::optional<Verdict> verdict_of_trigger(const TaskNode& node) const;
  std::optional<Verdict> verdict_of_dependencies(const TaskNode& node) const;
  std::optional<Verdict> verdict_of_condition(const TaskNode& node, int turn) const;
  void end_unstarted(int node, const Verdict& verdict);
  std::optional<Verdict> expand(TaskNode& node);
  void admit_turns(int node);
  void end_turn(const Instance& instance);
  State state_of_turns(const TaskNode& node) const;
  std::optional<Verdict> bind_inputs(const Instance& instance, Values& inputs) const;
  std::optional<Verdict> verdict_of_missing(const DagRun& run, const pipeline::Input& input, const pipeline::Scope& names) const;

  // machine_rounds.cpp: what a retry keeps
  void begin_round();
  bool take_kept(int index);
  bool follows_fresh(int node) const;
  void mark_fresh(int node);

  // machine_instances.cpp: from an instance's start to its end
  int add_instance(int node, int turn);
  void start_instance(int index);
  void start_body(int index);
  void start_pause(int index);
  void import_artifact(int index);
  void look_up_or_queue(int index);
  void enqueue(int index);
  std::optional<Verdict> hindrance(const Instance& instance) const;
  void open_gate(int gate);
  void leave_gates(int index);
  void start_attempt(int index);
  void succeed(int index, State state, Values outputs);
  void retry_or_fail(int index);
  void note_failure(const Instance& instance);
  bool may_retry(const Instance& instance, std::string& why_not) const;
  Duration retry_delay(const Instance& instance) const;
  void finish(int index, State state, std::string reason);
  void announce(const Instance& instance);
  void set_timer(TimePoint at, int instance, Stage stage);
  Work work_of(const Instance& instance) const;
  std::optional<int> find_live(const AttemptId& id) const;

  // machine_scope.cpp: what names mean
  pipeline::Scope scope(int dag_run, const TaskNode* node = nullptr, int turn = -1) const;
  std::optional<Value> look_up(const DagRun& run, const TaskNode* node, int turn, std::string_view name) const;
  std::optional<Value> look_up_run(const DagRun& run, std::string_view name) const;
  std::optional<Value> look_up_task(const DagRun& run, std::string_view name) const;
  std::optional<Value> look_up_loop(const TaskNode& node, int turn, std::string_view name) const;
  const TaskNode* find_node(const DagRun& run, std::string_view task) const;
  Value axis_value(const TaskNode& node, std::size_t axis, int turn) const;
  std::string turn_of(const Instance& instance) const;
  template <typename Pick>
  std::optional<Value> over_turns(const TaskNode& node, Pick pick) const;

  Instance& instance(int index) { return instances_[static_cast<std::size_t>(index)]; }
  const Instance& instance(int index) const { return instances_[static_cast<std::size_t>(index)]; }
  TaskNode& node(int index) { return nodes_[static_cast<std::size_t>(index)]; }
  const TaskNode& node(int index) const { return nodes_[static_cast<std::size_t>(index)]; }
  DagRun& dag_run(int index) { return dag_runs_[static_cast<std::size_t>(index)]; }
  const DagRun& dag_run(int index) const { return dag_runs_[static_cast<std::size_t>(index)]; }
  void plan(Step step, int index) { agenda_.push_back({step, index}); }

  std::shared_ptr<const pipeline::Pipeline> pipeline_;
  Values arguments_;
  EngineOptions options_;
  State state_ = State::pending;
  bool suspended_ = false;
  std::deque<int> held_back_;                             // instances that would have queued while suspended
  std::unordered_map<std::string, Values> kept_;          // outputs of what succeeded in earlier rounds, by path
  std::unordered_map<std::string, int> attempts_so_far_;  // in earlier rounds, by path
  std::string reason_;
  Values outputs_;
  TimePoint now_{};
  TimePoint created_{};
  std::map<const pipeline::Dag*, DagShape> shapes_;
  std::deque<DagRun> dag_runs_;  // deques: references stay good while things are added
  std::deque<TaskNode> nodes_;
  std::deque<Instance> instances_;
  std::unordered_map<std::string, int> by_path_;
  Gates gates_;
  std::vector<int> opened_gates_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::deque<Item> agenda_;
  std::vector<EngineCommand> commands_;
};

// The names among an expression's references that begin with `prefix`; whether there are any.
bool refers_to(const pipeline::Expression& expression, std::string_view prefix);

}  // namespace kfrun::run
