// Patches as the Kubernetes API server (apimachinery) applies them: strategic merge for kinds whose schema is known, JSON merge
// (RFC 7396) for all others. kustomize before 3.9 patched with these; kyaml's rules are in merge.h. Here only what the patch
// names is touched.
#pragma once

#include "document/merge.h"
#include "document/node.h"

namespace kfrun::document {

// Merges `patch` into `target`, both standing at `position` of the schema: lists with a merge key are merged, what both have
// keeps the order of the patch, what only the target has stays before what followed it there. A list's first merge key counts.
// Honours $patch (delete, replace), $retainKeys, $deleteFromPrimitiveList and $setElementOrder. Throws Error(input) in
// apimachinery's words for lists without their key. (apimachinery util/strategicpatch, StrategicMergeMapPatch.)
MergeResult merge_kubernetes(Node& target, const Node& patch, const MergeSchema& schema, MergeSchema::Position position);

// RFC 7396, except that nulls in what is added disappear from lists too. (evanphx/json-patch, MergePatch.)
void merge_json(Node& target, const Node& patch);

}  // namespace kfrun::document
