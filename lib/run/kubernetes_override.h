// A task's own wishes for its pod, merged over the generated one.
#pragma once

#include "document/node.h"
#include "pipeline/expression.h"

namespace kfrun::run {

// Merges `metadata` and `spec` of `override` as a strategic merge patch: containers, volumes, environment and the like by name.
// Its strings are templates in `scope`. Throws Error(input) when it is no mapping.
void merge_pod_override(document::Node& pod, const document::Node& override, const pipeline::Scope& scope);

// The container of that name; nullptr when there is none.
document::Node* find_container(document::Node& pod, std::string_view name);

// A document with the values of its templates; in lists nulls are left out, and a template that gives a list stands for its
// items.
document::Node resolve_templates(const document::Node& node, const pipeline::Scope& scope);

}  // namespace kfrun::run
