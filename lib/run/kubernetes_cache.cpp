#include "document/reader.h"
#include "document/writer.h"
#include "run/kubernetes_objects.h"
#include "run/kubernetes_pod.h"
#include "run/kubernetes_record_store.h"

namespace kfrun::run {

namespace {

using document::Node;
using kube::types::config_maps;

constexpr const char* kOutputsKey = "outputs";
constexpr const char* kClaimKey = "claim";  // uid of the claim that holds the artifacts
constexpr std::size_t kLongest = 900 << 10;

std::string name_of(const std::string& key) { return "kfrun-cache-" + key; }

bool holds_artifact(const Value& value) {
  if (pipeline::as_artifact(value)) return true;
  return value.is_sequence() && std::any_of(value.items().begin(), value.items().end(), holds_artifact);
}

bool hold_artifacts(const Values& values) {
  return std::any_of(values.begin(), values.end(), [](const auto& value) { return holds_artifact(value.second); });
}

// "" when there is none, or none that will stay.
std::string claim_uid(kube::Client& client, const std::string& name_space) {
  const auto reply = client.get(kube::types::persistent_volume_claims, name_space, std::string(kArtifactClaim));
  if (!reply.ok() || reply.body.find_path({"metadata", "deletionTimestamp"})) return {};
  return uid_of(reply.body);
}

}  // namespace

KubernetesCache::KubernetesCache(kube::Client& client, std::string name_space)
    : client_(client), name_space_(std::move(name_space)) {}

std::optional<Values> KubernetesCache::find(const std::string& key) {
  const auto reply = client_.get(config_maps, name_space_, name_of(key));
  const Node* text = reply.ok() ? reply.body.find_path({"data", kOutputsKey}) : nullptr;
  if (!text) return std::nullopt;
  try {
    auto outputs = values_from_node(document::read_json(text->text(), name_of(key)));
    if (!hold_artifacts(outputs)) return outputs;
    const Node* claim = reply.body.find_path({"data", kClaimKey});
    const bool are_there = claim && !claim->text().empty() && claim->text() == claim_uid(client_, name_space_);
    return are_there ? std::optional(std::move(outputs)) : std::nullopt;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::input) return std::nullopt;  // not ours, or of another version
    throw;
  }
}

void KubernetesCache::keep(const std::string& key, const Values& outputs) {
  Node data = Node::mapping({{kOutputsKey, Node::string(document::write_json(to_node(outputs)))}});
  if (data.find(kOutputsKey)->text().size() > kLongest) return;
  if (hold_artifacts(outputs)) data.set(kClaimKey, Node::string(claim_uid(client_, name_space_)));
  Node labels = run_labels("");
  labels.set(kCacheLabel, Node::string("true"));
  const Node object =
      Node::mapping({{"apiVersion", Node::string("v1")},
                     {"kind", Node::string("ConfigMap")},
                     {"metadata", Node::mapping({{"name", Node::string(name_of(key))}, {"labels", std::move(labels)}})},
                     {"data", data}});
  auto reply = client_.create(config_maps, name_space_, object);
  if (reply.status == 409) {
    const Node patch = Node::mapping({{"data", std::move(data)}});
    reply = client_.patch(config_maps, name_space_, name_of(key), patch, "application/merge-patch+json");
  }
  throw_unless_ok(reply, "keeping outputs for later runs");
}

}  // namespace kfrun::run
