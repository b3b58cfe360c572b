// A tree as kyaml prints it (go-yaml v3, two blanks, compact lists): keys in their order, quoting and flow style as written,
// lines never folded. Replacements inside of YAML texts write their result so, and expressions on list elements are matched with
// this text. Comments are not kept, because the document tree has none.
#pragma once

#include <string>

#include "document/node.h"

namespace kfrun::kustomize {

std::string kyaml_text(const document::Node& node);

}  // namespace kfrun::kustomize
