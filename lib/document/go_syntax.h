// Trees as Go's fmt prints them with %#v, which kustomize puts before the errors of resources it cannot write.
#pragma once

#include <string>
#include <string_view>

#include "document/node.h"

namespace kfrun::document {

// map[string]interface {}{"a":1, "b":[]interface {}{"x"}}: keys sorted, of the type that go-yaml v3 decodes into. The top is a
// map[string]interface {} whatever its keys are.
std::string go_syntax(const Node& node);
// strconv.Quote.
std::string go_quoted(std::string_view text);

}  // namespace kfrun::document
