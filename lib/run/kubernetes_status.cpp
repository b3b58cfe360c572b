#include "run/kubernetes_status.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "run/kubernetes_message.h"
#include "run/kubernetes_pod.h"

namespace kfrun::run {

namespace {

using document::Node;

constexpr int kFirstLauncherCode = 64;
constexpr int kLastLauncherCode = 69;

// What the kubelet and the controllers write when a pod is taken away or turned down at the node, through no fault of its own.
constexpr std::array<std::string_view, 10> kDisruptions{
    "Evicted",           "NodeShutdown",         "Shutdown",     "Terminated",
    "NodeLost",          "Preempting",           "NodeAffinity", "UnexpectedAdmissionError",
    "NodeAffinityUnmet", "TopologyAffinityError"};
// Waiting reasons of containers.
constexpr std::array<std::string_view, 4> kPullTroubles{"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable",
                                                        "SignatureValidationFailed"};
constexpr std::array<std::string_view, 4> kHopeless{"InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
                                                    "CreateContainerConfigError"};
// Reasons of a container that ended before its command began.
constexpr std::array<std::string_view, 4> kNeverBegan{"StartError", "ContainerCannotRun", "RunContainerError",
                                                      "CreateContainerError"};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

const Node* item_named(const Node* list, std::string_view key, std::string_view name) {
  if (!list || !list->is_sequence()) return nullptr;
  for (const auto& item : list->items()) {
    if (item.text_of(key) == name) return &item;
  }
  return nullptr;
}

std::optional<TimePoint> time_at(const Node& node, std::string_view key) { return parse_rfc3339(node.text_of(key)); }

// One pod, looked at once.
class Pod {
 public:
  Pod(const Node& pod, bool has_launcher)
      : pod_(pod), has_launcher_(has_launcher), phase_(text({"status", "phase"})), reason_(text({"status", "reason"})) {
    main_ = item_named(pod.find_path({"status", "containerStatuses"}), "name", kMainContainer);
    if (main_) terminated_ = main_->find_path({"state", "terminated"});
  }

  PodStatus status() const {
    PodStatus status;
    status.terminating = pod_.find_path({"metadata", "deletionTimestamp"}) != nullptr;
    if (terminated_ || phase_ == "Failed" || phase_ == "Succeeded") {
      status.phase = PodPhase::ended;
      status.outcome = outcome();
      if (terminated_) status.termination_text = terminated_->text_of("message");
    } else if (main_ && main_->find_path({"state", "running"})) {
      status.phase = PodPhase::running;
      status.outcome.started = parse_rfc3339(main_->find_path({"state", "running"})->text_of("startedAt")).value_or(TimePoint{});
    } else {
      describe_waiting(status);
    }
    status.has_run = terminated_ != nullptr || status.phase == PodPhase::running;
    status.outcome.pod = text({"metadata", "name"});
    status.outcome.host = text({"spec", "nodeName"});
    return status;
  }

 private:
  std::string text(std::initializer_list<std::string_view> path) const {
    const Node* found = pod_.find_path(path);
    return found ? found->text() : std::string();
  }

  const Node* condition(std::string_view type, std::string_view value) const {
    const Node* found = item_named(pod_.find_path({"status", "conditions"}), "type", type);
    return found && found->text_of("status") == value ? found : nullptr;
  }

  static Outcome failed(FailureClass failure, std::string reason, std::string message) {
    Outcome outcome;
    outcome.failure = failure;
    outcome.reason = std::move(reason);
    outcome.message = std::move(message);
    return outcome;
  }

  // When somebody began to take the pod away.
  std::optional<TimePoint> disrupted_at() const {
    const Node* metadata = pod_.find("metadata");
    if (const auto deleted = metadata ? time_at(*metadata, "deletionTimestamp") : std::nullopt) {
      const Node* grace = metadata->find("deletionGracePeriodSeconds");
      return *deleted - std::chrono::seconds(grace ? grace->as_integer().value_or(0) : 0);
    }
    if (const Node* target = disruption()) return time_at(*target, "lastTransitionTime").value_or(TimePoint{});
    return std::nullopt;
  }

