// vars: $(NAME) in fields is replaced by a field of some resource.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kustomize/kustomization.h"
#include "kustomize/resource_map.h"

namespace kfrun::kustomize {

// The vars of a build by name.
using Vars = std::map<std::string, Var>;

// Adds the vars of one kustomization, and marks the resources they read from. Throws "var 'X' already encountered", "found N
// resId matches for var ... (unable to disambiguate)".
void merge_vars(Vars& vars, const std::vector<Var>& incoming, ResourceMap& resources);
// Adds those of a base.
void merge_vars(Vars& vars, const Vars& incoming);

// Replaces $(NAME) at the places of `fields`. Returns the names that were nowhere replaced. Throws Error(input) for a var without
// resource or field.
std::vector<std::string> resolve_vars(ResourceMap& resources, const Vars& vars, const FieldSpecs& fields);

}  // namespace kfrun::kustomize
