// Verbs that look after runs: runs, get, wait, resume, retry, suspend, stop, delete. They need its record only, so they work from
// any machine.
#include "cli/exit_code.h"
#include "cli/failed_log.h"
#include "cli/follow.h"
#include "cli/run_session.h"
#include "cli/run_view.h"
#include "cli/screen.h"
#include "cli/stores.h"
#include "cli/verbs.h"

namespace kfrun::cli {

namespace {

// When somebody who waits for a run is told that there is nobody else.
constexpr auto kDoubt = std::chrono::seconds(3);
// How long `stop` looks whether the run comes to its end at once.
constexpr auto kHeed = std::chrono::seconds(1);

// Waits until the record says that the run has ended; nothing when `timeout` passes first.
std::optional<run::RunSummary> wait_for_end(const FoundRun& found, std::optional<Duration> timeout, ProgressMode progress) {
  const auto start = std::chrono::steady_clock::now();
  const auto screen = make_progress_screen(progress, found.store->head(found.id).created);
  auto look_at = start + kDoubt;
  const auto is_over = [&] {
    const auto now = std::chrono::steady_clock::now();
    if (now >= look_at) {
      look_at = std::chrono::steady_clock::time_point::max();
      if (!found.store->may_be_carried(found.id)) {
        print_warning(fmt::format("nobody carries run {}; 'kfrun resume {}' goes on with it", found.id, found.id));
      }
    }
    return timeout && now - start >= *timeout;
  };
  const bool has_ended = follow(*found.store, found.id, *screen, is_over);
  screen->finish();
  return has_ended ? std::optional(read_summary(*found.store, found.id)) : std::nullopt;
}

// A run with the store that has it.
struct Listed {
  run::RunOverview run;
  run::RecordStore* store = nullptr;
  bool interrupted = false;  // has not ended, and nobody carries it
  TimePoint until{};         // when what has not ended was last heard of
};

// The whole of each, for programs.
document::Node in_full(const std::vector<Listed>& list) {
  auto nodes = document::Node::sequence();
  for (const auto& listed : list) nodes.push_back(to_node(view_run(*listed.store, listed.run.head.id)));
  return nodes;
}

std::string names_of(const std::vector<Listed>& list) {
  std::string names;
  for (const auto& listed : list) names += listed.run.head.id + "\n";
  return names;
}

std::string as_table(const std::vector<Listed>& list) {
  std::vector<std::vector<std::string>> rows{{"RUN", "STATE", "WHERE", "STARTED", "TOOK", "TASKS"}};
  for (const auto& [run, store, interrupted, until] : list) {
    const auto end = run.ended.value_or(until);
    rows.push_back({run.head.id, std::string(state_word(run.state, interrupted, run.suspended)),
                    run.head.executor == "local" ? "local" : run.head.name_space,
                    to_rfc3339(run.head.created).substr(0, 19) + "Z", to_string(Duration(end - run.head.created)),
                    fmt::format("{}/{}", run.done, run.tasks)});
  }
  return table(rows);
}

// Where some have nobody who carries them.
void print_how_to_go_on(const std::vector<Listed>& list) {
  const auto first = std::find_if(list.begin(), list.end(), [](const auto& listed) { return listed.interrupted; });
  if (first == list.end()) return;
  print_note(fmt::format("nobody carries what is interrupted; 'kfrun resume {}' goes on", first->run.head.id));
}

// What a run that has not ended is doing.
void look_after(Listed& listed) {
  listed.until = system_clock().now();
  if (run::is_final(listed.run.state)) return;
  try {
    if (listed.store->may_be_carried(listed.run.head.id)) return;
    // It may have ended in between.
    const auto summary = read_summary(*listed.store, listed.run.head.id);
    listed.run = run::overview_of(summary);
    listed.interrupted = !run::is_final(summary.state);
    if (listed.interrupted) listed.until = summary.last;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;  // deleted by now
  }
}

// Adds a store's runs; what cannot be read of them is told.
void add_runs(std::vector<Listed>& list, run::RecordStore& store) {
  Diagnostics faults;
  for (auto& run : store.overview(faults)) list.push_back({std::move(run), &store});
  print_diagnostics(faults);
}

std::vector<Listed> list_runs(Stores& stores) {
  std::vector<Listed> list;
  if (stores.looks_here()) add_runs(list, stores.local());
  try {
    if (auto* cluster = stores.cluster()) add_runs(list, *cluster);
  } catch (const Error& error) {
    if (!stores.looks_here()) throw;  // nothing else was asked for
    print_warning(fmt::format("the cluster's runs are not shown: {}", error.what()));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.run.head.created > b.run.head.created; });
  return list;
}

}  // namespace

