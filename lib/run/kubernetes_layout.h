// Where things are inside of a pod, and how artifacts on the claim are named.
#pragma once

#include <string>
#include <string_view>

namespace kfrun::run {

inline constexpr std::string_view kLauncherMount = "/kfrun/bin";
inline constexpr std::string_view kLauncherPath = "/kfrun/bin/launcher";
inline constexpr std::string_view kPlanMount = "/kfrun/plan";  // the pod's own ConfigMap, when its plan is long
inline constexpr std::string_view kPlanPath = "/kfrun/plan/plan.json";
inline constexpr std::string_view kWorkMount = "/kfrun/work";  // emptyDir: scripts, parameters, TMPDIR
inline constexpr std::string_view kResultsPath = "/kfrun/work/results/executor_output.json";  // of Protocol::kfp
inline constexpr std::string_view kResultsOutput = "kfrun-results";    // its name among the outputs that the launcher tells of
inline constexpr std::string_view kWorkspaceMount = "/kfp-workspace";  // where Kubeflow Pipelines has it
inline constexpr std::string_view kRuntimeMount = "/kfrun/kfp";        // the runtime of the KFP SDK, a ConfigMap of the run
inline constexpr std::string_view kRuntimePath = "/kfrun/kfp/kfp.whl";
inline constexpr std::string_view kRuntimeKey = "kfp.whl";
inline constexpr std::string_view kScriptPath = "/kfrun/work/script";
inline constexpr std::string_view kArtifactMount = "/kfrun/artifacts";     // the claim:
inline constexpr std::string_view kStorePath = "/kfrun/artifacts/store";   //   artifacts by digest, of all runs
inline constexpr std::string_view kStagingPath = "/kfrun/artifacts/work";  //   a folder an attempt while it runs

// Artifacts of the namespace's claim have URIs "pvc://kfrun-artifacts/store/<digest>/<name>".
inline constexpr std::string_view kArtifactScheme = "pvc://kfrun-artifacts/";

inline std::string artifact_uri(std::string_view below_store) {
  return std::string(kArtifactScheme) + "store/" + std::string(below_store);
}
// Its path in a pod that mounts the claim; "" for a URI of something else.
inline std::string mounted_path(std::string_view uri) {
  if (!uri.starts_with(kArtifactScheme)) return {};
  return std::string(kArtifactMount) + "/" + std::string(uri.substr(kArtifactScheme.size()));
}

}  // namespace kfrun::run