  const Node* disruption() const {
    const Node* target = condition("DisruptionTarget", "True");
    return target ? target : condition("TerminationTarget", "True");  // Kueue's
  }

  Outcome outcome_of_disruption() const {
    if (const Node* target = disruption()) {
      return failed(FailureClass::infrastructure, target->text_of("reason", "Disrupted"), target->text_of("message"));
    }
    if (!reason_.empty()) return failed(FailureClass::infrastructure, reason_, text({"status", "message"}));
    return failed(FailureClass::infrastructure, "Deleted", "the pod was deleted while it ran");
  }

  // Whether the command ended because the pod was taken away, though it may have said that all is well. Times have seconds: what
  // ended within the second in which it was told to is taken to have ended from it.
  bool ended_by_disruption() const {
    const auto disrupted = disrupted_at();
    const auto finished = time_at(*terminated_, "finishedAt");
    if (!disrupted || !finished) return disrupted.has_value();
    return *finished >= *disrupted;
  }

  Outcome outcome() const {
    Outcome outcome;
    const auto code =
        terminated_
            ? static_cast<int>(terminated_->find("exitCode") ? terminated_->find("exitCode")->as_integer().value_or(0) : 0)
            : 0;
    const bool is_finished = !text({"metadata", "annotations", kFinishedAnnotation}).empty();
    if (phase_ == "Failed" && reason_ == "DeadlineExceeded" && !is_finished) {
      outcome = outcome_of_deadline();
    } else if (phase_ == "Failed" && (is_one_of(reason_, kDisruptions) || reason_.starts_with("OutOf"))) {
      outcome = outcome_of_disruption();
    } else if (!terminated_) {
      outcome = phase_ == "Failed" ? outcome_without_command() : Outcome{};
    } else if (ended_by_disruption()) {
      outcome = outcome_of_disruption();
    } else if (code != 0) {
      outcome = outcome_of_exit(code);
    }
    outcome.exit_code = code;
    if (terminated_) outcome.started = time_at(*terminated_, "startedAt").value_or(TimePoint{});
    return outcome;
  }

  Outcome outcome_of_deadline() const {
    const auto limit = text({"spec", "activeDeadlineSeconds"});
    const auto seconds = parse_integer(limit);
    return failed(FailureClass::user, "DeadlineExceeded",
                  seconds ? fmt::format("it did not end within {}", kfrun::to_string(std::chrono::seconds(*seconds)))
                          : "it did not end in time");
  }

  // The pod failed, and the command never ran: turned down, evicted early, or another container failed before.
  Outcome outcome_without_command() const {
    if (disrupted_at()) return outcome_of_disruption();
    const Node* early = pod_.find_path({"status", "initContainerStatuses"});
    if (early && early->is_sequence()) {
      for (const auto& item : early->items()) {
        const Node* ended = item.find_path({"state", "terminated"});
        if (!ended || ended->text_of("exitCode") == "0") continue;
        return failed(FailureClass::user, ended->text_of("reason"),
                      fmt::format("its container {} failed with exit code {}", item.text_of("name"), ended->text_of("exitCode")));
      }
    }
    return failed(FailureClass::infrastructure, reason_.empty() ? "PodFailed" : reason_, text({"status", "message"}));
  }

  Outcome outcome_of_exit(int code) const {
    const std::string why = terminated_->text_of("reason");
    const std::string words = terminated_->text_of("message");
    if (why == "OOMKilled") return failed(FailureClass::user, why, out_of_memory());
    if (is_one_of(why, kNeverBegan)) return failed(FailureClass::configuration, why, trim_runtime(words));
    if (why == "ContainerStatusUnknown") {
      return failed(FailureClass::infrastructure, why, "the node lost sight of the container");
    }
    if (has_launcher_ && code >= kFirstLauncherCode && code <= kLastLauncherCode) {
      const auto message = read_termination_message(words);
      if (message.kind == PodMessage::Kind::failure)
        return failed(class_of_launcher(message.reason), message.reason, message.text);
    }
    return failed(FailureClass::user, why == "Error" ? "" : why, last_line(words));
  }

