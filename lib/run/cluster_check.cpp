#include "run/cluster_check.h"

namespace kfrun::run {

namespace {

bool names_no_image(const pipeline::Task& task) {
  const auto& image = task.container.image;
  return task.kind == pipeline::TaskKind::container && image.is_constant() && pipeline::to_text(image.literal).empty();
}

}  // namespace

Diagnostics check_for_cluster(const pipeline::Pipeline& pipeline, Severity severity) {
  Diagnostics faults;
  for (const auto& dag : pipeline.dags) {
    for (const auto* tasks : {&dag.tasks, &dag.finals}) {
      for (const auto& task : *tasks) {
        if (!names_no_image(task)) continue;
        faults.push_back({severity,
                          task.place,
                          fmt::format("task {} names no image, which it needs on a cluster", task.name),
                          {"write image: in the task, or defaults: {image: ...}; --local runs it without one"}});
      }
    }
  }
  return faults;
}

}  // namespace kfrun::run
