#include "cli/run_session.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/failed_log.h"
#include "cli/follow.h"
#include "cli/interrupt.h"
#include "cli/run_view.h"
#include "cli/screen.h"
#include "document/writer.h"
#include "run/driver.h"
#include "run/kubernetes_executor.h"
#include "run/kubernetes_layout.h"
#include "run/kubernetes_record_store.h"
#include "run/local_cache.h"
#include "run/local_executor.h"
#include "run/local_layout.h"
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
  void adopt(const run::Work& work) override { executor_.adopt(work); }
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
  void show_cached(const run::Work& work, const run::Values& outputs) override { executor_.show_cached(work, outputs); }
  void finish() override { executor_.finish(); }

 private:
  run::Executor& executor_;
};

// What those outside of the run want of it: Ctrl-C, --timeout, and from elsewhere `kfrun stop` and `kfrun suspend`, which are
// asked for at most every `interval`.
class Wishes {
 public:
  Wishes(const CarryOptions& options, Duration interval, std::function<run::Control()> ask_store)
      : timeout_(options.timeout), interval_(interval), ask_store_(std::move(ask_store)) {
    stored_.stop = options.stop_because;
  }

  std::string stop_reason() {
    const auto now = Steady::now();
    if (timeout_ && now - start_ >= *timeout_) {
      timed_out_ = true;
      return fmt::format("not finished after {}", to_string(*timeout_));
    }
    if (stored_.stop.empty() && now - asked_ >= interval_) {
      stored_ = ask_store_();
      asked_ = Steady::now();
    }
    return stored_.stop;
  }
  run::Suspension suspension() const {
    if (InterruptGuard::count() > 0) return {"interrupted", true};
    return {stored_.suspend, false};
  }
  bool timed_out() const { return timed_out_; }
  // What was asked for while nobody carried the run.
  void ask_at_once() { asked_ = Steady::now() - interval_; }

 private:
  const std::optional<Duration> timeout_;
  const Duration interval_;
  const std::function<run::Control()> ask_store_;
  const Steady::time_point start_ = Steady::now();
  Steady::time_point asked_ = start_;
  run::Control stored_;
  bool timed_out_ = false;
};

// The attempts that run, with the latest that is known of each.
class Running {
 public:
  void note(const run::Progress& progress) {
    if (progress.instance.empty()) return;
    if (progress.state != run::State::running) {
      running_.erase(progress.instance);
    } else {
      running_[progress.instance] = progress.message;
    }
  }
  // "load, train#2 (image x: not found)"
  std::string words() const {
    constexpr std::size_t most = 10;
    std::vector<std::string> words;
    for (const auto& [name, message] : running_) {
      if (words.size() == most) {
        words.push_back(fmt::format("{} more", running_.size() - most));
        break;
      }
      words.push_back(message.empty() ? name : fmt::format("{} ({})", name, message));
    }
    return join(words, ", ");
  }

 private:
  std::map<std::string, std::string> running_;
};

// The part that both ways share: the engine, the record, the screen and Ctrl-C around the driver.
class Session {
 public:
  Session(const CarryOptions& options, const Submission& submission, run::RecordStore& store, run::Executor& executor,
          run::Cache& cache, std::string workspace, Duration ask_interval, kube::Client* client = nullptr)
      : options_(options),
        submission_(submission),
        id_(submission.head.id),
        store_(store),
        executor_(executor),
        cache_(cache),
        workspace_(std::move(workspace)),
        client_(client),
        screen_(make_progress_screen(options.progress, submission.head.created)),
        wishes_(options, ask_interval, [this] { return store_.control(id_); }) {}

