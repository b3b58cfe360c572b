// A run as text: for `submit`, `get`, `runs` and `wait`.
#pragma once

#include <string>

#include "cli/flags.h"
#include "run/record.h"

namespace kfrun::cli {

// Everything about a run, for -o json and -o yaml.
document::Node to_node(const run::RunSummary& summary);
// The run as -o says; ends with a newline.
std::string printed(const run::RunSummary& summary, OutputFormat format);
run::RunSummary read_summary(run::RecordStore& store, const std::string& id);
// 0 for a success, else 1.
int exit_code_of(const run::RunSummary& summary);

}  // namespace kfrun::cli
