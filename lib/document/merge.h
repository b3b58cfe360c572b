// Strategic merge patch as kustomize (kyaml's merge2 and walk packages) does it, which differs from Kubernetes' own: patch
// items come first, $setElementOrder is data, and a scalar keeps the old node's quoting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"

namespace kfrun::document {

// Where the walk asks how a list is merged. A schema position is opaque to this room: lib/kustomize implements it over the
// OpenAPI tables. Positions are plain numbers; kUnknownSchema means "nothing is known here": lists are then replaced.
class MergeSchema {
 public:
  using Position = int;
  static constexpr Position kUnknownSchema = -1;

  virtual ~MergeSchema() = default;
  // The position of a whole resource. The walk asks wherever it stands at something unknown that has apiVersion and kind.
  virtual Position resource(std::string_view api_version, std::string_view kind) const = 0;
  // The position of a field of the object at `parent`.
  virtual Position field(Position parent, std::string_view name) const = 0;
  // The position of the elements of the list at `list`.
  virtual Position elements(Position list) const = 0;
  // Whether x-kubernetes-patch-strategy of the field at `position` contains "merge" / "replace".
  virtual bool merges(Position position) const = 0;
  virtual bool replaces(Position position) const = 0;
  // x-kubernetes-list-map-keys if present, else x-kubernetes-patch-merge-key; empty when neither is.
  virtual std::vector<std::string> merge_keys(Position position) const = 0;
};

// What became of the target.
enum class MergeResult { kept, deleted };  // deleted: `$patch: delete` at the top

// Merges `patch` into `target`, whose kind (or the patch's, when the target has none) says which schema holds. Throws
// Error(input) in kyaml's words for node kinds that do not fit. Everything in `target` is walked, not only what the patch
// names: `key:` without a value disappears, and lists with merge keys lose empty and double items.
MergeResult merge_strategic(Node& target, const Node& patch, const MergeSchema& schema);

}  // namespace kfrun::document
