// The data of ConfigMaps and Secrets, and the text maps in metadata.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "document/node.h"

namespace kfrun::kustomize {

// Base64 in lines of 70 characters, as generated Secrets and binary data have it.
std::string wrapped_base64(std::string_view bytes);

// `wraps`: base64 in lines.
// Sets entries of a ConfigMap: text under `data`, what is not UTF-8 under `binaryData`.
void set_config_map_data(document::Node& object, const std::map<std::string, std::string>& entries, bool wraps = true);
// Sets entries of a Secret, encoded.
void set_secret_data(document::Node& object, const std::map<std::string, std::string>& entries, bool wraps = true);

// Moves a Secret's `stringData` into `data`, as the API server does.
void normalize_string_data(document::Node& object);
// Adds entries of `data` and `binaryData` that `older` has more.
void merge_data(document::Node& object, const document::Node& older);
// Adds entries of the text map at `path` that `older` has more; all values become strings.
void merge_text_maps(document::Node& object, const document::Node& older, std::initializer_list<std::string_view> path);

}  // namespace kfrun::kustomize
