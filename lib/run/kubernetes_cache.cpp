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
// From so many on the names of all entries are listed first, kPage at a time, as long as there are not much more than that.
constexpr std::size_t kMany = 50;
constexpr std::size_t kNamesForOne = 20;
constexpr int kPage = 500;
constexpr std::size_t kMostToKeep = 200;  // on their way at once
constexpr auto kGoodbye = std::chrono::seconds(10);

std::string name_of(const std::string& key) { return "kfrun-cache-" + key; }

bool hold_artifacts(const Values& values) {
  return std::any_of(values.begin(), values.end(), [](const auto& value) { return pipeline::holds_artifact(value.second); });
}

// "" when there is none, or none that will stay.
std::string uid_of_claim(const kube::Reply& reply) {
  return !reply.ok() || reply.body.find_path({"metadata", "deletionTimestamp"}) ? std::string() : uid_of(reply.body);
}

kube::Request claim_request(const std::string& name_space) {
  kube::Request request;
  request.path = path_of(kube::types::persistent_volume_claims, name_space, std::string(kArtifactClaim));
  return request;
}

Node cache_object(const std::string& key, Node data) {
  Node labels = run_labels("");
  labels.set(kCacheLabel, Node::string("true"));
  return Node::mapping({{"apiVersion", Node::string("v1")},
                        {"kind", Node::string("ConfigMap")},
                        {"metadata", Node::mapping({{"name", Node::string(name_of(key))}, {"labels", std::move(labels)}})},
                        {"data", std::move(data)}});
}

}  // namespace

KubernetesCache::KubernetesCache(kube::Client& client, std::string name_space)
    : requests_(client), keeping_(client), name_space_(std::move(name_space)) {}

void KubernetesCache::expect(const std::vector<std::string>& keys) {
  known_.clear();
  const auto names = keys.size() < kMany ? std::nullopt : names_if_few(keys.size());
  for (const auto& key : keys) {
    if (!known_.try_emplace(key).second) continue;
    if (!names || names->contains(name_of(key))) ask(key);
  }
  requests_.client().run_until([this] { return requests_.open() == 0; });
  believe();
}

// The names of all entries, unless there are so many that asking for `most` is quicker.
std::optional<std::set<std::string>> KubernetesCache::names_if_few(std::size_t most) {
  std::set<std::string> names;
  std::string more;
  do {
    std::vector<std::pair<std::string, std::string>> query{{"labelSelector", fmt::format("{}=true", kCacheLabel)},
                                                           {"limit", std::to_string(kPage)}};
    if (!more.empty()) query.emplace_back("continue", more);
    kube::Request request;
    request.path = path_of(config_maps, name_space_) + kube::encode_query(query);
    request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
    const auto reply = requests_.client().send(std::move(request));
    const Node* items = reply.ok() ? reply.body.find("items") : nullptr;
    if (!items || !items->is_sequence()) return std::nullopt;
    for (const auto& item : items->items()) {
      if (const Node* name = item.find_path({"metadata", "name"})) names.insert(name->text());
    }
    const Node* next = reply.body.find_path({"metadata", "continue"});
    more = next ? next->text() : std::string();
    if (!more.empty() && names.size() > most * kNamesForOne) return std::nullopt;
  } while (!more.empty());
  return names;
}

void KubernetesCache::ask(const std::string& key) {
  kube::Request request;
  request.path = path_of(config_maps, name_space_, name_of(key));
  requests_.start(std::move(request), [this, key](const kube::Reply& reply) {
    const Node* text = reply.ok() ? reply.body.find_path({"data", kOutputsKey}) : nullptr;
    if (!text) return;
    try {
      const Node* claim = reply.body.find_path({"data", kClaimKey});
      known_[key] = Entry{values_from_node(document::read_json(text->text(), name_of(key))), claim ? claim->text() : ""};
    } catch (const Error&) {
      // not ours, or of another version
    }
  });
}

// Forgets entries whose artifacts went with the claim that held them.
void KubernetesCache::believe() {
  std::optional<std::string> claim;
  for (auto& [key, entry] : known_) {
    if (!entry || !hold_artifacts(entry->outputs)) continue;
    if (!claim) claim = uid_of_claim(requests_.client().send(claim_request(name_space_)));
    if (claim->empty() || entry->claim != *claim) entry.reset();
  }
}

std::optional<Values> KubernetesCache::find(const std::string& key) {
  if (const auto kept = to_keep_.find(key); kept != to_keep_.end()) return kept->second;
  if (!known_.contains(key)) expect({key});
  auto entry = std::move(known_.extract(key).mapped());
  return entry ? std::optional(std::move(entry->outputs)) : std::nullopt;
}

void KubernetesCache::keep(const std::string& key, const Values& outputs) {
  keeping_.client().run_until([this] { return keeping_.open() < kMostToKeep; });
  to_keep_[key] = outputs;
  if (!hold_artifacts(outputs)) return send(key, "");
  keeping_.start(claim_request(name_space_), [this, key](const kube::Reply& reply) { send(key, uid_of_claim(reply)); });
}

void KubernetesCache::send(const std::string& key, const std::string& claim) {
  Node data = Node::mapping({{kOutputsKey, Node::string(document::write_json(to_node(to_keep_.at(key))))}});
  if (data.find(kOutputsKey)->text().size() > kLongest) {
    to_keep_.erase(key);
    return;
  }
  if (!claim.empty()) data.set(kClaimKey, Node::string(claim));
  auto request = briefly(patient("POST", path_of(config_maps, name_space_), cache_object(key, data)));
  request.retry_for = keeping_.client().config().retry_for;
  keeping_.start(std::move(request), [this, key, data = std::move(data)](const kube::Reply& reply) mutable {
    to_keep_.erase(key);
    if (reply.status != 409) return;  // there now, or not kept: that costs time, not the run
    auto patch =
        briefly(patient_patch(path_of(config_maps, name_space_, name_of(key)), Node::mapping({{"data", std::move(data)}})));
    patch.retry_for = keeping_.client().config().retry_for;
    keeping_.start(std::move(patch), [](const kube::Reply&) {});
  });
}

void KubernetesCache::settle() {
  const auto deadline = std::chrono::steady_clock::now() + kGoodbye;
  auto& client = keeping_.client();
  while (keeping_.open() > 0 && std::chrono::steady_clock::now() < deadline) {
    client.run_once(deadline - std::chrono::steady_clock::now());
  }
}

}  // namespace kfrun::run
