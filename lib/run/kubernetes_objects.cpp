#include "run/kubernetes_objects.h"

#include "document/writer.h"
#include "run/kubernetes_pod.h"

namespace kfrun::run {

using document::Node;

namespace {

constexpr auto kPatience = std::chrono::hours(24);

}  // namespace

std::string head_name(const std::string& run) { return "kfrun-" + run; }

Node run_labels(const std::string& run) {
  Node labels = Node::mapping({{"app.kubernetes.io/managed-by", Node::string("kfrun")}});
  if (!run.empty()) labels.set(kRunLabel, Node::string(label_value(run)));
  return labels;
}

Node owned_by(const std::string& name, const std::string& uid) {
  Node owners = Node::sequence();
  owners.push_back(Node::mapping({{"apiVersion", Node::string("v1")},
                                  {"kind", Node::string("ConfigMap")},
                                  {"name", Node::string(name)},
                                  {"uid", Node::string(uid)}}));
  return owners;
}

std::string version_of(const Node& object) {
  const Node* version = object.find_path({"metadata", "resourceVersion"});
  return version ? version->text() : std::string();
}

std::string uid_of(const Node& object) {
  const Node* uid = object.find_path({"metadata", "uid"});
  return uid ? uid->text() : std::string();
}

std::string run_selector(const std::string& run) { return fmt::format("{}={}", kRunLabel, label_value(run)); }

bool holds_finalizer(const Node& pod) {
  const Node* finalizers = pod.find_path({"metadata", "finalizers"});
  if (!finalizers || !finalizers->is_sequence()) return false;
  const auto& names = finalizers->items();
  return std::any_of(names.begin(), names.end(), [](const Node& name) { return name.text() == kFinalizer; });
}

kube::Request release_of_pod(const std::string& name_space, const std::string& pod) {
  const Node patch = Node::mapping(
      {{"metadata", Node::mapping({{"$deleteFromPrimitiveList/finalizers", Node::strings({std::string(kFinalizer)})}})}});
  return patient_patch(path_of(kube::types::pods, name_space, pod), patch, "application/strategic-merge-patch+json");
}

void throw_if_logged_out(const kube::Reply& reply) {
  const bool no_credentials = reply.status == 0 && reply.failure_kind == ErrorKind::denied;  // their plugin failed
  if (reply.status == 401 || no_credentials) throw_unless_ok(reply, "carrying the run");
}

kube::Request patient(std::string method, std::string path, const Node& body) {
  kube::Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  if (!body.is_null()) request.body = document::write_json(body);
  request.idempotent = true;
  request.any_fault = true;
  request.retry_for = kPatience;
  return request;
}

kube::Request urgent(kube::Request request) {
  request.urgent = true;
  return request;
}

kube::Request briefly(kube::Request request) {
  request.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
  return request;
}

kube::Request patient_patch(std::string path, const Node& patch, std::string content_type) {
  auto request = patient("PATCH", std::move(path), patch);
  request.content_type = std::move(content_type);
  return request;
}

}  // namespace kfrun::run
