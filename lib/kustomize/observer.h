// Who wants to know how a build comes about step by step. A build without an observer asks for nothing.
#pragma once

#include <string>
#include <string_view>

#include "kustomize/resource_map.h"
#include "kustomize/target.h"

namespace kfrun::kustomize {

// What has just been done to resources.
struct BuildStep {
  std::string_view field;  // of the kustomization: "resources", "patches"; "" for what no field asks for
  int entry = -1;          // of the field's list; -1 for all of it
  std::string what;        // in words, where the field does not say it: "the suffix by content", the id of a plugin configuration
  const Target* target;    // the kustomization
};

// `what` of the last step: labels and annotations of buildMetadata; nothing changes afterwards.
inline constexpr std::string_view kOutputStep = "output";

class BuildObserver {
 public:
  virtual ~BuildObserver() = default;
  // After each step, with all resources it could have changed. The observer may number them (Resource::trace) and must not change
  // them otherwise.
  virtual void after(const BuildStep& step, ResourceMap& resources) = 0;
};

}  // namespace kfrun::kustomize