  // A run that does not exist yet.
  Carried begin() {
    try {
      const auto record = store_.create(submission_.head, *submission_.pipeline);
      drive_guarded(*record, {});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::conflict || !(has_begun_ || options_.may_exist)) throw;
      check_is_the_same();
      carry_or_follow();
    }
    return take();
  }

  Carried go_on() {
    carry_or_follow();
    return take();
  }

 private:
  // Carries the run, or follows whoever does until they are gone.
  void carry_or_follow() {
    const InterruptGuard guard([] {});
    for (;;) {
      try {
        if (!options_.retry && run::is_final(read_summary(store_, id_).state)) return executor_.finish();
        const auto record = store_.reopen(id_);
        if (options_.retry) store_.withdraw_stop(id_);
        wishes_.ask_at_once();
        return drive_guarded(*record, store_.entries(id_));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::conflict) throw;
        ask_the_other();
      }
      const auto is_over = [&] { return InterruptGuard::count() > 0 || !is_carried(); };
      if (follow(store_, id_, *screen_, is_over) || InterruptGuard::count() > 0) return;
    }
  }

  // Whoever carries the run is told what this one is wanted for.
  void ask_the_other() {
    if (!std::exchange(has_told_, true)) {
      print_note(fmt::format("run {} is being carried by another kfrun; this one follows it", id_));
    }
    if (!options_.stop_because.empty()) return store_.request_stop(id_, options_.stop_because);
    store_.request_continue(id_);
  }

  bool is_carried() {
    if (Steady::now() < ask_again_) return true;
    ask_again_ = Steady::now() + std::chrono::seconds(1);
    return store_.is_carried(id_);
  }

  void drive_guarded(run::RecordWriter& record, const std::vector<run::RecordEntry>& entries) {
    const InterruptGuard guard([this] { executor_.wake(); });
    has_begun_ = true;
    if (const auto warning = record.warning(); !warning.empty() && !std::exchange(has_warned_, true)) print_warning(warning);
    run::Engine engine(submission_.pipeline, submission_.head.arguments, engine_options());
    auto unfinished = run::replay(engine, entries);
    unfinished.retry = options_.retry;
    LeavableExecutor leavable(executor_);
    try {
      run::drive(engine,
                 {leavable, record, cache_, system_clock(),
                  [this](const run::Progress& progress) {
                    running_.note(progress);
                    screen_->show(progress);
                    show_last_lines(progress);
                  },
                  [this] {
                    screen_->tick(system_clock().now());
                    say_what_is_waited_for();
                    return wishes_.stop_reason();
                  },
                  [this] {
                    const auto wish = wishes_.suspension();
                    say_what_holds(wish);
                    return wish;
                  }},
                 std::move(unfinished));
    } catch (const Left&) {
    } catch (Error& error) {
      if (error.kind() == ErrorKind::conflict) throw;
      screen_->finish();
      throw error.hint(fmt::format("the run has not ended: 'kfrun resume {}' goes on with it", id_));
    }
  }

  // What a pod that failed for good wrote last. Many that fail together would hold the run up.
  void show_last_lines(const run::Progress& progress) {
    constexpr int most = 10;
    const bool is_for_people = options_.progress != ProgressMode::json && options_.progress != ProgressMode::quiet;
    const bool has_failed = progress.state == run::State::failed && progress.outcome && !progress.outcome->pod.empty();
    if (!client_ || !is_for_people || !has_failed || shown_logs_ >= most) return;
    ++shown_logs_;
    const auto lines = last_lines_of_pod(*client_, submission_.head.name_space, id_, progress.instance, progress.outcome->pod);
    if (lines.empty()) shown_logs_ = most;  // each of the others may take as long
    screen_->finish();
    std::fputs(lines.c_str(), stderr);
  }

  // Once for each time somebody suspends the run; Ctrl-C has been told already.
  void say_what_holds(const run::Suspension& wish) {
    const bool is_for_people = options_.progress != ProgressMode::json && options_.progress != ProgressMode::quiet;
    const bool is_held = !wish.why.empty() && !wish.leave;
    if (!std::exchange(is_held_, is_held) && is_held && is_for_people) {
      screen_->finish();
      std::fputs(fmt::format("suspended: {}; 'kfrun resume {}' goes on\n", wish.why, id_).c_str(), stderr);
    }
  }

  // Once, after Ctrl-C.
  void say_what_is_waited_for() {
    if (InterruptGuard::count() == 0 || std::exchange(has_said_, true)) return;
    screen_->finish();
    if (const auto words = running_.words(); !words.empty()) print_note(fmt::format("waiting for {}", words));
  }

  run::EngineOptions engine_options() const {
    run::EngineOptions options;
    options.run_id = id_;
    options.run_name = submission_.head.name;
    options.name_space = submission_.head.name_space;
    options.workspace = workspace_;
    options.max_parallel = submission_.head.max_parallel;
    options.cache = submission_.head.cache;
    return options;
  }

  // The same id for something else is a mistake.
  void check_is_the_same() {
    const auto there = store_.head(id_);
    const auto text_of = [](const run::Values& values) { return document::write_json(run::to_node(values)); };
    if (text_of(there.arguments) != text_of(submission_.head.arguments)) {
      throw make_error(ErrorKind::conflict, "run {} exists, with other arguments", id_);
    }
    if (document::write_json(pipeline::to_node(store_.pipeline(id_))) !=
        document::write_json(pipeline::to_node(*submission_.pipeline))) {
      throw make_error(ErrorKind::conflict, "run {} exists, of another pipeline", id_);
    }
  }

  Carried take() {
    screen_->finish();
    return {view_run(store_, id_), InterruptGuard::count() > 0, wishes_.timed_out()};
  }

  const CarryOptions& options_;
  const Submission& submission_;
  const std::string id_;
  run::RecordStore& store_;
  run::Executor& executor_;
  run::Cache& cache_;
  const std::string workspace_;  // as the run's tasks see it
  kube::Client* const client_;   // of a run in a cluster
  int shown_logs_ = 0;
  std::unique_ptr<ProgressScreen> screen_;
  Wishes wishes_;
  Steady::time_point ask_again_{};
  Running running_;
  bool is_held_ = false;  // somebody suspends it
  bool has_begun_ = false, has_told_ = false, has_said_ = false, has_warned_ = false;
};

