#include "run/kubernetes_provision.h"

#include <algorithm>

#include "base/digest.h"
#include "base/files.h"
#include "launcher/launcher_bytes.h"
#include "run/kubernetes_layout.h"
#include "run/kubernetes_objects.h"

namespace kfrun::run {

namespace {

using document::Node;

constexpr std::string_view kArchitectureLabel = "kubernetes.io/arch";
// Names alone: whole nodes are ten times as long.
constexpr const char* kMetadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
constexpr int kMostTurns = 5;
constexpr std::size_t kLargestWheel = 1000 << 10;  // a ConfigMap has 1 MiB

Outcome refused(const kube::Reply& reply, const std::string& doing) {
  throw_if_logged_out(reply);
  Outcome outcome;
  outcome.failure = FailureClass::configuration;
  outcome.reason = reply.reason();
  outcome.message = fmt::format("{}: {}", doing, reply.message());
  return outcome;
}

std::string launcher_version() {
  std::string programs;
  for (const auto* architecture : {"amd64", "arm64"}) programs += launcher::launcher_bytes(architecture);
  return base32(sha256(programs)).substr(0, 10);
}

}  // namespace

bool Provision::join(Once& once, Ready ready) {
  if (once.is_done) {
    ready(once.problem);
    return false;
  }
  once.waiting.push_back(std::move(ready));
  return !std::exchange(once.is_asked, true);
}

void Provision::settle(Once& once, std::optional<Outcome> problem) {
  once.is_done = true;
  once.problem = std::move(problem);
  for (const auto& ready : std::exchange(once.waiting, {})) ready(once.problem);
}

void Provision::learn(Ready ready) {
  if (!join(basics_, std::move(ready))) return;
  options_.pod.launcher_config_map = "kfrun-launcher-" + launcher_version();
  const auto name = head_name(run_.id);
  if (!options_.workspace.is_null()) options_.pod.workspace_claim = name + "-workspace";
  if (!options_.kfp_runtime.empty()) options_.pod.kfp_runtime_config_map = name + "-kfp";
  requests_.start(patient("GET", path_of(kube::types::config_maps, run_.name_space, name)),
                  [this, name](const kube::Reply& reply) {
                    if (reply.ok()) {
                      options_.pod.owner_name = name;
                      options_.pod.owner_uid = uid_of(reply.body);
                    }
                    learn_nodes();
                  });
}

// Who may not list nodes runs on the most common kind.
void Provision::learn_nodes() {
  kube::Request request;
  request.path = path_of(kube::types::nodes, "") + kube::encode_query({{"limit", "500"}});
  request.accept = kMetadataOnly;
  requests_.start(std::move(request), [this](const kube::Reply& reply) {
    std::set<std::string> architectures;
    const Node* nodes = reply.ok() ? reply.body.find("items") : nullptr;
    if (nodes && nodes->is_sequence()) {
      for (const auto& node : nodes->items()) {
        if (const Node* label = node.find_path({"metadata", "labels", kArchitectureLabel})) architectures.insert(label->text());
      }
    }
    auto& pod = options_.pod;
    pod.mixed_architectures = architectures.size() > 1;
    const auto usable = std::find_if(architectures.begin(), architectures.end(),
                                     [](const std::string& known) { return !launcher::launcher_bytes(known).empty(); });
    if (!architectures.empty() &&
        (architectures.count(pod.architecture) == 0 || launcher::launcher_bytes(pod.architecture).empty())) {
      pod.architecture = usable == architectures.end() ? *architectures.begin() : *usable;
    }
    settle(basics_, std::nullopt);
  });
}

void Provision::launcher(const std::string& architecture, Ready ready) {
  if (join(launchers_[architecture], std::move(ready))) create_launcher(architecture, 0);
}

// Of an object that goes with the run. `run`: for its labels, "" for what other runs share.
Node Provision::owned_metadata(const std::string& name, const std::string& run) const {
  Node metadata = Node::mapping({{"name", Node::string(name)}, {"labels", run_labels(run)}});
  const auto& pod = options_.pod;
  if (!pod.owner_uid.empty()) metadata.set("ownerReferences", owned_by(pod.owner_name, pod.owner_uid));
  return metadata;
}

// One ConfigMap a namespace, version and architecture, owned by all runs that use it: it goes with the last of them.
void Provision::create_launcher(const std::string& architecture, int turn) {
  const auto bytes = launcher::launcher_bytes(architecture);
  if (bytes.empty()) {
    Outcome outcome;
    outcome.failure = FailureClass::configuration;
    outcome.reason = "NoLauncher";
    outcome.message =
        fmt::format("this kfrun was built without a launcher for {} nodes: its build needs a compiler for them", architecture);
    return settle(launchers_[architecture], outcome);
  }
  const auto& pod = options_.pod;
  const Node object = Node::mapping({{"apiVersion", Node::string("v1")},
                                     {"kind", Node::string("ConfigMap")},
                                     {"metadata", owned_metadata(launcher_config_map_name(pod, architecture), "")},
                                     {"immutable", Node::boolean(true)},
                                     {"binaryData", Node::mapping({{"launcher", Node::string(base64(bytes))}})}});
  requests_.start(patient("POST", path_of(kube::types::config_maps, run_.name_space), object),
                  [this, architecture, turn](const kube::Reply& reply) {
                    if (reply.ok()) return settle(launchers_[architecture], std::nullopt);
                    if (reply.status == 409 && turn < kMostTurns) return share_launcher(architecture, turn);
                    settle(launchers_[architecture], refused(reply, "bringing the launcher into the cluster"));
                  });
}

// It is there: owned by this run, too, from now on. It may go away under our hands, with the last run that used it.
void Provision::share_launcher(const std::string& architecture, int turn) {
  const auto& pod = options_.pod;
  if (pod.owner_uid.empty()) return settle(launchers_[architecture], std::nullopt);
  const Node patch = Node::mapping({{"metadata", Node::mapping({{"ownerReferences", owned_by(pod.owner_name, pod.owner_uid)}})}});
  auto request = patient_patch(path_of(kube::types::config_maps, run_.name_space, launcher_config_map_name(pod, architecture)),
                               patch, "application/strategic-merge-patch+json");
  request.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
  requests_.start(std::move(request), [this, architecture, turn](const kube::Reply& reply) {
    if (reply.status == 404) return create_launcher(architecture, turn + 1);
    if (reply.ok() || reply.status == 403) return settle(launchers_[architecture], std::nullopt);
    settle(launchers_[architecture], refused(reply, "sharing the launcher's ConfigMap"));
  });
}

void Provision::claim(Ready ready) {
  if (!join(claim_, std::move(ready))) return;
  Node modes = Node::sequence();
  modes.push_back(Node::string(options_.access_mode));
  Node spec = Node::mapping(
      {{"accessModes", std::move(modes)},
       {"resources", Node::mapping({{"requests", Node::mapping({{"storage", Node::string(options_.storage_size)}})}})}});
  if (!options_.storage_class.empty()) spec.set("storageClassName", Node::string(options_.storage_class));
  const Node object = Node::mapping(
      {{"apiVersion", Node::string("v1")},
       {"kind", Node::string("PersistentVolumeClaim")},
       {"metadata", Node::mapping({{"name", Node::string(std::string(kArtifactClaim))}, {"labels", run_labels("")}})},
       {"spec", std::move(spec)}});
  requests_.start(patient("POST", path_of(kube::types::persistent_volume_claims, run_.name_space), object),
                  [this](const kube::Reply& reply) {
                    if (reply.ok() || reply.status == 409) return settle(claim_, std::nullopt);
                    settle(claim_, refused(reply, "creating the claim for artifacts"));
                  });
}

void Provision::kfp_runtime(Ready ready) {
  if (!join(runtime_, std::move(ready))) return;
  std::string wheel;
  Outcome outcome;
  outcome.failure = FailureClass::configuration;
  outcome.reason = "NoKfpRuntime";
  try {
    wheel = disk().read(options_.kfp_runtime);
  } catch (const Error& error) {
    outcome.message = fmt::format("{}: a cluster takes the SDK as a wheel: {}", options_.kfp_runtime, error.what());
    return settle(runtime_, outcome);
  }
  if (wheel.size() > kLargestWheel) {
    outcome.message = fmt::format("{} has {} bytes, more than a ConfigMap takes", options_.kfp_runtime, wheel.size());
    return settle(runtime_, outcome);
  }
  const Node object = Node::mapping({{"apiVersion", Node::string("v1")},
                                     {"kind", Node::string("ConfigMap")},
                                     {"metadata", owned_metadata(options_.pod.kfp_runtime_config_map, run_.id)},
                                     {"immutable", Node::boolean(true)},
                                     {"binaryData", Node::mapping({{kRuntimeKey, Node::string(base64(wheel))}})}});
  requests_.start(patient("POST", path_of(kube::types::config_maps, run_.name_space), object), [this](const kube::Reply& reply) {
    if (reply.ok() || reply.status == 409) return settle(runtime_, std::nullopt);
    settle(runtime_, refused(reply, "bringing the KFP SDK into the cluster"));
  });
}

void Provision::workspace(Ready ready) {
  if (!join(workspace_, std::move(ready))) return;
  const Node object = Node::mapping({{"apiVersion", Node::string("v1")},
                                     {"kind", Node::string("PersistentVolumeClaim")},
                                     {"metadata", owned_metadata(options_.pod.workspace_claim, run_.id)},
                                     {"spec", options_.workspace}});
  requests_.start(patient("POST", path_of(kube::types::persistent_volume_claims, run_.name_space), object),
                  [this](const kube::Reply& reply) {
                    if (reply.ok() || reply.status == 409) return settle(workspace_, std::nullopt);
                    settle(workspace_, refused(reply, "creating the claim for the run's workspace"));
                  });
}

}  // namespace kfrun::run
