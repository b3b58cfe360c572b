// The loop over child processes: one epoll over their pidfds and an eventfd, no thread, no polling.
#include "run/local_executor.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <thread>

#include "run/local_attempt.h"
#include "run/local_outcome.h"
#include "run/local_runner.h"
#include "run/local_sources.h"

namespace kfrun::run {

namespace {

using Steady = std::chrono::steady_clock;

std::string name_of_machine() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// What is not given is the machine's.
Resources completed(Resources given) {
  const Resources machine = resources_of_machine();
  return {given.cores > 0 ? given.cores : machine.cores, given.memory > 0 ? given.memory : machine.memory};
}

std::unique_ptr<LocalRunner> runner_of(const RunContext& run, const LocalOptions& options) {
  if (!options.engine) return std::make_unique<LocalRunner>();
  return make_container_runner(*options.engine, {options.state_directory}, run.id);
}

int checked(int number, const char* call) {
  if (number < 0) throw make_error(ErrorKind::failed, "{}: {}", call, std::strerror(errno));
  return number;
}

// Rounded up, so that a deadline is over when it was waited for.
int milliseconds(Duration wait) {
  const auto count = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<int>(std::clamp<long long>(count, 0, 3'600'000));
}

}  // namespace

class LocalExecutor::Processes {
 public:
  Processes(RunContext run, LocalOptions options)
      : run_(std::move(run)),
        options_(std::move(options)),
        runner_(runner_of(run_, options_)),
        attempts_(run_, LocalLayout{options_.state_directory}, options_.kfp_runtime, runner_->in_containers()),
        host_(name_of_machine()),
        all_(completed(options_.resources)),
        epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create")),
        wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
    watch(wake_, kWake);
  }

  ~Processes() {
    std::vector<LocalAttempt> attempts;
    for (auto& [number, running] : running_) {
      signal_process_group(running.process, SIGKILL);
      await(running.process);
      attempts.push_back(std::move(running.attempt));
    }
    if (!attempts.empty()) runner_->abandon(attempts);
    for (auto& [number, errand] : errands_) await(errand);
    ::close(wake_);
    ::close(epoll_);
  }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  void start(const Work& work, bool adopted) {
    if (numbers_.count(work.id) || waits(work.id)) return;
    if (const auto kind = work.task->kind; kind != pipeline::TaskKind::container) {
      return fail(work, outcome_of_start(make_error(ErrorKind::unsupported, "{}: a task of kind '{}' needs a cluster",
                                                    work.task->name, to_string(kind))
                                             .hint("submit the run to a cluster: leave out --local")));
    }
    try {
      LocalAttempt attempt = attempts_.prepare(work, adopted);
      if (attempt.requests.memory > all_.memory) return fail(work, outcome_of_size(attempt.requests.memory, all_.memory));
      const bool is_large = attempt.requests.cores > all_.cores;
      attempt.requests.cores = std::min(attempt.requests.cores, all_.cores);
      if (adopted || fits(attempt.requests)) return launch(work, std::move(attempt), adopted);
      std::string why = "waits for " + lacking(attempt.requests);
      if (is_large) why += fmt::format(", all there are: it asks for {:g}", requested(work.task->container).cores);
      tell(AttemptRunning{work.id, now(), std::move(why)});
      waiting_.push_back({work, std::move(attempt)});
    } catch (const Error& error) {
      fail(work, outcome_of_start(error));
    }
  }

  void cancel(const AttemptId& id) {
    if (const auto number = numbers_.find(id); number != numbers_.end()) {
      Running& running = running_.at(number->second);
      if (running.is_stopped) return;
      running.is_stopped = true;
      return end_gently(running);
    }
    for (auto waiting = waiting_.begin(); waiting != waiting_.end(); ++waiting) {
      if (waiting->work.id != id) continue;
      const Work work = std::move(waiting->work);
      waiting_.erase(waiting);
      return fail(work, outcome_of_stop({}));
    }
  }

