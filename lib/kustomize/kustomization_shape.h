// The Go types that a kustomization file and the configurations of builtin plugins are decoded into.
#pragma once

#include "kustomize/json_shape.h"

namespace kfrun::kustomize {

const JsonShape& kustomization_shape();

}  // namespace kfrun::kustomize
