// How kustomize 3.2.0 patches: with apimachinery's strategic merge where client-go 11 knows the kind, with JSON merge elsewhere.
#pragma once

#include "document/merge.h"
#include "document/node.h"

namespace kfrun::kustomize {

document::MergeResult merge_as_3_2_0(document::Node& target, const document::Node& patch, const document::MergeSchema& schema);

}  // namespace kfrun::kustomize
