// createpvc and deletepvc of kfp-kubernetes: claims made and removed without a pod.
#pragma once

#include "pipeline/dag.h"

namespace kfrun::pipeline {

enum class ClaimKind { none, create, remove };

// What the image of an executor stands for.
ClaimKind claim_kind(const std::string& image);
// Makes `task`, whose inputs are read, one of kind resource.
void make_claim(ClaimKind kind, Task& task);

}  // namespace kfrun::pipeline
