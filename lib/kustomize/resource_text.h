// A resource as kustomize would show it while it works: with its internal annotations.
#pragma once

#include <string>

#include "document/node.h"
#include "kustomize/resource.h"

namespace kfrun::kustomize {

// The document with what is remembered about it as internal annotations.
document::Node annotated_document(const Resource& resource);
// The same as one line of JSON: what error texts show.
std::string resource_json(const Resource& resource);

}  // namespace kfrun::kustomize
