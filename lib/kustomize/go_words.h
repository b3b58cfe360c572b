// What Go's os/exec says of programs that did not end well.
#pragma once

#include <string>

#include "base/process.h"

namespace kfrun::kustomize {

// "exit status 1", "signal: killed".
std::string exit_words(const ProcessResult& result);
// Why a program cannot be started from a folder: `exec: "x": executable file not found in $PATH`, "fork/exec ./x: permission
// denied"; "" when it can.
std::string start_fault_words(const std::string& program, const std::string& directory);

}  // namespace kfrun::kustomize