  std::string out_of_memory() const {
    const Node* container = item_named(pod_.find_path({"spec", "containers"}), "name", kMainContainer);
    const Node* limit = container ? container->find_path({"resources", "limits", "memory"}) : nullptr;
    return limit ? fmt::format("it used more memory than its limit of {}", limit->text()) : "the node ran out of memory";
  }

  // A missing output is the command's own fault and may come with the next try; the rest cannot or need not be helped by it.
  static FailureClass class_of_launcher(std::string_view reason) {
    if (reason == "OutputMissing" || reason == "OutputUnusable") return FailureClass::user;
    if (reason == "InputMissing" || reason == "StoreFailed") return FailureClass::infrastructure;
    return FailureClass::configuration;
  }

  // "failed to create containerd task: ...: exec: \"x\": executable file not found in $PATH: unknown": the end says it.
  static std::string trim_runtime(const std::string& words) {
    const auto at = words.find("exec: ");
    return at == std::string::npos ? words : words.substr(at);
  }

  void describe_waiting(PodStatus& status) const {
    if (const Node* unscheduled = condition("PodScheduled", "False")) {
      const auto why = unscheduled->text_of("reason");
      status.news = unscheduled->text_of("message", why);
      if (why == "SchedulingGated") status.news = "queued: " + status.news;
      if (why != "Unschedulable") return;
      status.phase = PodPhase::unschedulable;
      status.outcome = failed(FailureClass::unschedulable, why, status.news);
      return;
    }
    for (const auto* list : {"initContainerStatuses", "containerStatuses"}) {
      const Node* containers = pod_.find_path({"status", list});
      if (!containers || !containers->is_sequence()) continue;
      for (const auto& container : containers->items()) {
        const Node* waiting = container.find_path({"state", "waiting"});
        if (waiting && describe_container(container, *waiting, status)) return;
      }
    }
  }

  // Whether there is something to tell.
  bool describe_container(const Node& container, const Node& waiting, PodStatus& status) const {
    const auto why = waiting.text_of("reason");
    const auto words = waiting.text_of("message", why);
    const auto image = container.text_of("image");
    if (is_one_of(why, kHopeless) || (why == "CreateContainerError" && words.find("no command specified") != std::string::npos)) {
      status.phase = PodPhase::ended;
      status.outcome = failed(FailureClass::configuration, why, words);
      return true;
    }
    if (is_one_of(why, kPullTroubles)) {
      if (words.find("pull QPS exceeded") != std::string::npos) return false;  // the node has many to pull; it goes on by itself
      status.phase = PodPhase::image_problem;
      status.news = fmt::format("image {}: {}", image, words);
      status.outcome = failed(FailureClass::image_pull, why, status.news);
      return true;
    }
    if (why == "CreateContainerError") status.news = words;
    return why == "CreateContainerError";
  }

  const Node& pod_;
  const bool has_launcher_;
  const std::string phase_, reason_;
  const Node* main_ = nullptr;        // status of the main container
  const Node* terminated_ = nullptr;  // its state, once it has ended
};

}  // namespace

PodStatus classify_pod(const Node& pod, bool has_launcher) { return Pod(pod, has_launcher).status(); }

std::optional<FailureClass> classify_refusal(int status, std::string_view reason, std::string_view message) {
  if (status == 429 || status >= 500 || status < 400) return std::nullopt;
  if (status == 403 && message.find("exceeded quota") != message.npos) return std::nullopt;
  if (status == 409 && reason != "AlreadyExists") return std::nullopt;  // somebody else changed the quota at the same time
  return FailureClass::configuration;
}

Outcome lost_pod(const std::string& pod) {
  Outcome outcome;
  outcome.failure = FailureClass::infrastructure;
  outcome.reason = "PodLost";
  outcome.message = fmt::format("pod {} was gone before its result was recorded", pod);
  outcome.pod = pod;
  return outcome;
}

}  // namespace kfrun::run
