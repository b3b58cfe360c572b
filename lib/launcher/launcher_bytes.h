// The launcher program as bytes, for the ConfigMap that brings it into pods.
#pragma once

#include <string_view>

namespace kfrun::launcher {

// The static program for "amd64" or "arm64", as Kubernetes names architectures; empty when this build has none for it.
std::string_view launcher_bytes(std::string_view architecture);

}  // namespace kfrun::launcher
