#include "kustomize/go_words.h"

#include <unistd.h>

#include <cstring>

#include <fmt/core.h>

#include "base/files.h"
#include "base/text.h"

namespace kfrun::kustomize {

std::string exit_words(const ProcessResult& result) {
  if (result.signal != 0) return "signal: " + to_lower(::strsignal(result.signal));
  return fmt::format("exit status {}", result.exit_code);
}

std::string start_fault_words(const std::string& program, const std::string& directory) {
  if (program.find('/') == std::string::npos) {
    if (find_program(program)) return "";
    return fmt::format("exec: \"{}\": executable file not found in $PATH", program);
  }
  const std::string path = directory.empty() ? program : join_path(directory, program);
  if (!disk().resolve(path)) return fmt::format("fork/exec {}: no such file or directory", program);
  if (!disk().is_file(path) || ::access(path.c_str(), X_OK) != 0) return fmt::format("fork/exec {}: permission denied", program);
  return "";
}

}  // namespace kfrun::kustomize
