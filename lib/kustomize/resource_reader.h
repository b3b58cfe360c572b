// Text of manifests to resources.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "kustomize/compat.h"
#include "kustomize/resource.h"

namespace kfrun::kustomize {

// Every document of `text`, lists flattened, documents without content left out. Throws Error(input): "MalformedYAMLError: yaml:
// line 3: ...", "missing metadata.name in object {...}". `file` is for places.
std::vector<Resource> read_resources(std::string_view text, const std::string& file, const Compat& compat = latest_release());
// The same for what kustomize reads from a file: a malformed text is told with "in File: PATH".
// `path` is how the kustomization writes it, `file` where it is.
std::vector<Resource> read_resource_file(std::string_view text, const std::string& path, const std::string& file,
                                         const Compat& compat = latest_release());

// What stands before the fault of a text that is no YAML.
inline constexpr std::string_view kMalformedYaml = "MalformedYAMLError";
// Whether an error came from text that is no YAML.
bool is_malformed(const Error& error);

// The documents with the items of lists and ResourceLists in their places, as kyaml reads them.
std::vector<document::Node> unwrapped_lists(std::vector<document::Node> documents);

// Throws when the metadata of an object is not what a resource needs.
void check_metadata(const document::Node& object);

}  // namespace kfrun::kustomize
