// What a container task says about its container and about its attempts, gathered from layers: a pipeline's `defaults`, the
// component it uses, the task itself. A later layer replaces what an earlier one says; environments, resources and pod
// overrides are merged.
#pragma once

#include <span>
#include <string_view>

#include "base/files.h"
#include "pipeline/cursor.h"
#include "pipeline/dag.h"
#include "pipeline/expression_types.h"

namespace kfrun::pipeline {

struct Layer {
  Cursor fields;
  NameMeaning texts;     // of names in the container's texts
  NameMeaning bindings;  // of names in what is evaluated before an attempt (retry.when)
};

// Keys that layers may have, beside those that are their own.
inline constexpr std::string_view kContainerKeys[] = {"image", "command", "args", "script", "env", "workdir", "resources", "pod"};
inline constexpr std::string_view kPolicyKeys[] = {"retry", "timeout", "cache", "once", "onNodeLoss"};

// Sets task.container and task.pod. Scripts are read beside the file that names them.
void read_container(std::span<const Layer> layers, const FileSystem& files, Task& task);
inline constexpr Duration kNodeLossWait = std::chrono::minutes(1);  // of `onNodeLoss: retry`

// Sets task.retry, timeout, cache, cache_key, once and node_loss_wait.
void read_policies(std::span<const Layer> layers, Task& task);

// The text of a value with ${{ }}, its names replaced; nothing when it could not be read.
std::optional<Expression> read_text(const Cursor& at, const NameMeaning& names);
// A document whose strings are templates, their names replaced.
document::Node read_templates(const Cursor& at, const NameMeaning& names);

}  // namespace kfrun::pipeline
