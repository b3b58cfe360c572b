// The words of the verbs for pipelines and runs, and of those that tell of kfrun itself.
#include "cli/flag_kinds.h"
#include "cli/words.h"

namespace kfrun::cli {

namespace {

void add_run(CLI::App* verb, std::string& run) {
  verb->add_option("RUN", run, "Id of the run, the beginning of one, or @latest")->required();
}

void add_for_cluster(CLI::App* verb, bool& wanted) {
  verb->add_flag("--for-cluster", wanted, "Also check what a cluster asks for: an image for every task");
}

// Of the verbs that carry a run.
template <typename Flags>
void add_time_limits(CLI::App* verb, Flags& flags) {
  add_duration(verb, "--timeout", flags.timeout, "Stop the run after");
  add_duration(verb, "--unschedulable-timeout", flags.unschedulable_timeout, "Fail a task that no node takes within (never)");
}

}  // namespace

void add_submit(CLI::App* verb, SubmitFlags& flags) {
  verb->footer(
      "Examples:\n  kfrun submit pipeline.yaml --local\n  kfrun submit pipeline.yaml --local --runner podman\n"
      "  kfrun submit pipeline.yaml -p rate=0.1 -n team-a\n"
      "  kfrun submit pipeline.yaml -P params.yaml --progress plain -o json");
  verb->add_option("FILE", flags.file, "The pipeline; pipeline.py is compiled by the KFP SDK")->required();
  add_list(verb, "-p,--parameter", flags.parameters, "A parameter; @FILE as value reads the file; repeatable")
      ->type_name("NAME=VALUE");
  verb->add_option("-P,--parameter-file", flags.parameter_file, "A YAML or JSON mapping of parameters")->type_name("FILE");
  verb->add_option("--name", flags.name, "Name of the run (the pipeline's)")->type_name("NAME");
  verb->add_option("--id", flags.id, "Id of the run; when it exists, it is followed or gone on with")->type_name("ID");
  verb->add_option("--kfp-runtime", flags.kfp_runtime,
                   "The KFP SDK for lightweight components, instead of installing it; a folder only with --local")
      ->type_name("WHEEL|DIR");
  add_choice(verb, "--progress", flags.progress, kProgressModes, "How progress is shown on stderr");
  add_choice(verb, "-o,--output", flags.output, kFormats, "How the result is printed on stdout");
  verb->add_flag("--dry-run", flags.dry_run, "Check everything, start nothing, print the graph");
  verb->add_flag("--no-cache", flags.no_cache, "Run every task, whatever earlier runs left");
  verb->add_option("--parallel", flags.parallel, "Tasks at a time (0: the executor's limit)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--runner", flags.runner,
                   "With --local: how tasks run: process, docker or podman ($KFRUN_RUNNER, else process)")
      ->type_name("WORD");
  verb->add_option("--runner-args", flags.runner_arguments,
                   "Further flags of docker's or podman's run, separated by blanks ($KFRUN_RUNNER_ARGS)")
      ->type_name("TEXT");
  add_time_limits(verb, flags);
  add_cluster_flags(verb, flags.cluster);
}

void add_compile(CLI::App* verb, CompileFlags& flags) {
  verb->footer("Examples:\n  kfrun compile pipeline.yaml\n  kfrun compile pipeline.yaml -o dot | dot -Tsvg > graph.svg");
  verb->add_option("FILE", flags.file, "The pipeline; pipeline.py is compiled by the KFP SDK")->required();
  verb->add_option("-o,--output", flags.format, "text, dot, mermaid or json")
      ->type_name("WORD")
      ->check(CLI::IsMember({"text", "dot", "mermaid", "json"}));
  add_for_cluster(verb, flags.cluster);
}

void add_lint(CLI::App* verb, LintFlags& flags) {
  verb->footer("Examples:\n  kfrun lint pipeline.yaml\n  kfrun lint pipelines/*.yaml -o json");
  add_list(verb, "FILE", flags.files, "Pipelines")->required();
  add_for_cluster(verb, flags.cluster);
  add_choice(verb, "-o,--output", flags.output, kPlainFormats, "How the result is printed");
}

void add_runs(CLI::App* verb, RunsFlags& flags) {
  verb->footer("Examples:\n  kfrun runs\n  kfrun runs -n team-a -o json");
  add_choice(verb, "-o,--output", flags.output, kFormats, "How they are printed");
  add_cluster_flags(verb, flags.cluster);
}

void add_get(CLI::App* verb, GetFlags& flags) {
  verb->footer("Examples:\n  kfrun get @latest\n  kfrun get digits-x3k2 -o json");
  add_run(verb, flags.run);
  add_choice(verb, "-o,--output", flags.output, kFormats, "How it is printed");
  add_cluster_flags(verb, flags.cluster);
}

void add_logs(CLI::App* verb, LogsFlags& flags) {
  verb->footer("Examples:\n  kfrun logs @latest\n  kfrun logs @latest train -f\n  kfrun logs @latest 'train#2' --tail 20");
  add_run(verb, flags.run);
  verb->add_option("TASK", flags.task, "One task (all of them, each line behind its task's name)");
  verb->add_flag("-f,--follow", flags.follow, "Go on until the run has ended");
  verb->add_option("--tail", flags.tail, "Only the last lines of each task")->type_name("N");
  add_cluster_flags(verb, flags.cluster);
}

void add_wait(CLI::App* verb, WaitFlags& flags) {
  verb->footer("Examples:\n  kfrun wait @latest --timeout 30m");
  add_run(verb, flags.run);
  verb->add_flag("-f,--follow", flags.follow, "Show its progress");
  add_duration(verb, "--timeout", flags.timeout, "Give up after (exit code 124)");
  add_cluster_flags(verb, flags.cluster);
}

// Also `retry`, which takes the same.
void add_resume(CLI::App* verb, ResumeFlags& flags) {
  flags.retry = verb->get_name() == "retry";
  verb->footer(fmt::format("Examples:\n  kfrun {0} @latest\n  kfrun {0} digits-x3k2 -n team-a -o json", verb->get_name()));
  add_run(verb, flags.run);
  add_choice(verb, "--progress", flags.progress, kProgressModes, "How progress is shown on stderr");
  add_choice(verb, "-o,--output", flags.output, kFormats, "How the result is printed on stdout");
  add_time_limits(verb, flags);
  add_cluster_flags(verb, flags.cluster);
}

void add_suspend(CLI::App* verb, SuspendFlags& flags) {
  verb->footer("Examples:\n  kfrun suspend @latest --message 'until the disk is mended'\n  kfrun resume @latest");
  add_run(verb, flags.run);
  verb->add_option("--message", flags.message, "Why, kept in the record")->type_name("TEXT");
  add_cluster_flags(verb, flags.cluster);
}

void add_gc(CLI::App* verb, GcFlags& flags) {
  verb->footer("Examples:\n  kfrun gc --dry-run\n  kfrun gc -n team-a --older-than 720h");
  verb->add_flag("--dry-run", flags.dry_run, "Only say what would go");
  add_duration(verb, "--older-than", flags.older_than, "Also remove runs that ended longer ago");
  add_cluster_flags(verb, flags.cluster);
}

void add_stop(CLI::App* verb, StopFlags& flags) {
  verb->footer("Examples:\n  kfrun stop @latest --message 'wrong data'");
  add_run(verb, flags.run);
  verb->add_option("--message", flags.message, "Why, kept in the record")->type_name("TEXT");
  verb->add_flag("--wait", flags.wait, "Return when the run has ended");
  add_cluster_flags(verb, flags.cluster);
}

void add_delete(CLI::App* verb, DeleteFlags& flags) {
  verb->footer("Examples:\n  kfrun delete digits-x3k2");
  add_list(verb, "RUN", flags.runs, "Ids of runs")->required();
  verb->add_flag("--force", flags.force, "Also a run that has not ended");
  add_cluster_flags(verb, flags.cluster);
}

void add_completion(CLI::App* verb, CompletionFlags& flags) {
  verb->footer("Examples:\n  kfrun completion fish | source\n  source <(kfrun completion bash)");
  verb->add_option("SHELL", flags.shell, "bash, zsh or fish")->required()->check(CLI::IsMember(kShells));
}

void add_version(CLI::App* verb, VersionFlags& flags) {
  verb->footer("Examples:\n  kfrun version -o json");
  add_choice(verb, "-o,--output", flags.output, kPlainFormats, "How the result is printed");
}

}  // namespace kfrun::cli
