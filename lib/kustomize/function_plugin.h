// Plugins that are programs: an annotation of the configuration names an executable, which gets the resources as a ResourceList
// on stdin and prints what is to take their place. Only run when the user allows it (--enable-alpha-plugins and --enable-exec).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "document/node.h"
#include "kustomize/resource_map.h"
#include "kustomize/transformers.h"

namespace kfrun::kustomize {

struct FunctionSpec {
  std::string executable;  // relative to the folder of the kustomization
  std::vector<std::string> arguments;
  std::string image;                       // of a container function
  std::vector<std::string> mount_sources;  // of a container function
};

// What config.kubernetes.io/function says; nothing when the configuration is not of a function.
std::optional<FunctionSpec> read_function_spec(const document::Node& configuration);

// Throws Error(input) for what kustomize does not permit (mounts outside of the folder) and Error(unsupported) for containers.
void check_permitted(const FunctionSpec& spec, const document::Node& configuration);

// `directory` is where the function runs.
Transform make_function_transformer(const FunctionSpec& spec, const document::Node& configuration, const std::string& directory);
std::vector<Resource> generate_by_function(const FunctionSpec& spec, const document::Node& configuration,
                                           const std::string& directory);

}  // namespace kfrun::kustomize
