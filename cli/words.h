// The words of each verb: its arguments, flags and examples. app.cpp has the table that names them; what is read goes into the
// verb's flags, which must outlive the parse.
#pragma once

#include "cli/flags.h"

namespace CLI {
class App;
}

namespace kfrun::cli {

void add_build(CLI::App* verb, BuildFlags& flags);
void add_edit(CLI::App* verb, EditFlags& flags);
void add_create(CLI::App* verb, CreateFlags& flags);
void add_submit(CLI::App* verb, SubmitFlags& flags);
void add_compile(CLI::App* verb, CompileFlags& flags);
void add_lint(CLI::App* verb, LintFlags& flags);
void add_runs(CLI::App* verb, RunsFlags& flags);
void add_get(CLI::App* verb, GetFlags& flags);
void add_logs(CLI::App* verb, LogsFlags& flags);
void add_wait(CLI::App* verb, WaitFlags& flags);
void add_resume(CLI::App* verb, ResumeFlags& flags);
void add_suspend(CLI::App* verb, SuspendFlags& flags);
void add_gc(CLI::App* verb, GcFlags& flags);
void add_stop(CLI::App* verb, StopFlags& flags);
void add_delete(CLI::App* verb, DeleteFlags& flags);
void add_completion(CLI::App* verb, CompletionFlags& flags);
void add_version(CLI::App* verb, VersionFlags& flags);

}  // namespace kfrun::cli
