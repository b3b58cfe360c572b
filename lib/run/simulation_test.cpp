// Thousands of random pipelines with random faults on a virtual clock: the engine's invariants hold, and what a run comes to
// is what an evaluation without time says. KFRUN_SEED=n runs one seed; KFRUN_SEEDS=n that many.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "base/test.h"
#include "base/text.h"
#include "document/writer.h"
#include "run/engine.h"
#include "run/random.h"
#include "run/random_pipeline.h"
#include "run/simulated_executor.h"
#include "run/simulation_reference.h"

namespace kfrun::run {

namespace {

// A broken invariant; caught per seed.
struct Broken {
  std::string what;
};
void demand(bool condition, const std::string& what) {
  if (!condition) throw Broken{what};
}

// Where a task stands in its pipeline.
struct Home {
  const pipeline::Dag* dag;
  bool is_final;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : seed_(seed), random_(seed) {
    RandomPipelineOptions shape;
    shape.fail_fast = random_.percent(30);
    if (random_.percent(5)) shape.max_tasks = 25;
    pipeline_ = std::make_shared<pipeline::Pipeline>(random_pipeline(seed, shape));
    if (random_.percent(25)) faults_ = {0, 0, 0, 5, 0};
    if (random_.percent(15)) faults_ = {30, 25, 5, 20, 5};
    if (random_.percent(50)) kills_ = 1 + random_.below(10);
    stops_ = random_.percent(20);
    options_.cache = random_.percent(60);
    options_.max_parallel = random_.percent(40) ? 1 + random_.below(4) : 0;
    options_.infrastructure_retries = random_.below(4);
    options_.run_id = "run";
    comparable_ = !stops_ && !shape.fail_fast;
    for (const auto& dag : pipeline_->dags) {
      for (const auto& task : dag.tasks) homes_[&task] = {&dag, false};
      for (const auto& task : dag.finals) homes_[&task] = {&dag, true};
    }
  }

