// Verb `gc`: removes what runs left that are no more.
#include <set>

#include "cli/exit_code.h"
#include "cli/run_view.h"
#include "cli/screen.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "run/kubernetes_leftovers.h"
#include "run/local_leftovers.h"

namespace kfrun::cli {

namespace {

// Runs whose end is long past, with all they own.
int remove_old_runs(const GcFlags& flags, run::RecordStore& store) {
  int count = 0;
  Diagnostics faults;
  for (const auto& run : store.overview(faults)) {
    if (!run.ended || system_clock().now() - *run.ended < *flags.older_than) continue;
    if (!flags.dry_run) store.remove(run.head.id);
    print(fmt::format("run {}\n", run.head.id));
    ++count;
  }
  print_diagnostics(faults);
  return count;
}

std::string size_in_words(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / 1024;
  std::string_view unit = "KiB";
  for (const std::string_view next : {"MiB", "GiB", "TiB"}) {
    if (size < 1024) break;
    size /= 1024;
    unit = next;
  }
  return fmt::format("{:.1f} {}", size, unit);
}

// Those that are usual, and those that runs of this machine were given.
std::vector<std::string> container_engines(run::RecordStore& store) {
  std::set<std::string> engines{"docker", "podman"};
  Diagnostics told_elsewhere;
  for (const auto& head : store.list(told_elsewhere)) {
    if (!head.engine.empty()) engines.insert(head.engine);
  }
  return {engines.begin(), engines.end()};
}

struct Removed {
  int count = 0;
  std::uint64_t size = 0;  // bytes
};

Removed remove_local_leftovers(const GcFlags& flags, run::RecordStore& store) {
  Removed removed;
  Diagnostics faults;
  const auto found = run::find_local_leftovers(state_directory(), container_engines(store), faults);
  print_diagnostics(faults);
  for (const auto& leftover : found.list) {
    if (!flags.dry_run && !run::remove_leftover(leftover)) continue;
    const bool has_size = leftover.kind == run::LocalLeftover::Kind::artifact;
    print(fmt::format("{}: {}{}\n", leftover.name, leftover.why, has_size ? ", " + size_in_words(leftover.size) : ""));
    removed.size += leftover.size;
    ++removed.count;
  }
  if (found.young > 0) {
    print_note(fmt::format("artifacts that nothing names but that are younger than an hour stay: {}", found.young));
  }
  return removed;
}

}  // namespace

int run(const GcFlags& flags) {
  Stores stores(flags.cluster);
  int count = flags.older_than && stores.looks_here() ? remove_old_runs(flags, stores.local()) : 0;
  Removed here;
  if (stores.looks_here()) here = remove_local_leftovers(flags, stores.local());
  count += here.count;
  if (auto* cluster = stores.cluster()) {
    if (flags.older_than) count += remove_old_runs(flags, *cluster);
    auto& client = *stores.client();
    for (const auto& leftover : run::find_leftovers(client, client.config().name_space)) {
      if (!flags.dry_run) run::remove_leftover(client, leftover);
      print(fmt::format("{}: {}\n", leftover.name, leftover.why));
      ++count;
    }
  }
  print_note(
      fmt::format("{} {}{}", count, flags.dry_run ? "would go" : "gone", here.size > 0 ? ", " + size_in_words(here.size) : ""));
  return kDone;
}

}  // namespace kfrun::cli
