// Regular expressions with Go's syntax and complaints: RE2 is the engine, Go's regexp package its sibling.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>

namespace kfrun::kustomize {

// Throws Error(input), e.g. "error parsing regexp: missing closing ): `^(?:()$`".
std::unique_ptr<RE2> compile_expression(const std::string& text);

}  // namespace kfrun::kustomize