  void run() {
    Engine engine = fresh();
    SimulatedExecutor executor(clock_, seed_, faults_);
    stop_at_ = clock_.now() + std::chrono::milliseconds(random_.below(20'000));
    feed(engine, RunStarted{clock_.now()});
    for (int turn = 0; !engine.ended(); ++turn) {
      demand(turn < 100'000, "the run does not end");
      carry_out(engine, executor);
      if (engine.ended()) break;
      if (random_.percent(kills_)) kill(engine);
      demand(!executor.idle() || !timers_.empty() || !live_.empty() || stop_pending(), "nothing is left that could happen");
      step(engine, executor);
    }
    note(engine.next(), engine, executor);
    check_end(engine);
    check_order(engine);
    replayed(engine);
    if (comparable_) compare(engine);
  }

  std::size_t instances() const { return changes_.size(); }
  std::size_t attempts() const { return attempts_; }
  std::size_t kills() const { return killed_; }
  const std::map<FailureClass, std::size_t>& failures() const { return failures_; }
  std::string text() const { return pipeline::to_text(*pipeline_); }

 private:
  bool stop_pending() const { return stops_ && !stopped_; }

  void feed(Engine& engine, const EngineEvent& event) {
    events_.push_back(event);
    engine.apply(event);
  }

  void carry_out(Engine& engine, SimulatedExecutor& executor) {
    for (auto commands = engine.next(); !commands.empty(); commands = engine.next()) note(commands, engine, executor);
  }

  // Looks at what the engine wants, and does it.
  void note(const std::vector<EngineCommand>& commands, Engine& engine, SimulatedExecutor& executor) {
    for (const auto& command : commands) {
      demand(!run_ended_, "a command after the end of the run");
      if (const auto* start = std::get_if<StartAttempt>(&command)) {
        check_start(start->work);
        executor.start(start->work);
      } else if (const auto* cancel = std::get_if<CancelAttempt>(&command)) {
        demand(live_.count(cancel->id.instance) > 0, "an attempt is cancelled that is not live: " + to_string(cancel->id));
        executor.cancel(cancel->id);
      } else if (const auto* look_up = std::get_if<LookUpCache>(&command)) {
        demand(changes_.count(look_up->work.id.instance) == 0, "the cache is asked late for " + look_up->work.id.instance);
        CacheAnswered answer{look_up->work.id.instance, clock_.now(), std::nullopt};
        if (is_cached(answer.instance)) answer.outputs = simulated_outputs(*look_up->work.task, look_up->work.inputs);
        feed(engine, answer);
      } else if (const auto* wake = std::get_if<WakeAt>(&command)) {
        demand(wake->at >= clock_.now(), "a timer in the past");
        timers_.insert(wake->at);
      } else if (const auto* changed = std::get_if<InstanceChanged>(&command)) {
        check_change(*changed);
      } else if (std::holds_alternative<RunEnded>(command)) {
        run_ended_ = true;
        demand(live_.empty(), "the run ended while attempts are live");
      }
    }
  }

  bool is_cached(const std::string& instance) const {
    return options_.cache && Random(seed_of(seed_, "cache" + instance)).percent(20);
  }

  void step(Engine& engine, SimulatedExecutor& executor) {
    TimePoint until = clock_.now() + std::chrono::hours(1);
    if (!timers_.empty()) until = std::min(until, *timers_.begin());
    if (stop_pending()) until = std::min(until, stop_at_);
    const auto news = executor.wait(std::max(Duration(until - clock_.now()), Duration(0)));
    if (stop_pending() && clock_.now() >= stop_at_) {
      stopped_ = true;
      feed(engine, StopRequested{clock_.now(), "enough"});
      carry_out(engine, executor);
    }
    for (const auto& one : news) {
      if (const auto* ended = std::get_if<AttemptEnded>(&one)) end_attempt(engine, *ended);
      std::visit([&](const auto& event) { feed(engine, event); }, one);
    }
    if (!timers_.empty() && *timers_.begin() <= clock_.now()) {
      timers_.erase(timers_.begin(), timers_.upper_bound(clock_.now()));
      feed(engine, TimePassed{clock_.now()});
    }
  }

  void end_attempt(Engine&, const AttemptEnded& ended) {
    const auto live = live_.find(ended.id.instance);
    if (live == live_.end() || live->second.id != ended.id) return;  // told twice
    if (ended.outcome.failure != FailureClass::none) ++failures_[ended.outcome.failure];
    if (ended.outcome.failure == FailureClass::infrastructure) lost_.insert(ended.id.instance);
    if (ended.outcome.failure == FailureClass::user) ++user_failures_[ended.id.instance];
    live_.erase(live);
  }

  void check_start(const Work& work) {
    ++attempts_;
    const std::string& path = work.id.instance;
    demand(live_.count(path) == 0, "two live attempts of " + path);
    demand(work.id.attempt == next_attempt_[path]++, "attempts of " + path + " are not numbered one by one");
    demand(!work.task->once || lost_.count(path) == 0, path + " is to run once, and runs again after it was lost");
    demand(user_failures_[path] <= work.task->retry.limit, path + " is tried more often than its policy says");
    demand(next_attempt_[path] <= 1 + work.task->retry.limit + options_.infrastructure_retries, path + " has no budget left");
    first_start_.emplace(path, sequence_++);
    live_.emplace(path, work);
    if (options_.max_parallel > 0)
      demand(static_cast<int>(live_.size()) <= options_.max_parallel, "more live attempts than the run allows");
    check_dag_limits(path);
    check_loop_limits(path);
  }

  // Live attempts below every dag that encloses `path`.
  void check_dag_limits(const std::string& path) {
    for (auto cut = path.rfind('/');; cut = path.rfind('/', cut - 1)) {
      const std::string prefix = cut == path.npos ? "" : path.substr(0, cut + 1);
      const auto& dag = dag_of(prefix);
      if (dag.max_parallel > 0) {
        const auto count =
            std::count_if(live_.begin(), live_.end(), [&](const auto& one) { return one.first.starts_with(prefix); });
        demand(count <= dag.max_parallel, fmt::format("{} live attempts in {}", count, prefix));
      }
      if (cut == path.npos || cut == 0) return;
    }
  }

  // Turns that have begun and not ended, of every loop on the way to `path`.
  void check_loop_limits(const std::string& path) {
    std::string prefix;
    const auto* dag = &pipeline_->dags[0];
    for (const auto& part : split(path, '/')) {
      const std::string name = part.substr(0, part.find('#'));
      const auto& task = task_of(*dag, name);
      if (task.loop && task.loop->max_parallel > 0) {
        std::set<std::string> turns;
        for (const auto& [other, state] : changes_) {
          const std::string turn = other.substr(0, other.find('/', prefix.size()));
          if (turn.starts_with(prefix + name + "#") && (!is_final(state) || other != turn) && !ended_.count(turn))
            turns.insert(turn);
        }
        demand(static_cast<int>(turns.size()) <= task.loop->max_parallel, "more turns of " + prefix + name + " than it allows");
      }
      prefix += part + "/";
      if (task.kind == pipeline::TaskKind::sub_dag) dag = &pipeline_->dags[static_cast<std::size_t>(task.body)];
    }
  }

  static const pipeline::Task& task_of(const pipeline::Dag& dag, const std::string& name) {
    for (const auto* tasks : {&dag.tasks, &dag.finals}) {
      for (const auto& task : *tasks) {
        if (task.name == name) return task;
      }
    }
    throw Broken{"no task " + name};
  }

  const pipeline::Dag& dag_of(const std::string& prefix) const {
    const auto* dag = &pipeline_->dags[0];
    for (const auto& part : split(prefix, '/')) {
      if (!part.empty()) dag = &pipeline_->dags[static_cast<std::size_t>(task_of(*dag, part.substr(0, part.find('#'))).body)];
    }
    return *dag;
  }

  void check_change(const InstanceChanged& changed) {
    demand(ended_.count(changed.instance) == 0, changed.instance + " changes after its end");
    changes_[changed.instance] = changed.state;
    if (changed.state == State::running) begun_.insert(changed.instance);
    first_change_.emplace(changed.instance, sequence_++);
    if (is_final(changed.state)) ended_.emplace(changed.instance, sequence_++);
  }

  void check_end(const Engine& engine) {
    demand(run_ended_, "the run ended without saying so");
    std::set<std::string> paths;
    for (const auto& view : engine.instances()) {
      demand(paths.insert(view.path).second, "two instances " + view.path);
      demand(is_final(view.state), view.path + " has not ended");
      demand(ended_.count(view.path) == 1, view.path + " ended without saying so");
      demand(view.attempts == next_attempt_[view.path], view.path + " counts its attempts wrongly");
    }
    demand(paths.size() == changes_.size(), "something changed that does not exist");
    if (stopped_ && engine.state() != State::stopped) demand(!stop_cut_short(engine), "a stopped run did not end as stopped");
  }

  static bool stop_cut_short(const Engine& engine) {
    const auto views = engine.instances();
    return std::any_of(views.begin(), views.end(), [](const auto& view) { return view.state == State::stopped; });
  }

  // Nothing begins before what it needs has ended; finals last and always.
  void check_order(const Engine& engine) {
    std::map<std::string, std::vector<const InstanceView*>> by_task;  // path without "#turn"
    const auto views = engine.instances();
    for (const auto& view : views) by_task[view.path.substr(0, view.path.size() - turn_suffix(view.path))].push_back(&view);
    for (const auto& view : views) {
      const auto& home = homes_.at(view.task);
      const std::string prefix = view.path.substr(0, view.path.rfind('/') == view.path.npos ? 0 : view.path.rfind('/') + 1);
      const auto& siblings = home.is_final ? home.dag->finals : home.dag->tasks;
      const auto begin = first_change_.at(view.path);
      const auto needs = [&](const pipeline::Task& task) {
        const auto found = by_task.find(prefix + task.name);
        demand(found != by_task.end(), view.path + " exists without " + prefix + task.name);
        for (const auto* needed : found->second)
          demand(ended_.at(needed->path) < begin, view.path + " begins before " + needed->path + " ended");
      };
      for (const int number : view.task->dependencies) needs(siblings[static_cast<std::size_t>(number)]);
      if (home.is_final) {
        for (const auto& task : home.dag->tasks) needs(task);
      } else if (!prefix.empty()) {
        demand(first_change_.at(prefix.substr(0, prefix.size() - 1)) < begin, view.path + " begins before its parent");
      }
      if (view.task->kind == pipeline::TaskKind::sub_dag && begun_.count(view.path)) {
        check_finals(view, by_task);
      }
    }
    for (const auto& task : pipeline_->dags[0].finals)
      demand(by_task.count(task.name) == 1, "final " + task.name + " did not come");
    for (const auto& task : pipeline_->dags[0].tasks)
      demand(by_task.count(task.name) == 1, "task " + task.name + " did not come");
  }

  void check_finals(const InstanceView& view, const std::map<std::string, std::vector<const InstanceView*>>& by_task) {
    for (const auto& task : pipeline_->dags[static_cast<std::size_t>(view.task->body)].finals) {
      demand(by_task.count(view.path + "/" + task.name) == 1, "a final did not come in " + view.path);
    }
  }

  static std::size_t turn_suffix(const std::string& path) {
    const auto slash = path.rfind('/');
    const auto hash = path.find('#', slash == path.npos ? 0 : slash);
    return hash == path.npos ? 0 : path.size() - hash;
  }

  Engine fresh() const { return Engine(pipeline_, {}, options_); }

  // The same events give the same state and the same commands, whatever lies between.
  Engine replayed(const Engine& engine) const {
    Engine again = fresh();
    for (const auto& event : events_) again.apply(event);
    demand(again.to_text() == engine.to_text(), "a replay ends differently:\n" + again.to_text());
    return again;
  }

  // Another takes its place; attempts run on, and what has been asked for is not asked for again.
  void kill(Engine& engine) {
    Engine again = replayed(engine);
    again.next();
    engine = std::move(again);
    ++killed_;
  }

  void compare(const Engine& engine) {
    SimulationReference reference(*pipeline_, seed_, faults_, options_.infrastructure_retries,
                                  [&](const std::string& instance) { return is_cached(instance); });
    const auto expected = reference.run({});
    demand(expected.state == engine.state(),
           fmt::format("the run {} but should have {}", to_string(engine.state()), to_string(expected.state)));
    const auto views = engine.instances();
    demand(views.size() == reference.instances().size(),
           fmt::format("{} instances instead of {}", views.size(), reference.instances().size()));
    for (const auto& view : views) {
      const auto found = reference.instances().find(view.path);
      demand(found != reference.instances().end(), view.path + " should not be");
      const auto& result = found->second;
      demand(result.state == view.state, fmt::format("{} {} ({}) but should have {}", view.path, to_string(view.state),
                                                     view.reason, to_string(result.state)));
      demand(result.attempts == view.attempts,
             fmt::format("{} took {} attempts instead of {}", view.path, view.attempts, result.attempts));
      demand(result.outputs == view.outputs, view.path + " has other outputs");
    }
  }

  std::uint64_t seed_;
  Random random_;
  std::shared_ptr<pipeline::Pipeline> pipeline_;
  SimulatedFaults faults_;
  EngineOptions options_;
  SimulatedClock clock_;
  bool stops_ = false, stopped_ = false, comparable_ = false, run_ended_ = false;
  TimePoint stop_at_;
  int kills_ = 0;  // percent of turns
  std::size_t attempts_ = 0, sequence_ = 0, killed_ = 0;
  std::map<FailureClass, std::size_t> failures_;
  std::map<const pipeline::Task*, Home> homes_;
  std::vector<EngineEvent> events_;
  std::multiset<TimePoint> timers_;
  std::map<std::string, Work> live_;
  std::map<std::string, int> next_attempt_, user_failures_;
  std::set<std::string> lost_, begun_;
  std::map<std::string, State> changes_;
  std::map<std::string, std::size_t> first_start_, first_change_, ended_;
};

std::uint64_t number_from_environment(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : fallback;
}

}  // namespace

TEST_CASE("random runs keep the engine's invariants") {
  const auto only = number_from_environment("KFRUN_SEED", 0);
  const auto first = only ? only : 1;
  const auto count = only ? 1 : number_from_environment("KFRUN_SEEDS", 10'000);
  std::size_t instances = 0, attempts = 0, kills = 0, broken = 0;
  std::map<FailureClass, std::size_t> failures;
  for (auto seed = first; seed < first + count && broken < 5; ++seed) {
    Simulation simulation(seed);
    try {
      simulation.run();
    } catch (const Broken& fault) {
      ++broken;
      UNSCOPED_INFO("KFRUN_SEED=" << seed << ": " << fault.what << (broken == 1 ? "\n" + simulation.text() : ""));
    }
    instances += simulation.instances();
    attempts += simulation.attempts();
    kills += simulation.kills();
    for (const auto& [failure, times] : simulation.failures()) failures[failure] += times;
  }
  CHECK(broken == 0);
  // The runs are worth something: enough happens in them.
  if (!only) CHECK(instances > 8 * count);
  if (!only) CHECK(attempts > 4 * count);
  if (!only) CHECK(kills > count / 4);
  if (!only) CHECK(failures.size() == 6);
  if (!std::getenv("KFRUN_SEEDS")) return;
  std::string figures = fmt::format("{} runs, {} tasks, {} attempts, {} kills of the driver, {} runs broken; failures:", count,
                                    instances, attempts, kills, broken);
  for (const auto& [failure, times] : failures) figures += fmt::format(" {} {},", to_string(failure), times);
  figures.back() = '\n';
  std::fputs(figures.c_str(), stdout);
}

}  // namespace kfrun::run
