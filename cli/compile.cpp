// Verbs `compile` and `lint`: a pipeline checked and shown, nothing started.
#include "cli/exit_code.h"
#include "cli/pipeline_source.h"
#include "cli/screen.h"
#include "cli/verbs.h"
#include "document/writer.h"
#include "pipeline/pipeline.h"
#include "run/cluster_check.h"

namespace kfrun::cli {

namespace {

std::string printed(const pipeline::Pipeline& pipeline, const std::string& format) {
  if (format == "dot") return pipeline::to_dot(pipeline);
  if (format == "mermaid") return pipeline::to_mermaid(pipeline);
  if (format == "json") return document::write_json(pipeline::to_node(pipeline), {.indent = 2}) + "\n";
  return pipeline::to_text(pipeline);
}

// With `for_cluster` also what a cluster asks for.
pipeline::CompileResult checked(const std::string& file, bool for_cluster) {
  auto compiled = compile_file(file);
  if (!for_cluster || has_errors(compiled.diagnostics)) return compiled;
  const auto faults = run::check_for_cluster(compiled.pipeline);
  compiled.diagnostics.insert(compiled.diagnostics.end(), faults.begin(), faults.end());
  return compiled;
}

document::Node to_node(const Diagnostic& diagnostic) {
  using document::Node;
  return Node::mapping({{"severity", Node::string(diagnostic.severity == Severity::error     ? "error"
                                                  : diagnostic.severity == Severity::warning ? "warning"
                                                                                             : "note")},
                        {"file", Node::string(diagnostic.place.file)},
                        {"line", Node::integer(diagnostic.place.line)},
                        {"column", Node::integer(diagnostic.place.column)},
                        {"path", Node::string(diagnostic.place.path)},
                        {"message", Node::string(diagnostic.message)},
                        {"hints", Node::strings(diagnostic.hints)}});
}

}  // namespace

int run(const CompileFlags& flags) {
  const auto compiled = checked(flags.file, flags.cluster);
  print_diagnostics(compiled.diagnostics);
  if (has_errors(compiled.diagnostics)) return kUsage;
  print(printed(compiled.pipeline, flags.format));
  return kDone;
}

int run(const LintFlags& flags) {
  Diagnostics all;
  for (const auto& file : flags.files) {
    const auto compiled = checked(file, flags.cluster);
    all.insert(all.end(), compiled.diagnostics.begin(), compiled.diagnostics.end());
  }
  if (flags.output != OutputFormat::table) {
    auto list = document::Node::sequence();
    for (const auto& diagnostic : all) list.push_back(to_node(diagnostic));
    print(list, flags.output);
  } else {
    print_diagnostics(all);
    if (all.empty())
      print(fmt::format("{} {} in order\n", flags.files.size(), flags.files.size() == 1 ? "file is" : "files are"));
  }
  return has_errors(all) ? kUsage : kDone;
}

}  // namespace kfrun::cli
