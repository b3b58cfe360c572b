// Verdicts over pods as a real cluster showed them (testdata/pods).
#include "run/kubernetes_status.h"

#include "base/files.h"
#include "base/test.h"
#include "document/reader.h"
#include "run/kubernetes_pod.h"

namespace kfrun::run {

namespace {

using document::Node;

Node pod_named(const std::string& name) {
  const auto path = testdata("pods/" + name + ".json");
  return document::read_json(disk().read(path), path);
}

PodStatus status_of(const std::string& name, bool has_launcher = false) { return classify_pod(pod_named(name), has_launcher); }

void check_ended(const std::string& name, FailureClass failure, const std::string& reason, const std::string& words,
                 bool has_launcher = false) {
  INFO(name);
  const auto status = status_of(name, has_launcher);
  CHECK(status.phase == PodPhase::ended);
  CHECK(status.outcome.failure == failure);
  CHECK(status.outcome.reason == reason);
  CHECK_THAT(status.outcome.message, ContainsSubstring(words));
}

}  // namespace

TEST_CASE("a pod that has ended well") {
  const auto status = status_of("succeeded", true);
  CHECK(status.phase == PodPhase::ended);
  CHECK(status.outcome.failure == FailureClass::none);
  CHECK(status.outcome.exit_code == 0);
  CHECK(status.outcome.host == "127.0.0.1");
  CHECK_THAT(status.outcome.pod, ContainsSubstring("double"));
  CHECK(to_rfc3339(status.outcome.started).starts_with("2026-"));
  CHECK_THAT(status.termination_text, ContainsSubstring("kfrun1 "));
}

TEST_CASE("pods that have not ended") {
  auto status = status_of("creating");
  CHECK(status.phase == PodPhase::waiting);
  CHECK(status.news.empty());
  CHECK_FALSE(status.has_run);
  status = status_of("running");
  CHECK(status.phase == PodPhase::running);
  CHECK(status.has_run);
  CHECK(status.outcome.started > TimePoint{});
  status = status_of("deleted-running");
  CHECK(status.phase == PodPhase::running);
  CHECK(status.terminating);
  status = status_of("unschedulable");
  CHECK(status.phase == PodPhase::unschedulable);
  CHECK_THAT(status.news, ContainsSubstring("0/1 nodes are available: 1 Insufficient cpu."));
  CHECK(status.outcome.failure == FailureClass::unschedulable);
  status = status_of("gated");
  CHECK(status.phase == PodPhase::waiting);
  CHECK_THAT(status.news, ContainsSubstring("queued"));
  status = status_of("image-absent");
  CHECK(status.phase == PodPhase::image_problem);
  CHECK_THAT(status.news, ContainsSubstring("local.test/absent:1"));
  CHECK(status.outcome.failure == FailureClass::image_pull);
}

TEST_CASE("a node that pulls too much at once has no trouble with the image") {
  Node pod = pod_named("image-absent");
  pod.find_path({"status", "containerStatuses"})
      ->items()[0]
      .find_path({"state", "waiting"})
      ->set("message", Node::string("pull QPS exceeded"));
  CHECK(classify_pod(pod, false).phase == PodPhase::waiting);
}

TEST_CASE("failures of the user's") {
  check_ended("exit-code", FailureClass::user, "", "no such table");
  CHECK(status_of("exit-code").outcome.exit_code == 3);
  check_ended("out-of-memory", FailureClass::user, "OOMKilled", "its limit of 32Mi");
  check_ended("deadline", FailureClass::user, "DeadlineExceeded", "within 3.0s");
  check_ended("init-failed", FailureClass::user, "Error", "its container fetch failed with exit code 4");
  check_ended("output-missing", FailureClass::user, "OutputMissing", "output x", true);
}

TEST_CASE("failures that another try would not mend") {
  check_ended("invalid-image-name", FailureClass::configuration, "InvalidImageName", "UPPER CASE");
  check_ended("secret-absent", FailureClass::configuration, "CreateContainerConfigError", "secret \"absent\" not found");
  check_ended("start-error", FailureClass::configuration, "StartError", "exec: \"no-such-program\"");
  check_ended("launcher-cannot-start", FailureClass::configuration, "CannotStart", "'no-such-program' is not in the image", true);
}

TEST_CASE("the launcher's codes are the command's own where there is no launcher, or no word of it") {
  CHECK(status_of("launcher-cannot-start", false).outcome.failure == FailureClass::user);
  Node pod = pod_named("launcher-cannot-start");
  pod.find_path({"status", "containerStatuses"})
      ->items()[0]
      .find_path({"state", "terminated"})
      ->set("message", Node::string("exit 65, says the command"));
  const auto outcome = classify_pod(pod, true).outcome;
  CHECK(outcome.failure == FailureClass::user);
  CHECK(outcome.exit_code == 65);
}

TEST_CASE("failures of nobody's") {
  check_ended("evicted-by-kubelet", FailureClass::infrastructure, "Evicted", "exceeds the limit");
  check_ended("evicted-by-api", FailureClass::infrastructure, "EvictionByEvictionAPI", "evicting");
  check_ended("deleted-killed", FailureClass::infrastructure, "Deleted", "deleted while it ran");
  check_ended("deleted-exit-0", FailureClass::infrastructure, "Deleted", "deleted while it ran");
  CHECK(lost_pod("x").failure == FailureClass::infrastructure);
}

TEST_CASE("a command that ended before its pod was deleted has ended as it did") {
  Node pod = pod_named("exit-code");
  pod.find("metadata")->set("deletionTimestamp", Node::string("2099-01-01T00:00:10Z"));
  pod.find("metadata")->set("deletionGracePeriodSeconds", Node::integer(10));
  CHECK(classify_pod(pod, false).outcome.failure == FailureClass::user);
  CHECK(classify_pod(pod, false).terminating);
}

TEST_CASE("the main container decides, whatever runs beside it") {
  auto status = status_of("sidecar-runs-on", true);
  CHECK(status.phase == PodPhase::ended);
  CHECK(status.outcome.failure == FailureClass::none);
  Node pod = pod_named("sidecar-stopped");
  for (const auto* name : {"deletionTimestamp", "deletionGracePeriodSeconds"}) pod.find("metadata")->remove(name);
  CHECK(classify_pod(pod, true).outcome.reason == "DeadlineExceeded");
  pod.find("metadata")->set("annotations", Node::mapping({{kFinishedAnnotation, Node::string("true")}}));
  CHECK(classify_pod(pod, true).outcome.failure == FailureClass::none);
}

TEST_CASE("refusals that may pass are no failures") {
  CHECK(classify_refusal(403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: q, requested: pods=1") == std::nullopt);
  CHECK(classify_refusal(409, "Conflict", "Operation cannot be fulfilled on resourcequotas \"q\"") == std::nullopt);
  CHECK(classify_refusal(429, "TooManyRequests", "") == std::nullopt);
  CHECK(classify_refusal(500, "InternalError", "etcdserver: leader changed") == std::nullopt);
  CHECK(classify_refusal(403, "Forbidden", "violates PodSecurity") == FailureClass::configuration);
  CHECK(classify_refusal(422, "Invalid", "spec.containers[0].image: Required value") == FailureClass::configuration);
  CHECK(classify_refusal(404, "NotFound", "namespaces \"x\" not found") == FailureClass::configuration);
}

}  // namespace kfrun::run
