#include "cli/run_session.h"

#include "base/files.h"
#include "cli/interrupt.h"
#include "cli/run_view.h"
#include "cli/screen.h"
#include "cli/stores.h"
#include "run/driver.h"
#include "run/kubernetes_executor.h"
#include "run/kubernetes_record_store.h"
#include "run/local_cache.h"
#include "run/local_executor.h"
#include "run/local_record_store.h"

namespace kfrun::cli {

namespace {

using Steady = std::chrono::steady_clock;

// Ctrl-C was pressed twice.
struct Left {};

// An executor that is left at the second Ctrl-C, whatever is under way: its owner then ends it.
class LeavableExecutor : public run::Executor {
 public:
  explicit LeavableExecutor(run::Executor& executor) : executor_(executor) {}

  void start(const run::Work& work) override { executor_.start(work); }
  void cancel(const run::AttemptId& id) override { executor_.cancel(id); }
  std::vector<run::ExecutorEvent> wait(Duration wait) override {
    auto events = executor_.wait(wait);
    if (InterruptGuard::count() > 1) throw Left();
    return events;
  }
  void wake() override { executor_.wake(); }
  bool adopts() const override { return executor_.adopts(); }
  int default_parallelism() const override { return executor_.default_parallelism(); }
  std::string source_digest(const run::Work& work) const override { return executor_.source_digest(work); }
  void finish() override { executor_.finish(); }

 private:
  run::Executor& executor_;
};

// Why a run is to end early: Ctrl-C, --timeout, or `kfrun stop` from elsewhere, which is asked for at most every `interval`.
class StopReasons {
 public:
  StopReasons(std::optional<Duration> timeout, Duration interval, std::function<std::string()> ask_store)
      : timeout_(timeout), interval_(interval), ask_store_(std::move(ask_store)) {}

  std::string operator()() {
    if (InterruptGuard::count() > 0) return "interrupted";
    const auto now = Steady::now();
    if (timeout_ && now - start_ >= *timeout_) {
      timed_out_ = true;
      return fmt::format("not finished after {}", to_string(*timeout_));
    }
    if (stored_.empty() && now - asked_ >= interval_) {
      stored_ = ask_store_();
      asked_ = Steady::now();
    }
    return stored_;
  }
  bool timed_out() const { return timed_out_; }

 private:
  const std::optional<Duration> timeout_;
  const Duration interval_;
  const std::function<std::string()> ask_store_;
  const Steady::time_point start_ = Steady::now();
  Steady::time_point asked_ = start_;
  std::string stored_;
  bool timed_out_ = false;
};

run::EngineOptions engine_options(const SubmitFlags& flags, const run::RunHead& head, int default_parallelism) {
  run::EngineOptions options;
  options.run_id = head.id;
  options.run_name = head.name;
  options.name_space = head.name_space;
  options.max_parallel = flags.parallel > 0 ? flags.parallel : default_parallelism;
  options.cache = !flags.no_cache;
  return options;
}

// The part that both ways share: the engine, the screen and Ctrl-C around one call of the driver.
Carried carry(const SubmitFlags& flags, const Submission& submission, run::RecordStore& store, run::Executor& executor,
              run::Cache& cache, StopReasons& stop_reasons) {
  const auto record = store.create(submission.head, *submission.pipeline);
  run::Engine engine(submission.pipeline, submission.arguments,
                     engine_options(flags, submission.head, executor.default_parallelism()));
  const auto screen = make_progress_screen(flags.progress, submission.head.created);
  const InterruptGuard guard([&executor] { executor.wake(); });
  LeavableExecutor leavable(executor);
  const auto stop_reason = [&] {
    screen->tick(system_clock().now());
    return stop_reasons();
  };
  try {
    run::drive(engine, {leavable, *record, cache, system_clock(), [&](const run::Progress& progress) { screen->show(progress); },
                        stop_reason});
  } catch (const Left&) {
  }
  screen->finish();
  return {read_summary(store, submission.head.id), InterruptGuard::count() > 0, stop_reasons.timed_out()};
}

}  // namespace

Carried carry_locally(const SubmitFlags& flags, const Submission& submission) {
  const std::string state = state_directory();
  Submission local = submission;
  local.head.executor = "local";
  const std::string& id = local.head.id;
  run::LocalRecordStore store(state);
  run::LocalCache cache(state);
  run::LocalExecutor executor({id, local.head.name, "", directory_of(local.head.source)}, {.state_directory = state});
  StopReasons stop_reasons(flags.timeout, std::chrono::milliseconds(50), [&] { return store.stop_reason(id); });
  return carry(flags, local, store, executor, cache, stop_reasons);
}

Carried carry_on_cluster(const SubmitFlags& flags, const Submission& submission) {
  kube::Client client(cluster_config(flags.cluster));
  require_answer(client);
  Submission remote = submission;
  remote.head.executor = "kubernetes";
  remote.head.name_space = client.config().name_space;
  const std::string& id = remote.head.id;
  run::KubernetesRecordStore store(client, remote.head.name_space);
  run::KubernetesCache cache(client, remote.head.name_space);
  run::KubernetesExecutor executor(client, {id, remote.head.name, remote.head.name_space, directory_of(remote.head.source)});
  StopReasons stop_reasons(flags.timeout, std::chrono::seconds(2),
                           [&] { return store.stop_requested(id) ? std::string("stopped by the user") : std::string(); });
  return carry(flags, remote, store, executor, cache, stop_reasons);
}

}  // namespace kfrun::cli
