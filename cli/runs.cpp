// Verbs that look after runs: runs, get, wait, resume, retry, suspend, stop, delete. They need its record only, so they work from
// any machine.
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/run_session.h"
#include "cli/run_view.h"
#include "cli/screen.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "document/writer.h"

namespace kfrun::cli {

namespace {

// When somebody who waits for a run is told that there is nobody else.
constexpr auto kDoubt = std::chrono::seconds(3);

std::vector<run::RunSummary> summaries(run::RecordStore& store) {
  std::vector<run::RunSummary> list;
  for (const auto& head : store.list()) list.push_back(run::summarise(head, store.entries(head.id)));
  return list;
}

// Waits until the record says that the run has ended; nothing when `timeout` passes first.
std::optional<run::RunSummary> wait_for_end(const FoundRun& found, std::optional<Duration> timeout, ProgressMode progress) {
  const auto start = std::chrono::steady_clock::now();
  const auto screen = make_progress_screen(progress, found.store->head(found.id).created);
  auto look_at = start + kDoubt;
  const auto is_over = [&] {
    const auto now = std::chrono::steady_clock::now();
    if (now >= look_at) {
      look_at = std::chrono::steady_clock::time_point::max();
      if (!found.store->is_carried(found.id)) {
        print_warning(fmt::format("nobody carries run {}; 'kfrun resume {}' goes on with it", found.id, found.id));
      }
    }
    return timeout && now - start >= *timeout;
  };
  const bool has_ended = follow(*found.store, found.id, *screen, is_over);
  screen->finish();
  return has_ended ? std::optional(read_summary(*found.store, found.id)) : std::nullopt;
}

std::string printed(const std::vector<run::RunSummary>& list, OutputFormat format) {
  using document::Node;
  if (format == OutputFormat::json || format == OutputFormat::yaml) {
    Node nodes = Node::sequence();
    for (const auto& summary : list) nodes.push_back(to_node(summary));
    return format == OutputFormat::json ? document::write_json(nodes, {.indent = 2}) + "\n" : document::write_yaml(nodes);
  }
  std::string names;
  std::vector<std::vector<std::string>> rows{{"RUN", "STATE", "WHERE", "STARTED", "TOOK", "TASKS"}};
  for (const auto& summary : list) {
    const auto done =
        std::count_if(summary.tasks.begin(), summary.tasks.end(), [](const auto& task) { return run::is_final(task.state); });
    const auto end = summary.ended.value_or(system_clock().now());
    rows.push_back({summary.head.id, std::string(to_string(summary.state)),
                    summary.head.executor == "local" ? "local" : summary.head.name_space,
                    to_rfc3339(summary.head.created).substr(0, 19) + "Z", to_string(Duration(end - summary.head.created)),
                    fmt::format("{}/{}", done, summary.tasks.size())});
    names += summary.head.id + "\n";
  }
  return format == OutputFormat::name ? names : table(rows);
}

}  // namespace

int run(const RunsFlags& flags) {
  Stores stores(flags.cluster);
  auto list = summaries(stores.local());
  if (auto* cluster = stores.cluster()) {
    try {
      const auto there = summaries(*cluster);
      list.insert(list.end(), there.begin(), there.end());
    } catch (const Error& error) {
      print_warning(fmt::format("the cluster's runs are not shown: {}", error.what()));
    }
  }
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.head.created > b.head.created; });
  print(printed(list, flags.output));
  return kDone;
}

int run(const GetFlags& flags) {
  Stores stores(flags.cluster);
  const auto found = stores.find(flags.run);
  print(printed(read_summary(*found.store, found.id), flags.output));
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
    print(fmt::format("{} {}\n", found.id, to_string(carried.summary.state)));
    return carried.interrupted ? kInterrupted : kDone;
  }
  found.store->request_stop(found.id, flags.message);
  const auto ended = flags.wait ? wait_for_end(found, std::nullopt, ProgressMode::quiet) : std::nullopt;
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
