#include "run/kubernetes_resource.h"

#include "run/kubernetes_objects.h"
#include "run/kubernetes_override.h"
#include "run/kubernetes_pod.h"
#include "run/task_scope.h"

namespace kfrun::run {

using document::Node;

namespace {

const kube::ResourceType& type_of(const pipeline::Task& task, const Node& manifest) {
  if (manifest.text_of("apiVersion") == "v1" && manifest.text_of("kind") == "PersistentVolumeClaim")
    return kube::types::persistent_volume_claims;
  throw make_error(ErrorKind::unsupported, "task {}: objects of kind {} are not made by tasks", task.name,
                   manifest.text_of("kind"));
}

// Members that a parameter left out.
void drop_nulls(Node& node) {
  if (node.is_sequence()) {
    for (auto& item : node.items()) drop_nulls(item);
  } else if (node.is_mapping()) {
    auto& members = node.members();
    members.erase(std::remove_if(members.begin(), members.end(), [](const auto& one) { return one.value.is_null(); }),
                  members.end());
    for (auto& member : members) drop_nulls(member.value);
  }
}

bool is_of_attempt(const Work& work, const RunContext& run, const Node& object) {
  const Node* label = object.find_path({"metadata", "labels", kRunLabel});
  const Node* path = object.find_path({"metadata", "annotations", kPathAnnotation});
  return label && label->text() == run.id && path && path->text() == work.id.instance;
}

}  // namespace

ResourceRequest resource_request(const Work& work, const RunContext& run) {
  const TaskPaths paths{};
  Node object = resolve_templates(work.task->manifest, task_scope(work, run, paths));
  drop_nulls(object);
  const auto& type = type_of(*work.task, object);
  const Node* given = object.find_path({"metadata", "name"});
  const std::string name = given ? given->text() : "";
  if (name.empty()) throw input_error(work.task->place, "task {}: its object has no name", work.task->name);
  if (work.task->removes) return {patient("DELETE", path_of(type, run.name_space, name)), name, {}};
  Node& metadata = object.child_mapping("metadata");
  const Node labels = run_labels(run.id);
  for (const auto& label : labels.members()) metadata.child_mapping("labels").set(label.key.text(), label.value);
  metadata.child_mapping("annotations").set(kPathAnnotation, Node::string(work.id.instance));
  return {patient("POST", path_of(type, run.name_space), object), name, object};
}

Outcome outcome_of_resource(const Work& work, const RunContext& run, const std::string& name, const kube::Reply& reply,
                            const Node& there) {
  Outcome outcome;
  outcome.started = system_clock().now();
  if (reply.ok() || (reply.status == 409 && is_of_attempt(work, run, there))) {
    for (const auto& output : work.task->outputs) outcome.outputs[output.name] = Value::string(name);
    return outcome;
  }
  outcome.failure = FailureClass::configuration;
  outcome.reason = reply.reason();
  outcome.message = reply.message();
  return outcome;
}

}  // namespace kfrun::run
