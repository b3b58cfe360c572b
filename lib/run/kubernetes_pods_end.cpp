// How attempts end: outputs are read, pods are stopped or removed, results are let go once they are recorded.
#include "run/kubernetes_message.h"
#include "run/kubernetes_objects.h"
#include "run/kubernetes_pods.h"

namespace kfrun::run {

namespace {

using document::Node;
using std::chrono::seconds;

// Runtimes cut long lines into pieces of 8 or 16 KiB, which count as lines when the end of a log is asked for.
constexpr long long kLogLine = 4096;
constexpr auto kGoodbye = seconds(10);

bool has_sidecars(const Node& pod) {
  const Node* containers = pod.find_path({"spec", "containers"});
  return containers && containers->size() > 1;
}

std::string phase_of(const Node& pod) {
  const Node* phase = pod.find_path({"status", "phase"});
  return phase ? phase->text() : std::string();
}

void add_outputs(const pipeline::Task& task, const PodMessage& message, const std::string& lost, Outcome& outcome) {
  if (message.kind != PodMessage::Kind::outputs) {
    outcome.failure = FailureClass::infrastructure;
    outcome.reason = "OutputsLost";
    outcome.message = lost;
    return;
  }
  try {
    outcome.outputs = outputs_of_message(task, message);
  } catch (const Error& error) {
    outcome.failure = FailureClass::user;
    outcome.reason = "BadOutput";
    outcome.message = error.what();
    for (const auto& hint : error.hints()) outcome.message += "; " + hint;
  }
}

}  // namespace

void KubernetesExecutor::Pods::conclude(const std::string& name, const Node& pod, PodStatus status) {
  Attempt* attempt = find(name);
  if (!attempt || attempt->is_reading_log) return;
  const auto phase = phase_of(pod);
  if (phase != "Succeeded" && phase != "Failed") {
    // Containers beside the main one would run on; a pod that cannot begin would try for ever.
    if (!status.has_run) remove_pod(name);
    if (status.has_run && has_sidecars(pod) && !status.terminating) stop_containers(name);
  }
  if (status.outcome.failure != FailureClass::none || !attempt->plan.has_launcher) return end(name, std::move(status.outcome));
  read_outputs(name, std::move(status.outcome), status.termination_text);
}

void KubernetesExecutor::Pods::read_outputs(const std::string& name, Outcome outcome, std::string_view termination_text) {
  const Attempt* attempt = find(name);
  const auto message = read_termination_message(termination_text);
  if (message.kind == PodMessage::Kind::logged) return read_log(name, std::move(outcome), message.size);
  add_outputs(*attempt->work.task, message, "its outputs did not arrive whole", outcome);
  end(name, std::move(outcome));
}

// Outputs that were too long for the termination message.
void KubernetesExecutor::Pods::read_log(const std::string& name, Outcome outcome, long long size) {
  Attempt* attempt = find(name);
  attempt->is_reading_log = true;
  kube::LogOptions options;
  options.container = kMainContainer;
  options.tail_lines = size / kLogLine + 2;
  requests_.start(patient("GET", kube::log_path(run_.name_space, name, options)),
                  [this, name, outcome = std::move(outcome)](const kube::Reply& reply) mutable {
                    const Attempt* found = find(name);
                    if (!found) return;
                    const auto message = reply.ok() ? read_log_message(reply.body.text()) : PodMessage{};
                    const std::string lost = "its outputs, too long for a termination message, could not be read from its log";
                    add_outputs(*found->work.task, message, reply.ok() ? lost : lost + ": " + reply.message(), outcome);
                    end(name, std::move(outcome));
                  });
}

void KubernetesExecutor::Pods::end(const std::string& name, Outcome outcome) {
  const auto found = attempts_.find(name);
  if (found == attempts_.end()) return;
  const Attempt& attempt = found->second;
  if (attempt.is_cancelled && outcome.failure != FailureClass::none) {
    outcome.failure = FailureClass::stopped;
    outcome.reason.clear();
    outcome.message.clear();
  }
  if (outcome.pod.empty() && attempt.is_created) outcome.pod = name;
  if (attempt.work.task->once && attempt.is_created) held_.push_back(name);
  events_.push_back(AttemptEnded{attempt.work.id, system_clock().now(), std::move(outcome)});
  leave_place(found->second);
  attempts_.erase(found);
}

void KubernetesExecutor::Pods::end_badly(const std::string& name, FailureClass failure, std::string reason, std::string message) {
  Outcome outcome;
  outcome.failure = failure;
  outcome.reason = std::move(reason);
  outcome.message = std::move(message);
  end(name, std::move(outcome));
}

void KubernetesExecutor::Pods::cancel(const AttemptId& id) {
  const auto name = pod_name(run_.id, id);
  Attempt* attempt = find(name);
  if (!attempt || std::exchange(attempt->is_cancelled, true)) return;
  if (!attempt->is_begun && !attempt->is_adopted) return end_badly(name, FailureClass::stopped, "", "");
  if (attempt->is_created) cancel_pod(name);
  insist_on_end(name);
}

// A pod that has not begun is removed; one that has keeps its log.
void KubernetesExecutor::Pods::cancel_pod(const std::string& name) {
  const Attempt* attempt = find(name);
  if (attempt && attempt->is_told_running) return stop_containers(name);
  // What has no image or no node has nothing to end gracefully.
  const bool is_far = attempt && (attempt->phase == PodPhase::image_problem || attempt->phase == PodPhase::unschedulable);
  is_far ? remove_pod(name, std::chrono::seconds(1)) : remove_pod(name);
}

// A deadline that is over ends the containers, gracefully, and leaves the pod.
void KubernetesExecutor::Pods::stop_containers(const std::string& name) {
  Node patch = Node::mapping({{"spec", Node::mapping({{"activeDeadlineSeconds", Node::integer(1)}})}});
  const Attempt* attempt = find(name);
  if (attempt && !attempt->is_cancelled) {
    patch.set("metadata", Node::mapping({{"annotations", Node::mapping({{kFinishedAnnotation, Node::string("true")}})}}));
  }
  requests_.start(patient_patch(path_of_pod(name), patch), [this, name](const kube::Reply& reply) {
    if (!reply.ok() && reply.status != 404) remove_pod(name);
  });
}

void KubernetesExecutor::Pods::remove_pod(const std::string& name, std::optional<std::chrono::seconds> grace) {
  const auto options = Node::mapping({{"apiVersion", Node::string("v1")},
                                      {"kind", Node::string("DeleteOptions")},
                                      {"gracePeriodSeconds", Node::integer(grace ? grace->count() : 0)}});
  requests_.start(patient("DELETE", path_of_pod(name), grace ? options : Node()), [](const kube::Reply&) {});
}

// Nodes can be out of reach: nobody waits for them for ever. A pod whose POST is not answered yet may still come to be.
void KubernetesExecutor::Pods::insist_on_end(const std::string& name) {
  at(options_.pod.grace + options_.kubelet_delay, [this, name] {
    const Attempt* attempt = find(name);
    if (!attempt) return;
    if (!attempt->is_created) return insist_on_end(name);
    remove_pod(name);
    at(options_.pod.grace + options_.kubelet_delay, [this, name] {
      if (find(name)) end_badly(name, FailureClass::stopped, "", "");
    });
  });
}

// What the last wait() told has been recorded by now.
void KubernetesExecutor::Pods::release() {
  for (const auto& name : std::exchange(to_release_, {})) {
    requests_.start(release_of_pod(run_.name_space, name), [](const kube::Reply&) {});
  }
}

// An earlier process recorded the end of the run and did not come to this.
void KubernetesExecutor::Pods::release_all() {
  for (const auto& pod : requests_.client().list(kube::types::pods, run_.name_space, run_selector(run_.id))) {
    if (holds_finalizer(pod)) to_release_.push_back(pod.find_path({"metadata", "name"})->text());
  }
}

// What an earlier process asked for came when its attempt was given up, and perhaps after the watch was last heard of.
void KubernetesExecutor::Pods::remove_strays() {
  const auto query = kube::encode_query({{"labelSelector", run_selector(run_.id) + "," + std::string(kTaskLabel)},
                                         {"fieldSelector", "status.phase!=Succeeded,status.phase!=Failed"}});
  kube::Request request;
  request.path = path_of(kube::types::pods, run_.name_space) + query;
  requests_.start(std::move(request), [this](const kube::Reply& reply) {
    const Node* pods = reply.ok() ? reply.body.find("items") : nullptr;
    if (!pods || !pods->is_sequence()) return;
    for (const auto& pod : pods->items()) {
      const auto status = classify_pod(pod, false);
      if (status.phase != PodPhase::ended && !status.terminating) remove_pod(pod.find_path({"metadata", "name"})->text());
    }
  });
}

void KubernetesExecutor::Pods::finish() {
  remove_strays();
  if (!watch_) release_all();
  to_release_.insert(to_release_.end(), held_.begin(), held_.end());
  held_.clear();
  release();
  const auto deadline = Steady::now() + kGoodbye;
  while (requests_.open() > 0 && Steady::now() < deadline) requests_.client().run_once(deadline - Steady::now());
}

}  // namespace kfrun::run
