// Verb `submit`: compile, check, run, follow to the end.
#include <cstdlib>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/exit_code.h"
#include "cli/pipeline_source.h"
#include "cli/run_session.h"
#include "cli/run_view.h"
#include "cli/screen.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "pipeline/pipeline.h"
#include "run/cluster_check.h"
#include "run/kubernetes_pod.h"
#include "run/local_layout.h"
#include "run/run_id.h"

namespace kfrun::cli {

namespace {

// What can be a run's id, as make_run_id() makes them.
std::string checked(const std::string& id) {
  const auto is_fine = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (id.size() <= 30 && std::all_of(id.begin(), id.end(), is_fine) && id.front() != '-' && id.back() != '-') return id;
  throw usage_error("--id: '{}' is no id of a run: at most 30 lower-case letters, digits and '-' between them", id);
}

std::string flag_or_environment(const std::string& flag, const char* name) {
  if (!flag.empty()) return flag;
  const char* value = std::getenv(name);
  return value ? value : "";
}

// How tasks of this machine run; "" for plain processes.
void choose_runner(const SubmitFlags& flags, run::RunHead& head) {
  if (!flags.cluster.local) {
    if (flags.runner.empty() && flags.runner_arguments.empty()) return;
    throw usage_error("--runner is for runs on this machine: add --local");
  }
  const std::string runner = flag_or_environment(flags.runner, "KFRUN_RUNNER");
  if (runner.empty() || runner == "process") return;
  const std::string name = file_name_of(runner);
  if (name.find("docker") == std::string::npos && name.find("podman") == std::string::npos) {
    throw usage_error("--runner: '{}' is none of process, docker, podman, or a path to one of these two", runner);
  }
  head.engine = runner;
  for (auto& word : split(flag_or_environment(flags.runner_arguments, "KFRUN_RUNNER_ARGS"), ' ')) {
    if (!word.empty()) head.engine_arguments.push_back(std::move(word));
  }
}

Submission prepare(const SubmitFlags& flags, pipeline::Pipeline pipeline) {
  Submission submission;
  submission.head.arguments = pipeline::bind_arguments(pipeline, read_arguments(flags.parameters, flags.parameter_file));
  submission.head.name = flags.name.empty() ? pipeline.name : flags.name;
  submission.head.created = system_clock().now();
  submission.head.id = flags.id.empty() ? run::make_run_id(submission.head.name, submission.head.created) : checked(flags.id);
  submission.head.source = disk().resolve(file_of(flags.file)).value_or(flags.file);
  submission.head.cache = !flags.no_cache;
  choose_runner(flags, submission.head);
  submission.pipeline = std::make_shared<const pipeline::Pipeline>(std::move(pipeline));
  return submission;
}

bool has_artifacts(const run::RunSummary& summary) {
  return std::any_of(summary.tasks.begin(), summary.tasks.end(), [](const auto& task) {
    return std::any_of(task.outputs.begin(), task.outputs.end(),
                       [](const auto& output) { return pipeline::holds_artifact(output.second); });
  });
}

// Where to look further, for people.
void print_places(const run::RunSummary& summary) {
  const std::string& id = summary.head.id;
  const bool is_local = summary.head.executor == "local";
  if (!run::is_final(summary.state)) {
    const auto where = is_local ? "" : " -n " + summary.head.name_space;
    print_note(
        fmt::format("run {0} has not ended: 'kfrun resume {0}{1}' goes on with it, 'kfrun stop {0}{1}' ends it", id, where));
  }
  if (is_local) {
    const std::string folder = run::LocalLayout{state_directory()}.run(id);
    if (disk().is_directory(folder + "/logs"))
      print_note(fmt::format("logs are in {}/logs ('kfrun logs {}' prints them), artifacts in {}/artifacts", folder, id, folder));
  } else {
    print_note(fmt::format("'kfrun logs {} -n {}' prints the logs", id, summary.head.name_space));
    if (has_artifacts(summary))
      print_note(fmt::format("artifacts are in the claim {} of namespace {}", run::kArtifactClaim, summary.head.name_space));
  }
}

}  // namespace

int conclude(const Carried& carried, OutputFormat output, ProgressMode progress) {
  print(printed(carried.view, output));
  flush_stdout();
  if (progress != ProgressMode::quiet) print_places(carried.view.summary);
  if (carried.interrupted) return kInterrupted;
  if (carried.timed_out) return kTimedOut;
  return exit_code_of(carried.view.summary);
}

int run(const SubmitFlags& flags) {
  auto compiled = compile_file(flags.file);
  print_diagnostics(compiled.diagnostics);
  if (has_errors(compiled.diagnostics)) return kUsage;
  if (!flags.cluster.local && !flags.dry_run) {
    const auto faults = run::check_for_cluster(compiled.pipeline);
    print_diagnostics(faults);
    if (!faults.empty()) return kUsage;
  }
  auto submission = prepare(flags, std::move(compiled.pipeline));
  if (flags.dry_run) {
    print(pipeline::to_text(*submission.pipeline));
    return kDone;
  }
  CarryOptions options;
  options.progress = flags.progress;
  options.timeout = flags.timeout;
  options.unschedulable_timeout = flags.unschedulable_timeout;
  options.parallel = flags.parallel;
  options.may_exist = !flags.id.empty();
  options.kfp_runtime = flags.kfp_runtime;
  return conclude(flags.cluster.local ? carry_locally(options, submission) : carry_on_cluster(options, flags.cluster, submission),
                  flags.output, flags.progress);
}

}  // namespace kfrun::cli
