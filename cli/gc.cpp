// Verb `gc`: removes what runs left that are no more.
#include "cli/exit_code.h"
#include "cli/run_view.h"
#include "cli/screen.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "run/kubernetes_leftovers.h"

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

}  // namespace

int run(const GcFlags& flags) {
  Stores stores(flags.cluster);
  int count = flags.older_than && stores.looks_here() ? remove_old_runs(flags, stores.local()) : 0;
  if (auto* cluster = stores.cluster()) {
    if (flags.older_than) count += remove_old_runs(flags, *cluster);
    auto& client = *stores.client();
    for (const auto& leftover : run::find_leftovers(client, client.config().name_space)) {
      if (!flags.dry_run) run::remove_leftover(client, leftover);
      print(fmt::format("{}: {}\n", leftover.name, leftover.why));
      ++count;
    }
  }
  print_note(fmt::format("{} {}", count, flags.dry_run ? "would go" : "gone"));
  return kDone;
}

}  // namespace kfrun::cli
