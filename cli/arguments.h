// Pipeline arguments as people give them: -p name=value, -p name=@file, -P file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "run/state.h"

namespace kfrun::cli {

// The file's parameters first, then each -p over them. Texts stay texts; the pipeline's types convert them. Throws
// Error(usage) for a -p without '=' and Error(input) for a file that is no mapping.
run::Values read_arguments(const std::vector<std::string>& pairs, const std::string& file);

}  // namespace kfrun::cli
