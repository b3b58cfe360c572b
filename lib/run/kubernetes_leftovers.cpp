#include "run/kubernetes_leftovers.h"

#include <map>

#include "base/digest.h"
#include "base/text.h"
#include "run/kubernetes_lease.h"
#include "run/kubernetes_objects.h"
#include "run/kubernetes_pod.h"
#include "run/kubernetes_record_store.h"
#include "run/kubernetes_status.h"

namespace kfrun::run {

namespace {

using document::Node;
namespace types = kube::types;

// A run that is being created has no plan yet.
constexpr auto kBirth = std::chrono::minutes(10);

std::string text_at(const Node& object, std::initializer_list<std::string_view> path) {
  const Node* found = object.find_path(path);
  return found ? found->text() : std::string();
}

std::string label_of(const Node& object, std::string_view label) { return text_at(object, {"metadata", "labels", label}); }

class Search {
 public:
  Search(kube::Client& client, const std::string& name_space)
      : client_(client), name_space_(name_space), store_(client, name_space) {}

  std::vector<Leftover> run() {
    // First what runs have, then the runs: what is new by then is not taken for something that its run left.
    const auto pods = client_.list(types::pods, name_space_, std::string(kRunLabel));
    const auto maps = client_.list(types::config_maps, name_space_, std::string(kRunLabel));
    const auto leases = client_.list(types::leases, name_space_, std::string(kRunLabel));
    Diagnostics faults;
    for (const auto& head : store_.list(faults)) look_at_run(head);
    // Also of those whose head cannot be read nothing is taken away.
    for (const auto& map : maps) {
      if (label_of(map, kKindLabel) == "run") runs_.try_emplace(label_of(map, kRunLabel), false);
    }
    for (const auto& pod : pods) look_at_pod(pod);
    for (const auto& map : maps) {
      if (label_of(map, kKindLabel) != "run" && !has_run(map)) add(types::config_maps, map, "its run is gone");
    }
    for (const auto& lease : leases) {
      if (!has_run(lease)) {
        add(types::leases, lease, "its run is gone");
      } else if (has_ended(lease)) {
        add(types::leases, lease, "its run has ended");
      }
    }
    return std::move(found_);
  }

 private:
  void look_at_run(const RunHead& head) {
    std::vector<RecordEntry> entries;
    try {
      entries = store_.entries(head.id);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) throw;
      return;  // of a record that cannot be read nothing is taken away
    }
    const bool has_ended = is_final(summarise(head, entries).state);
    runs_[label_value(head.id)] = has_ended && !is_lease_held(client_, name_space_, head.id).value_or(false);
    if (!entries.empty() || system_clock().now() - head.created < kBirth) return;
    try {
      store_.pipeline(head.id);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::failed) throw;
      const auto object = client_.get(types::config_maps, name_space_, head_name(head.id));
      if (object.ok()) add(types::config_maps, object.body, "it never began: its plan is not whole");
    }
  }

  void look_at_pod(const Node& pod) {
    if (holds_finalizer(pod) && (!has_run(pod) || has_ended(pod))) {
      add(types::pods, pod, "it waits to be recorded, but its run has ended", Leftover::Kind::finalizer);
    }
    if (!has_run(pod)) return add(types::pods, pod, "its run is gone");
    // It was asked for when its kfrun was killed, and came late.
    const auto status = classify_pod(pod, false);
    if (has_ended(pod) && status.phase != PodPhase::ended && !status.terminating)
      add(types::pods, pod, "it has not ended, but its run has");
  }

  bool has_run(const Node& object) const { return runs_.count(label_of(object, kRunLabel)) > 0; }
  bool has_ended(const Node& object) const {
    const auto run = runs_.find(label_of(object, kRunLabel));
    return run != runs_.end() && run->second;
  }

  void add(const kube::ResourceType& type, const Node& object, std::string why, Leftover::Kind kind = Leftover::Kind::object) {
    const auto name = text_at(object, {"metadata", "name"});
    found_.push_back({kind, type, name_space_, name, uid_of(object), to_lower(type.kind) + "/" + name, std::move(why)});
  }

  kube::Client& client_;
  const std::string name_space_;
  KubernetesRecordStore store_;
  std::map<std::string, bool> runs_;  // by label; whether it has ended, and nobody carries it
  std::vector<Leftover> found_;
};

}  // namespace

std::vector<Leftover> find_leftovers(kube::Client& client, const std::string& name_space) {
  return Search(client, name_space).run();
}

void remove_leftover(kube::Client& client, const Leftover& leftover) {
  const bool is_finalizer = leftover.kind == Leftover::Kind::finalizer;
  const auto reply = is_finalizer
                         ? client.send(release_of_pod(leftover.name_space, leftover.object))
                         : client.remove(leftover.type, leftover.name_space, leftover.object,
                                         Node::mapping({{"apiVersion", Node::string("v1")},
                                                        {"kind", Node::string("DeleteOptions")},
                                                        {"preconditions", Node::mapping({{"uid", Node::string(leftover.uid)}})},
                                                        {"propagationPolicy", Node::string("Background")}}));
  if (reply.status != 404 && reply.status != 409) throw_unless_ok(reply, "removing " + leftover.name);
}

}  // namespace kfrun::run
