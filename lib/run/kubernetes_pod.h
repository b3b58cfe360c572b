// From an attempt to its pod: pure and printable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "document/node.h"
#include "run/executor.h"

namespace kfrun::run {

// Names all kfrun objects are found by.
inline constexpr std::string_view kRunLabel = "kfrun.dev/run";
inline constexpr std::string_view kTaskLabel = "kfrun.dev/task";
inline constexpr std::string_view kPathAnnotation = "kfrun.dev/path";
inline constexpr std::string_view kAttemptAnnotation = "kfrun.dev/attempt";
inline constexpr std::string_view kInputHashAnnotation = "kfrun.dev/input-hash";
inline constexpr std::string_view kLauncherAnnotation = "kfrun.dev/launcher";  // "true" where the launcher wraps the command
// "true" where other containers were stopped because the main one had ended.
inline constexpr std::string_view kFinishedAnnotation = "kfrun.dev/finished";
// Holds the finished pod of a `once` task until its result is recorded.
inline constexpr std::string_view kFinalizer = "kfrun.dev/unrecorded";
inline constexpr std::string_view kMainContainer = "main";
inline constexpr std::string_view kArtifactClaim = "kfrun-artifacts";  // one claim a namespace, a folder in it a run

struct PodOptions {
  // The ConfigMaps "<this>-<architecture>" hold the launcher, under the key "launcher".
  std::string launcher_config_map = "kfrun-launcher";
  std::string architecture = "amd64";  // of the nodes, unless task.pod has a nodeSelector that names one
  bool mixed_architectures = false;    // nodes differ: pods with a launcher are bound to those of its architecture
  std::string workspace_claim;         // mounted where an input names its path; "": the pipeline asks for none
  std::string kfp_runtime_config_map;  // holds the KFP SDK's wheel under "kfp.whl"; "": images have it, or pip brings it
  std::string owner_name;              // the run's head ConfigMap and its uid; "" = no owner
  std::string owner_uid;
  long long user_id = 65532;                  // of the container and its files, unless task.pod says otherwise
  Duration grace = std::chrono::seconds(10);  // from SIGTERM to SIGKILL
};

struct PodPlan {
  document::Node pod;
  bool has_launcher = false;
  std::string architecture;      // of the launcher
  bool needs_artifacts = false;  // mounts the artifact claim
  bool needs_kfp_runtime = false;
  bool needs_workspace = false;
  // What the pod's own ConfigMap must hold, when the launcher's instructions are too long for the environment; null: none.
  document::Node plan_config_map;
  std::string input_hash;
};

// "<run at most 30>-<task at most 20>-<10 letters of a digest of run, path and attempt>": a DNS label.
std::string pod_name(const std::string& run, const AttemptId& id);
// `text` as a label value: at most 63 of [A-Za-z0-9._-], alphanumeric at both ends.
std::string label_value(std::string_view text);

std::string launcher_config_map_name(const PodOptions& options, std::string_view architecture);

// Throws Error(input) for a task that cannot be a pod: no image, outputs or files without an explicit command, an override
// that is no mapping.
PodPlan plan_pod(const Work& work, const RunContext& run, const PodOptions& options);

}  // namespace kfrun::run
