// `crds`: OpenAPI definitions of custom kinds, read for the fields that hold annotations, selectors, names and references.
#pragma once

#include "document/node.h"
#include "kustomize/transformer_config.h"

namespace kfrun::kustomize {

// What the definitions of one file ({typeName: {Schema: ..., Dependencies: [...]}}) add to a configuration. Marked with
// x-kubernetes-annotation, -label-selector, -identity, -object-ref-api-version, -object-ref-kind and -object-ref-name-key.
TransformerConfig read_crd_config(const document::Node& file);

}  // namespace kfrun::kustomize
