// A component that runs a container: its executor's texts in the names of its task.
#pragma once

#include "pipeline/kfp/ir.h"
#include "pipeline/kfp/placeholders.h"

namespace kfrun::pipeline {

// Placeholders in the texts of a container: of the task's inputs and outputs and of its run. `task.inputs` and `task.outputs`
// must be complete; `hidden` inputs are no part of the executor input.
PlaceholderMeaning container_meaning(const Task& task, const std::string& root);
// Of the run alone: {{$.pipeline_job_uuid}} and the like; nothing for others. `root` is the pipeline root, "" when none is given.
std::optional<Expression> run_meaning(const Placeholder& placeholder, const std::string& task, const std::string& root);

// Sets image, command, args, environment and resources. Reports faults at `path`.
void read_container(const document::Node& container, const PlaceholderMeaning& meaning, Reporter& reporter,
                    const std::string& path, Task& task);

// The main container in the task's pod override.
document::Node& main_container(Task& task);

// Names of inputs that begin so are made by the front end, and no part of the executor input.
inline constexpr std::string_view kHiddenPrefix = "kfrun-";

}  // namespace kfrun::pipeline