  std::vector<ExecutorEvent> wait(Duration wait) {
    // What the last call gave has been recorded.
    if (!ended_.empty()) run_errand(runner_->forget(std::exchange(ended_, {})));
    if (!events_.empty()) wait = Duration(0);
    const auto deadline = next_deadline();
    if (deadline) wait = std::min<Duration>(wait, *deadline - Steady::now());
    std::array<epoll_event, 64> ready{};
    const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), milliseconds(wait));
    if (count < 0 && errno != EINTR) throw make_error(ErrorKind::failed, "epoll_wait: {}", std::strerror(errno));
    for (int i = 0; i < count; ++i) {
      const auto number = ready[static_cast<std::size_t>(i)].data.u64;
      if (number == kWake) {
        std::uint64_t times = 0;
        [[maybe_unused]] const auto size = ::read(wake_, &times, sizeof times);
      } else if (const auto found = running_.find(number); found != running_.end()) {
        go_on(found);
      } else if (const auto errand = errands_.find(number); errand != errands_.end()) {
        if (reap_process(errand->second)) errands_.erase(errand);
      }
    }
    if (deadline && Steady::now() >= *deadline) end_overdue();
    launch_waiting();
    return std::exchange(events_, {});
  }

  // Also from signal handlers.
  void wake() {
    const int fault = errno;
    const std::uint64_t once = 1;
    [[maybe_unused]] const auto size = ::write(wake_, &once, sizeof once);
    errno = fault;
  }

  void show_cached(const Work& work, const Values& outputs) { attempts_.link_artifacts(work, outputs); }
  void finish() {
    for (auto& [number, errand] : errands_) await(errand);
    errands_.clear();
    // Scratch space that stays says that there may be more to remove.
    if (runner_->finish()) attempts_.remove_scratch();
  }
  bool in_containers() const { return runner_->in_containers(); }
  const RunContext& run() const { return run_; }

 private:
  static constexpr std::uint64_t kWake = 0;  // running attempts are numbered from 1

  struct Running {
    Work work;
    LocalAttempt attempt;
    Process process;
    TimePoint began;
    std::optional<Steady::time_point> deadline;  // of its task, then of its grace
    bool is_overdue = false, is_stopped = false, is_killed = false, is_adopted = false;
  };
  struct Waiting {
    Work work;
    LocalAttempt attempt;
  };

  static TimePoint now() { return system_clock().now(); }

  bool waits(const AttemptId& id) const {
    return std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) { return waiting.work.id == id; });
  }

  // Those that state no request pass those that wait.
  bool fits(const Resources& wanted) const { return has_cores(wanted) && has_memory(wanted); }
  bool has_cores(const Resources& wanted) const { return wanted.cores <= all_.cores - used_.cores + 1e-9; }
  bool has_memory(const Resources& wanted) const { return wanted.memory <= all_.memory - used_.memory; }

  std::string lacking(const Resources& wanted) const {
    if (!has_cores(wanted)) return fmt::format("{:g} free cores", wanted.cores);
    return bytes_to_text(wanted.memory) + " of free memory";
  }

  void use(const Resources& taken, int sign) {
    used_.cores += sign * taken.cores;
    used_.memory += sign * taken.memory;
  }

  static void await(Process& process) {
    while (!reap_process(process)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  // What is done for an attempt beside it; how that ends is seen by what becomes of the attempt.
  void run_errand(const std::optional<ProcessSpec>& spec) {
    if (!spec) return;
    try {
      const std::uint64_t number = ++last_number_;
      Process& errand = errands_[number] = start_process(*spec);
      watch(errand.ended, number);
    } catch (const Error&) {
      // No room for another process: what it should have removed is found at the end.
    }
  }

  void watch(int descriptor, std::uint64_t number) {
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.u64 = number;
    checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &interest), "epoll_ctl");
  }

  void launch(const Work& work, LocalAttempt attempt, bool adopted) {
    Running running{work, std::move(attempt), {}, now(), {}};
    running.is_adopted = adopted;
    running.process = start_process(runner_->first(running.attempt, adopted));
    if (work.task->timeout) running.deadline = Steady::now() + *work.task->timeout;
    const std::uint64_t number = ++last_number_;
    try {
      watch(running.process.ended, number);
    } catch (const Error&) {
      // Nobody would hear of its end.
      signal_process_group(running.process, SIGKILL);
      await(running.process);
      runner_->abandon({running.attempt});
      throw;
    }
    use(running.attempt.requests, 1);
    if (running.deadline) ++deadlines_;
    numbers_.emplace(work.id, number);
    running_.emplace(number, std::move(running));
  }

  void launch_waiting() {
    while (!waiting_.empty() && fits(waiting_.front().attempt.requests)) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      try {
        launch(next.work, std::move(next.attempt), false);
        tell(AttemptRunning{next.work.id, now(), ""});
      } catch (const Error& error) {
        fail(next.work, outcome_of_start(error));
      }
    }
  }

  // SIGTERM now, SIGKILL after the grace.
  void end_gently(Running& running) {
    run_errand(runner_->terminate(running.attempt, running.process));
    if (!running.deadline) ++deadlines_;
    running.deadline = Steady::now() + options_.grace;
  }

  std::optional<Steady::time_point> next_deadline() const {
    std::optional<Steady::time_point> next;
    if (deadlines_ == 0) return next;
    for (const auto& [number, running] : running_) {
      if (running.deadline && !running.is_killed && (!next || *running.deadline < *next)) next = running.deadline;
    }
    return next;
  }

  void end_overdue() {
    const auto time = Steady::now();
    for (auto& [number, running] : running_) {
      if (!running.deadline || running.is_killed || *running.deadline > time) continue;
      if (running.is_overdue || running.is_stopped) {
        running.is_killed = true;
        run_errand(runner_->kill(running.attempt, running.process));
      } else {
        running.is_overdue = true;
        end_gently(running);
      }
    }
  }

  // After a process of an attempt has ended.
  void go_on(std::unordered_map<std::uint64_t, Running>::iterator found) {
    Running& running = found->second;
    // Before it is reaped, its number cannot be anybody else's: what it left in the background goes with it.
    signal_process_group(running.process, SIGKILL);
    const auto result = reap_process(running.process);
    if (!result) return;
    try {
      auto next = runner_->next(running.attempt, *result, running.is_stopped || running.is_overdue);
      note_beginning(running);
      if (const auto* process = std::get_if<ProcessSpec>(&next)) {
        running.process = start_process(*process);
        return watch(running.process.ended, found->first);
      }
      auto& over = std::get<ChainEnd>(next);
      end(found, over.failure ? std::move(*over.failure) : outcome_of(running, over.result));
    } catch (const Error& error) {
      end(found, outcome_of_start(error));
    }
  }

  // The time of one that was adopted runs from when its command began.
  void note_beginning(Running& running) {
    const auto began = runner_->began(running.attempt);
    if (!began || !std::exchange(running.is_adopted, false)) return;
    if (running.deadline && !running.is_stopped && !running.is_overdue) *running.deadline -= running.began - *began;
    running.began = *began;
  }

  void end(std::unordered_map<std::uint64_t, Running>::iterator found, Outcome outcome) {
    Running& running = found->second;
    outcome.started = running.began;
    outcome.host = host_;
    outcome.log = running.attempt.log;
    attempts_.release(running.attempt);
    use(running.attempt.requests, -1);
    if (running.deadline) --deadlines_;
    numbers_.erase(running.work.id);
    tell(AttemptEnded{running.work.id, now(), std::move(outcome)});
    ended_.push_back(std::move(running.attempt));
    running_.erase(found);
  }

  Outcome outcome_of(const Running& running, const ProcessResult& result) {
    if (running.is_stopped) return outcome_of_stop(result);
    if (running.is_overdue) return outcome_of_deadline(result, *running.work.task->timeout);
    Outcome outcome = outcome_of_exit(result, running.attempt.log);
    if (outcome.failure != FailureClass::none) return outcome;
    try {
      outcome.outputs = attempts_.collect(running.work, running.attempt, running.began);
    } catch (const Error& error) {
      return outcome_of_outputs(error);
    }
    return outcome;
  }

  void fail(const Work& work, Outcome outcome) {
    outcome.host = host_;
    tell(AttemptEnded{work.id, now(), std::move(outcome)});
  }

  void tell(ExecutorEvent event) { events_.push_back(std::move(event)); }

  const RunContext run_;
  const LocalOptions options_;
  const std::unique_ptr<LocalRunner> runner_;
  LocalAttempts attempts_;
  const std::string host_;
  const Resources all_;
  Resources used_;
  const int epoll_;
  const int wake_;
  std::unordered_map<std::uint64_t, Running> running_;
  std::map<AttemptId, std::uint64_t> numbers_;
  std::uint64_t last_number_ = kWake;
  std::map<std::uint64_t, Process> errands_;
  int deadlines_ = 0;                // running attempts that have one
  std::deque<Waiting> waiting_;      // for what they request, first come first served
  std::vector<LocalAttempt> ended_;  // since the last call of wait()
  std::vector<ExecutorEvent> events_;
};

