// The suffix that generated ConfigMaps and Secrets get from their content.
#pragma once

#include <string>

#include "document/node.h"
#include "kustomize/compat.h"

namespace kfrun::kustomize {

// Ten characters, e.g. "kb4d8bh49t".
std::string content_hash(const document::Node& object, const Compat& compat);

}  // namespace kfrun::kustomize
