// Verb `submit`: compile, check, run, follow to the end.
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/exit_code.h"
#include "cli/run_session.h"
#include "cli/run_view.h"
#include "cli/screen.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "pipeline/pipeline.h"
#include "run/kubernetes_pod.h"
#include "run/local_layout.h"
#include "run/run_id.h"

namespace kfrun::cli {

namespace {

Submission prepare(const SubmitFlags& flags, pipeline::Pipeline pipeline) {
  Submission submission;
  submission.arguments = pipeline::bind_arguments(pipeline, read_arguments(flags.parameters, flags.parameter_file));
  submission.head.name = flags.name.empty() ? pipeline.name : flags.name;
  submission.head.created = system_clock().now();
  submission.head.id = run::make_run_id(submission.head.name, submission.head.created);
  submission.head.source = disk().resolve(flags.file).value_or(flags.file);
  submission.head.arguments = submission.arguments;
  submission.pipeline = std::make_shared<const pipeline::Pipeline>(std::move(pipeline));
  return submission;
}

bool has_artifacts(const run::RunSummary& summary) {
  return std::any_of(summary.tasks.begin(), summary.tasks.end(), [](const auto& task) {
    return std::any_of(task.outputs.begin(), task.outputs.end(),
                       [](const auto& output) { return pipeline::as_artifact(output.second).has_value(); });
  });
}

// Where to look further, for people.
void print_places(const SubmitFlags& flags, const run::RunSummary& summary) {
  const std::string& id = summary.head.id;
  if (flags.cluster.local) {
    const std::string folder = run::LocalLayout{state_directory()}.run(id);
    if (disk().is_directory(folder + "/logs"))
      print_note(fmt::format("logs are in {}/logs ('kfrun logs {}' prints them), artifacts in {}/artifacts", folder, id, folder));
  } else {
    print_note(fmt::format("'kfrun logs {} -n {}' prints the logs", id, summary.head.name_space));
    if (has_artifacts(summary))
      print_note(fmt::format("artifacts are in the claim {} of namespace {}", run::kArtifactClaim, summary.head.name_space));
  }
}

int exit_code_of_carried(const Carried& carried) {
  if (carried.interrupted) return kInterrupted;
  if (carried.timed_out) return kTimedOut;
  return exit_code_of(carried.summary);
}

}  // namespace

int run(const SubmitFlags& flags) {
  auto compiled = pipeline::compile(disk(), flags.file);
  print_diagnostics(compiled.diagnostics);
  if (has_errors(compiled.diagnostics)) return kUsage;
  auto submission = prepare(flags, std::move(compiled.pipeline));
  if (flags.dry_run) {
    print(pipeline::to_text(*submission.pipeline));
    return kDone;
  }
  const auto carried = flags.cluster.local ? carry_locally(flags, submission) : carry_on_cluster(flags, submission);
  print(printed(carried.summary, flags.output));
  flush_stdout();
  if (flags.progress != ProgressMode::quiet) print_places(flags, carried.summary);
  return exit_code_of_carried(carried);
}

}  // namespace kfrun::cli