LocalExecutor::LocalExecutor(RunContext run, LocalOptions options)
    : sources_(std::make_unique<LocalSources>(run.source_directory)),
      processes_(std::make_unique<Processes>(std::move(run), std::move(options))) {}
LocalExecutor::~LocalExecutor() = default;

void LocalExecutor::start(const Work& work) { processes_->start(work, false); }
void LocalExecutor::adopt(const Work& work) { processes_->start(work, adopts()); }
bool LocalExecutor::adopts() const { return processes_->in_containers(); }
void LocalExecutor::cancel(const AttemptId& id) { processes_->cancel(id); }
std::vector<ExecutorEvent> LocalExecutor::wait(Duration wait) { return processes_->wait(wait); }
void LocalExecutor::wake() { processes_->wake(); }
int LocalExecutor::default_parallelism() const {
  const int cores = static_cast<int>(resources_of_machine().cores);
  return processes_->in_containers() ? std::max(4, 2 * cores) : std::max(32, 4 * cores);
}
std::string LocalExecutor::source_digest(const Work& work) const {
  return processes_->in_containers() ? "container" : sources_->digest(work);
}
void LocalExecutor::show_cached(const Work& work, const Values& outputs) { processes_->show_cached(work, outputs); }
void LocalExecutor::finish() { processes_->finish(); }

}  // namespace kfrun::run
