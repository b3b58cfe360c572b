// File patterns by the rules of Go's path/filepath, which kustomize's edits take: * ? [a-z] [^a] \x, none of them matches '/'.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace kfrun::kustomize {

// Throws Error(usage) "syntax error in pattern".
bool matches_pattern(std::string_view pattern, std::string_view name);

// The paths that are there and match, sorted; those whose last part begins with a dot only when the pattern's does.
std::vector<std::string> matching_paths(const FileSystem& files, const std::string& pattern);

}  // namespace kfrun::kustomize
