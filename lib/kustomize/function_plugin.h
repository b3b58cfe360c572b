// Plugins that are programs: an annotation of the configuration names an executable or the image of a container, which gets the
// resources as a ResourceList on stdin and prints what is to take their place. Only run when the user allows it
// (--enable-alpha-plugins, and --enable-exec for programs outside of containers).
#pragma once

#include <string>
#include <vector>

#include "document/node.h"
#include "kustomize/function_command.h"
#include "kustomize/resource_map.h"
#include "kustomize/transformers.h"

namespace kfrun::kustomize {

// `directory` is where the function runs; `options` must outlive what is made.
Transform make_function_transformer(const FunctionSpec& spec, const document::Node& configuration, const std::string& directory,
                                    const BuildOptions& options);
std::vector<Resource> generate_by_function(const FunctionSpec& spec, const document::Node& configuration,
                                           const std::string& directory, const BuildOptions& options);

}  // namespace kfrun::kustomize
