// Verb `logs`: what a run's tasks wrote, from the log files of this machine or from the pods.
#include <set>
#include <thread>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/log_tail.h"
#include "cli/run_view.h"
#include "cli/screen.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "run/kubernetes_pod.h"
#include "run/local_layout.h"

namespace kfrun::cli {

namespace {

using Steady = std::chrono::steady_clock;

struct Attempt {
  run::AttemptId id;
  bool ended = false;
  std::string pod;  // once it has ended
};

std::vector<Attempt> attempts_of(const std::vector<run::RecordEntry>& entries) {
  std::vector<Attempt> list;
  std::map<run::AttemptId, std::size_t> index;
  for (const auto& entry : entries) {
    if (entry.kind != run::RecordEntry::Kind::attempt_started && entry.kind != run::RecordEntry::Kind::attempt_ended) continue;
    const auto [at, is_new] = index.emplace(entry.id, list.size());
    if (is_new) list.push_back({entry.id, false, {}});
    if (entry.kind == run::RecordEntry::Kind::attempt_ended) {
      list[at->second].ended = true;
      list[at->second].pod = entry.outcome.pod;
    }
  }
  return list;
}

// Whether an instance is the task that was asked for, one of its turns, or inside of it.
bool is_selected(const std::string& instance, const std::string& task) {
  if (task.empty() || instance == task) return true;
  return instance.starts_with(task) && (instance[task.size()] == '#' || instance[task.size()] == '/');
}

std::string prefix_of(const run::AttemptId& id, const std::string& task) {
  return id.instance == task ? std::string() : to_string(id) + " | ";
}

// Prints one run's lines, attempt by attempt, each once.
class RunLogs {
 public:
  RunLogs(const LogsFlags& flags, Stores& stores, FoundRun found)
      : flags_(flags),
        found_(std::move(found)),
        client_(found_.local ? nullptr : stores.client()),
        layout_{state_directory()},
        head_(found_.store->head(found_.id)) {}

  int print_all() {
    check_task();
    while (!step()) {
      if (!flush_stdout()) break;
      pause();
    }
    if (open_.empty()) explain_nothing();
    return kDone;
  }

 private:
  struct Open {
    run::AttemptId id;
    std::unique_ptr<LogTail> tail;
    bool done = false;
  };

  // One look at the record and the logs; whether that was all.
  bool step() {
    if (Steady::now() >= read_record_at_) read_record();
    bool all_done = true;
    for (auto& open : open_) {
      if (!open.done) open.done = open.tail->pump(!flags_.follow || run_ended_ || ended_.count(open.id) > 0);
      // Without -f lines stay together, attempt by attempt.
      if (!open.done && !flags_.follow) return false;
      all_done = all_done && open.done;
    }
    return all_done && (run_ended_ || !flags_.follow);
  }

  void read_record() {
    const auto entries = found_.store->entries(found_.id);
    const auto summary = run::summarise(head_, entries);
    run_ended_ = run::is_final(summary.state);
    for (const auto& task : summary.tasks) {
      if (task.path == flags_.task && run::is_final(task.state)) run_ended_ = true;
    }
    for (const auto& attempt : attempts_of(entries)) {
      if (!is_selected(attempt.id.instance, flags_.task)) continue;
      if (attempt.ended) ended_.insert(attempt.id);
      if (seen_.insert(attempt.id).second) open_.push_back({attempt.id, open(attempt), false});
    }
    read_record_at_ = flags_.follow ? Steady::now() + std::chrono::milliseconds(client_ ? 1000 : 200) : Steady::time_point::max();
  }

  std::unique_ptr<LogTail> open(const Attempt& attempt) {
    const std::string prefix = prefix_of(attempt.id, flags_.task);
    if (!client_) return tail_file(layout_.log(found_.id, attempt.id), flags_.tail, prefix);
    const std::string pod = attempt.pod.empty() ? run::pod_name(found_.id, attempt.id) : attempt.pod;
    return tail_pod(*client_, head_.name_space, pod, flags_.tail, flags_.follow, prefix);
  }

  void pause() {
    constexpr auto interval = std::chrono::milliseconds(100);
    if (client_) {
      client_->run_once(interval);
    } else {
      std::this_thread::sleep_for(interval);
    }
  }

  // A task that the pipeline does not have will never write anything.
  void check_task() {
    if (flags_.task.empty()) return;
    const auto pipeline = found_.store->pipeline(found_.id);
    std::vector<std::string> names;
    for (const auto& task : pipeline.dags.at(0).tasks) names.push_back(task.name);
    for (const auto& task : pipeline.dags.at(0).finals) names.push_back(task.name);
    const std::string first = flags_.task.substr(0, flags_.task.find_first_of("#/"));
    if (std::find(names.begin(), names.end(), first) != names.end()) return;
    auto error = make_error(ErrorKind::not_found, "run {} has no task '{}'", found_.id, first);
    if (const auto near = nearest(first, names)) error.hint(fmt::format("did you mean '{}'?", *near));
    throw error.hint(fmt::format("its tasks: {}", join(names, ", ")));
  }

  void explain_nothing() {
    const auto summary = read_summary(*found_.store, found_.id);
    for (const auto& task : summary.tasks) {
      if (!flags_.task.empty() && is_selected(task.path, flags_.task)) {
        print_note(fmt::format("{} is {}{}: it wrote nothing in this run", task.path, to_string(task.state),
                               task.reason.empty() ? "" : " (" + task.reason + ")"));
      }
    }
    if (flags_.task.empty()) {
      const auto cached = std::count_if(summary.tasks.begin(), summary.tasks.end(),
                                        [](const auto& task) { return task.state == run::State::cached; });
      print_note(fmt::format("no task of run {} ran a command in it; {} were taken from the cache", found_.id, cached));
    }
  }

  const LogsFlags& flags_;
  const FoundRun found_;
  kube::Client* const client_;  // nullptr for a run of this machine
  const run::LocalLayout layout_;
  const run::RunHead head_;
  std::vector<Open> open_;
  std::set<run::AttemptId> seen_, ended_;
  bool run_ended_ = false;
  Steady::time_point read_record_at_;
};

}  // namespace

int run(const LogsFlags& flags) {
  Stores stores(flags.cluster);
  LogsFlags wanted = flags;
  wanted.task.resize(std::min(wanted.task.find('['), wanted.task.size()));  // train#3[rate=0.1] is train#3
  return RunLogs(wanted, stores, stores.find(flags.run)).print_all();
}

}  // namespace kfrun::cli
