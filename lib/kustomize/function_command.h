// The programs behind functions: what a configuration's annotation says, and the command that comes of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "document/node.h"
#include "kustomize/kustomize.h"

namespace kfrun::kustomize {

// What a container sees of the machine's files.
struct StorageMount {
  std::string type;         // "bind", "volume", "tmpfs"
  std::string source;       // relative to the folder of the kustomization
  std::string destination;  // in the container
  bool is_writable = false;
};

struct FunctionSpec {
  // of a program
  std::string executable;  // looked up in PATH, or with a '/' relative to the folder of the kustomization
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  // of a container, which goes before a program
  std::string image;
  bool network = false;
  std::vector<StorageMount> mounts;
  std::vector<std::string> container_environment;  // "NAME=VALUE", or "NAME" for this machine's value
};

// What config.kubernetes.io/function says; nothing when the configuration is not of a function. Throws "failed to get
// FunctionSpec: config.kubernetes.io/function unmarshal error: ...".
std::optional<FunctionSpec> read_function_spec(const document::Node& configuration);

// Throws Error(denied) for mounts outside of the folder of the kustomization.
void check_mounts(const FunctionSpec& spec, const document::Node& configuration);

// The command, run in `directory`; nothing when there is none or the user did not allow programs (--enable-exec): then kustomize
// does nothing. Throws "network required but not enabled with --network".
std::optional<ProcessSpec> function_command(const FunctionSpec& spec, const std::string& directory, const BuildOptions& options);

}  // namespace kfrun::kustomize
