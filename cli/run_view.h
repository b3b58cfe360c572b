// A run as text: for `submit`, `get`, `runs` and `wait`.
#pragma once

#include <string>

#include "cli/flags.h"
#include "run/record.h"

namespace kfrun::cli {

// A run's record, and what the record cannot say.
struct RunView {
  run::RunSummary summary;
  bool interrupted = false;  // it has not ended, and nobody carries it
};
// Asks for whoever carries the run only when its record has no end.
RunView view_run(run::RecordStore& store, const std::string& id);
// "interrupted", "suspended", or the state itself.
std::string_view state_word(run::State state, bool interrupted, bool suspended);

// Everything about a run, for -o json and -o yaml.
document::Node to_node(const RunView& view);
// The run as -o says; ends with a newline.
std::string printed(const RunView& view, OutputFormat format);
run::RunSummary read_summary(run::RecordStore& store, const std::string& id);
// 0 for a success, else 1.
int exit_code_of(const run::RunSummary& summary);

}  // namespace kfrun::cli