Submission completed(Submission submission, const CarryOptions& options, std::string_view name, const run::Executor& executor) {
  if (!submission.head.executor.empty()) return submission;
  submission.head.executor = name;
  submission.head.max_parallel = options.parallel > 0 ? options.parallel : executor.default_parallelism();
  return submission;
}

std::string kfp_runtime(const CarryOptions& options) {
  const char* usual = std::getenv("KFRUN_KFP_RUNTIME");
  const std::string given = !options.kfp_runtime.empty() ? options.kfp_runtime : usual ? usual : "";
  return given.empty() ? given : disk().resolve(given).value_or(given);
}

}  // namespace

Carried carry_locally(const CarryOptions& options, const Submission& submission) {
  const std::string state = state_directory();
  run::LocalRecordStore store(state);
  run::LocalCache cache(state);
  const auto& head = submission.head;
  run::LocalOptions local_options{.state_directory = state, .kfp_runtime = kfp_runtime(options)};
  if (!head.engine.empty()) local_options.engine = run::ContainerEngine{head.engine, head.engine_arguments};
  run::LocalExecutor executor({head.id, head.name, "", directory_of(head.source)}, local_options);
  const bool is_new = head.executor.empty();
  const auto local = completed(submission, options, "local", executor);
  Session session(options, local, store, executor, cache, run::LocalLayout{state}.workspace(head.id),
                  std::chrono::milliseconds(50));
  return is_new ? session.begin() : session.go_on();
}

Carried carry_on_cluster(const CarryOptions& options, const ClusterFlags& flags, const Submission& submission) {
  kube::Client client(cluster_config(flags));
  require_answer(client);
  Submission remote = submission;
  const bool is_new = remote.head.executor.empty();
  if (is_new) remote.head.name_space = client.config().name_space;
  const auto& head = remote.head;
  run::KubernetesRecordStore store(client, head.name_space);
  run::KubernetesCache cache(client, head.name_space);
  run::KubernetesOptions wishes;
  wishes.unschedulable_wait = options.unschedulable_timeout;
  wishes.kfp_runtime = kfp_runtime(options);
  wishes.workspace = submission.pipeline->workspace;
  run::KubernetesExecutor executor(client, {head.id, head.name, head.name_space, directory_of(head.source)}, wishes);
  remote = completed(remote, options, "kubernetes", executor);
  Session session(options, remote, store, executor, cache, std::string(run::kWorkspaceMount), std::chrono::seconds(2), &client);
  return is_new ? session.begin() : session.go_on();
}

Carried carry_on(const CarryOptions& options, const ClusterFlags& flags, const FoundRun& found) {
  const Submission submission{std::make_shared<const pipeline::Pipeline>(found.store->pipeline(found.id)),
                              found.store->head(found.id)};
  return found.local ? carry_locally(options, submission) : carry_on_cluster(options, flags, submission);
}

}  // namespace kfrun::cli