int run(const RunsFlags& flags) {
  Stores stores(flags.cluster);
  auto list = list_runs(stores);
  if (flags.output == OutputFormat::json || flags.output == OutputFormat::yaml) {
    print(in_full(list), flags.output);
  } else if (flags.output == OutputFormat::name) {
    print(names_of(list));
  } else {
    for (auto& listed : list) look_after(listed);
    print(as_table(list));
    flush_stdout();
    print_how_to_go_on(list);
  }
  return kDone;
}

int run(const GetFlags& flags) {
  Stores stores(flags.cluster);
  const auto found = stores.find(flags.run);
  const auto view = view_run(*found.store, found.id);
  print(printed(view, flags.output));
  const bool is_for_people = flags.output == OutputFormat::table || flags.output == OutputFormat::wide;
  if (is_for_people && !found.local) print(last_lines_of_failed(*stores.client(), view.summary));
  return kDone;
}

int run(const WaitFlags& flags) {
  Stores stores(flags.cluster);
  const auto found = stores.find(flags.run);
  const auto summary = wait_for_end(found, flags.timeout, flags.follow ? ProgressMode::automatic : ProgressMode::quiet);
  if (!summary) throw make_error(ErrorKind::timed_out, "run {} has not ended after {}", found.id, to_string(*flags.timeout));
  print(fmt::format("{} {}\n", found.id, to_string(summary->state)));
  return exit_code_of(*summary);
}

int run(const ResumeFlags& flags) {
  Stores stores(flags.cluster);
  const auto found = stores.find(flags.run);
  const auto summary = read_summary(*found.store, found.id);
  if (flags.retry && run::is_success(summary.state)) {
    throw make_error(ErrorKind::conflict, "run {} has succeeded: there is nothing to retry", found.id);
  }
  if (!flags.retry && run::is_final(summary.state) && !run::is_success(summary.state)) {
    print_note(fmt::format("run {} has ended; 'kfrun retry {}' runs what failed again", found.id, found.id));
  }
  CarryOptions options;
  options.progress = flags.progress;
  options.timeout = flags.timeout;
  options.unschedulable_timeout = flags.unschedulable_timeout;
  options.retry = flags.retry;
  return conclude(carry_on(options, flags.cluster, found), flags.output, flags.progress);
}

int run(const SuspendFlags& flags) {
  Stores stores(flags.cluster);
  const auto found = stores.find(flags.run);
  if (const auto summary = read_summary(*found.store, found.id); run::is_final(summary.state)) {
    throw make_error(ErrorKind::conflict, "run {} has already ended: {}", found.id, to_string(summary.state));
  }
  found.store->request_suspend(found.id, flags.message);
  print(fmt::format("{} starts nothing new until 'kfrun resume {}'\n", found.id, found.id));
  return kDone;
}

int run(const StopFlags& flags) {
  Stores stores(flags.cluster);
  const auto found = stores.find(flags.run);
  if (const auto summary = read_summary(*found.store, found.id); run::is_final(summary.state)) {
    throw Error(ErrorKind::conflict, fmt::format("run {} has already ended: {}", found.id, to_string(summary.state)));
  }
  if (!found.store->is_carried(found.id)) {
    CarryOptions options;
    options.stop_because = flags.message;
    const auto carried = carry_on(options, flags.cluster, found);
    print(fmt::format("{} {}\n", found.id, to_string(carried.view.summary.state)));
    return carried.interrupted ? kInterrupted : kDone;
  }
  found.store->request_stop(found.id, flags.message);
  const auto patience = flags.wait ? std::nullopt : std::optional<Duration>(kHeed);
  const auto ended = wait_for_end(found, patience, ProgressMode::quiet);
  if (ended && ended->state != run::State::stopped) {
    throw make_error(ErrorKind::conflict, "run {} had ended by then: {}", found.id, to_string(ended->state));
  }
  print(fmt::format("{} {}\n", found.id, ended ? to_string(ended->state) : "will stop"));
  return kDone;
}

int run(const DeleteFlags& flags) {
  Stores stores(flags.cluster);
  for (const auto& name : flags.runs) {
    const auto found = stores.find(name);
    if (!flags.force && !run::is_final(read_summary(*found.store, found.id).state)) {
      Error error(ErrorKind::conflict, fmt::format("run {} has not ended", found.id));
      error.hint(fmt::format("'kfrun stop {}' ends it; --force deletes it all the same", found.id));
      throw error;
    }
    found.store->remove(found.id);
    print(fmt::format("{} deleted\n", found.id));
  }
  return kDone;
}

}  // namespace kfrun::cli
