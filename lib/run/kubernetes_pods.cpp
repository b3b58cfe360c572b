// From a start to a pod, and what is seen of it. The end is in kubernetes_pods_end.cpp.
#include "run/kubernetes_pods.h"

#include <algorithm>

#include "base/text.h"
#include "run/kubernetes_objects.h"
#include "run/kubernetes_resource.h"
#include "run/kubernetes_room.h"

namespace kfrun::run {

namespace {

using document::Node;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto kTryAgain = seconds(5);    // a POST that quota turned down
constexpr auto kLongStart = seconds(15);  // a pod that has a node and does not begin within that
constexpr auto kAskAgain = minutes(1);
constexpr auto kAskInterval = seconds(5);
constexpr std::size_t kAskForMost = 20;  // in that time: the server looks through all events for each
constexpr auto kAuditInterval = seconds(15);
constexpr auto kUnwatchedFor = seconds(10);  // a new pod that the watch has not told of is looked at
constexpr auto kUnseenFor = minutes(5);      // then a pod is looked at, whatever the watch says
// More than the client has on its way at once, so that one is always ready to be sent.
constexpr std::size_t kBeginAtOnce = 150;

std::string words_of(const Error& error) {
  std::string text = error.what();
  for (const auto& hint : error.hints()) text += "; " + hint;
  return text;
}

std::string annotation_of(const Node& object, std::string_view name) {
  const Node* found = object.find_path({"metadata", "annotations", name});
  return found ? found->text() : std::string();
}

std::string name_of(const Node& object) {
  const Node* name = object.find_path({"metadata", "name"});
  return name ? name->text() : std::string();
}

// Versions of one object grow; 0 where they are no numbers.
long long age_of(const Node& object) { return parse_integer(version_of(object)).value_or(0); }

}  // namespace

KubernetesExecutor::Pods::Pods(kube::Client& client, RunContext run, KubernetesOptions options)
    : run_(std::move(run)), options_(std::move(options)), requests_(client), provision_(requests_, run_, options_) {
  at(kAuditInterval, [this] { audit(); });
  at(kAskInterval, [this] { ask_why_they_wait(); });
}

KubernetesExecutor::Pods::~Pods() {
  if (watch_) requests_.client().cancel(*watch_);
}

KubernetesExecutor::Pods::Attempt* KubernetesExecutor::Pods::find(const std::string& name) {
  const auto found = attempts_.find(name);
  return found == attempts_.end() ? nullptr : &found->second;
}

std::string KubernetesExecutor::Pods::path_of_pod(const std::string& name) const {
  return path_of(kube::types::pods, run_.name_space, name);
}

void KubernetesExecutor::Pods::start(const Work& work, bool is_adopted) {
  const auto name = pod_name(run_.id, work.id);
  const auto [attempt, is_new] = attempts_.try_emplace(name);
  if (!is_new) return;
  attempt->second.work = work;
  attempt->second.is_adopted = is_adopted;
  watch();
  to_begin_.push_back(name);
  begin_more();
}

void KubernetesExecutor::Pods::begin_more() {
  while (beginning_ < kBeginAtOnce && !to_begin_.empty()) {
    const auto name = std::move(to_begin_.front());
    to_begin_.pop_front();
    Attempt* attempt = find(name);
    if (!attempt) continue;
    attempt->is_begun = attempt->has_place = true;
    ++beginning_;
    provision_.learn([this, name](const std::optional<Outcome>&) { plan(name); });
  }
}

void KubernetesExecutor::Pods::leave_place(Attempt& attempt) {
  if (std::exchange(attempt.has_place, false)) --beginning_;
  attempt.plan.pod = {};
  attempt.plan.plan_config_map = {};
}

void KubernetesExecutor::Pods::note_created(Attempt& attempt) {
  if (std::exchange(attempt.is_created, true)) return;
  attempt.ask_at = Steady::now() + kLongStart;
  leave_place(attempt);
}

void KubernetesExecutor::Pods::plan(const std::string& name) {
  Attempt* attempt = find(name);
  if (!attempt) return;
  if (attempt->work.task->kind == pipeline::TaskKind::resource) return request_resource(name);
  if (watch_fault_) return end_badly(name, FailureClass::configuration, "CannotWatch", words_of(*watch_fault_));
  try {
    attempt->plan = plan_pod(attempt->work, run_, options_.pod);
  } catch (const Error& error) {
    return end_badly(name, FailureClass::configuration, "CannotStart", words_of(error));
  }
  bring_what_it_needs(name);
}

// A task without a pod. What an earlier process made for the same attempt is taken for its own.
void KubernetesExecutor::Pods::request_resource(const std::string& name) {
  const Attempt* attempt = find(name);
  ResourceRequest made;
  try {
    made = resource_request(attempt->work, run_);
  } catch (const Error& error) {
    return end_badly(name, FailureClass::configuration, "CannotStart", words_of(error));
  }
  const std::string path = path_of(kube::types::persistent_volume_claims, run_.name_space, made.name);
  requests_.start(std::move(made.request), [this, name, path, object = made.name](const kube::Reply& reply) {
    const Attempt* asked = find(name);
    if (!asked) return;
    throw_if_logged_out(reply);
    if (reply.status != 409) return end(name, outcome_of_resource(asked->work, run_, object, reply, {}));
    requests_.start(patient("GET", path), [this, name, object, reply](const kube::Reply& there) {
      const Attempt* waiting = find(name);
      if (waiting) end(name, outcome_of_resource(waiting->work, run_, object, reply, there.ok() ? there.body : Node()));
    });
  });
}

void KubernetesExecutor::Pods::bring_what_it_needs(const std::string& name) {
  const auto claim = [this, name](const std::optional<Outcome>& problem) {
    if (problem) return end(name, *problem);
    Attempt* attempt = find(name);
    if (!attempt) return;
    if (!attempt->plan.needs_artifacts) return bring_plan(name);
    provision_.claim([this, name](const std::optional<Outcome>& refused) {
      if (refused) return end(name, *refused);
      bring_plan(name);
    });
  };
  const Attempt* attempt = find(name);
  const auto launcher = [this, name, claim](const std::optional<Outcome>& problem) {
    const Attempt* waiting = find(name);
    if (problem || !waiting || !waiting->plan.has_launcher) return claim(problem);
    provision_.launcher(waiting->plan.architecture, claim);
  };
  const auto runtime = [this, name, launcher](const std::optional<Outcome>& problem) {
    const Attempt* waiting = find(name);
    if (problem || !waiting || !waiting->plan.needs_kfp_runtime) return launcher(problem);
    provision_.kfp_runtime(launcher);
  };
  if (!attempt->plan.needs_workspace) return runtime(std::nullopt);
  provision_.workspace(runtime);
}

void KubernetesExecutor::Pods::bring_plan(const std::string& name) {
  Attempt* attempt = find(name);
  if (!attempt) return;
  if (attempt->plan.plan_config_map.is_null()) return post(name);
  requests_.start(patient("POST", path_of(kube::types::config_maps, run_.name_space), attempt->plan.plan_config_map),
                  [this, name](const kube::Reply& reply) {
                    if (reply.ok() || reply.status == 409) return post(name);
                    throw_if_logged_out(reply);
                    end_badly(name, FailureClass::configuration, reply.reason(), reply.message());
                  });
}

void KubernetesExecutor::Pods::post(const std::string& name) {
  Attempt* attempt = find(name);
  if (!attempt) return;
  if (attempt->is_adopted || attempt->is_cancelled) return adopt(name);  // there may be one already
  auto request = patient("POST", path_of(kube::types::pods, run_.name_space), attempt->plan.pod);
  request.any_fault = false;  // what a webhook says is told, then it is asked again
  requests_.start(std::move(request), [this, name](const kube::Reply& reply) { answer_post(name, reply); });
}

void KubernetesExecutor::Pods::answer_post(const std::string& name, const kube::Reply& reply) {
  Attempt* attempt = find(name);
  if (!attempt) return;
  if (reply.ok()) {
    note_created(*attempt);
    if (attempt->is_cancelled) cancel_pod(name);
    return see(reply.body);
  }
  if (reply.status == 409 && reply.reason() == "AlreadyExists") return adopt(name);
  throw_if_logged_out(reply);
  const bool is_hopeless =
      reply.status == 0 && reply.failure_kind != ErrorKind::unreachable && reply.failure_kind != ErrorKind::timed_out;
  const auto failure =
      is_hopeless ? FailureClass::configuration : classify_refusal(reply.status, reply.reason(), reply.message());
  if (failure) return end_badly(name, *failure, reply.reason(), reply.message());
  PodStatus status;
  status.news = reply.message();
  tell(*attempt, status);
  leave_place(*attempt);
  at(kTryAgain, [this, name] { to_begin_.push_back(name); });
}

// A pod of that name may be there: ours, from an answer that was lost or a kfrun that was, or somebody else's.
void KubernetesExecutor::Pods::adopt(const std::string& name) {
  requests_.start(patient("GET", path_of_pod(name)), [this, name](const kube::Reply& reply) {
    Attempt* attempt = find(name);
    if (!attempt) return;
    throw_if_logged_out(reply);
    const bool is_adopted = std::exchange(attempt->is_adopted, false);
    if (reply.status == 404 && attempt->is_cancelled) return end_badly(name, FailureClass::stopped, "", "");
    // Finished pods of tasks that are to run once do not go before they are recorded: there never was one.
    if (reply.status == 404 && is_adopted && attempt->work.task->once) return post(name);
    if (reply.status == 404) {
      lost_.insert(name);
      auto outcome = lost_pod(name);
      outcome.unseen = is_adopted;
      return end(name, std::move(outcome));
    }
    if (!reply.ok()) return end_badly(name, FailureClass::configuration, reply.reason(), reply.message());
    if (!is_ours(*attempt, reply.body)) {
      return end_badly(name, FailureClass::configuration, "PodExists",
                       fmt::format("there is another pod {}, made for other work; it is left alone", name));
    }
    note_created(*attempt);
    see(reply.body);
    if (const Attempt* seen = find(name); seen && seen->is_cancelled) cancel_pod(name);
  });
}

bool KubernetesExecutor::Pods::is_ours(const Attempt& attempt, const Node& pod) const {
  const Node* run = pod.find_path({"metadata", "labels", kRunLabel});
  const auto& id = attempt.work.id;
  return run && run->text() == label_value(run_.id) && annotation_of(pod, kPathAnnotation) == id.instance &&
         annotation_of(pod, kAttemptAnnotation) == std::to_string(id.attempt) &&
         annotation_of(pod, kInputHashAnnotation) == attempt.plan.input_hash;
}

void KubernetesExecutor::Pods::watch() {
  if (watch_) return;
  kube::WatchOptions options;
  options.label_selector = fmt::format("{}={},{}", kRunLabel, label_value(run_.id), kTaskLabel);
  watch_ = requests_.client().watch(
      kube::types::pods, run_.name_space, options,
      [this](const kube::WatchEvent& event) {
        if (event.type == kube::WatchEventType::bookmark || event.type == kube::WatchEventType::synced) return;
        see(event.object);  // the last that is seen of a deleted one may tell how it ended
        const auto name = name_of(event.object);
        if (Attempt* attempt = find(name)) attempt->is_watched = true;
        if (event.type == kube::WatchEventType::deleted) see_gone(name);
      },
      [this](const Error& error) {
        watch_fault_ = error;
        std::vector<std::string> names;
        for (const auto& [name, attempt] : attempts_) {
          if (attempt.is_created) names.push_back(name);
        }
        for (const auto& name : names) end_badly(name, FailureClass::configuration, "CannotWatch", words_of(error));
      });
}

void KubernetesExecutor::Pods::see(const Node& pod) {
  const auto name = name_of(pod);
  Attempt* attempt = find(name);
  if (!attempt) return see_recorded(pod);
  // Before the answer to its POST a pod may be another's of the same name.
  if (attempt->plan.input_hash.empty() || (!attempt->is_created && !is_ours(*attempt, pod))) return;
  note_created(*attempt);
  attempt->seen = Steady::now();
  if (const Node* node = pod.find_path({"spec", "nodeName"})) attempt->host = node->text();
  // The answer to a POST or GET may come after what the watch tells of later.
  const auto version = age_of(pod);
  if (version < attempt->version) return;
  attempt->version = version;
  const auto status = classify_pod(pod, attempt->plan.has_launcher);
  if (status.phase == PodPhase::ended) return conclude(name, pod, status);
  if (status.terminating && !std::exchange(attempt->is_leaving, true)) bound_leaving(name, pod);
  if (status.phase != attempt->phase) {
    attempt->phase = status.phase;
    attempt->since = Steady::now();
    if (status.phase == PodPhase::image_problem) bound_wait(name, status.phase, options_.image_pull_wait);
    if (status.phase == PodPhase::unschedulable && options_.unschedulable_wait) {
      bound_wait(name, status.phase, *options_.unschedulable_wait);
    }
  }
  tell(*attempt, status);
  if (status.phase == PodPhase::unschedulable && attempt->room.empty()) ask_for_room(name, pod);
}

void KubernetesExecutor::Pods::tell(Attempt& attempt, const PodStatus& status) {
  if (status.phase == PodPhase::running) {
    if (std::exchange(attempt.is_told_running, true)) return;
    const auto began = status.outcome.started == TimePoint{} ? system_clock().now() : status.outcome.started;
    events_.push_back(AttemptRunning{attempt.work.id, began, ""});
  } else if (!status.news.empty() && status.news != attempt.news) {
    // The words about an image alternate between the last try and the wait for the next one.
    if (status.phase == PodPhase::image_problem && std::exchange(attempt.is_image_told, true)) return;
    attempt.news = status.news;
    events_.push_back(AttemptRunning{attempt.work.id, system_clock().now(), status.news});
  }
}

// Its result is in the record, by us or by an earlier process that did not come to release the pod.
void KubernetesExecutor::Pods::see_recorded(const Node& pod) {
  const auto name = name_of(pod);
  if (lost_.erase(name) > 0) return remove_pod(name);
  const Node* phase = pod.find_path({"status", "phase"});
  const bool has_ended = phase && (phase->text() == "Succeeded" || phase->text() == "Failed");
  const auto waits = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (has_ended && holds_finalizer(pod) && !waits(held_) && !waits(to_release_)) to_release_.push_back(name);
}

// An image may come, a node may get room: for a while.
void KubernetesExecutor::Pods::bound_wait(const std::string& name, PodPhase phase, Duration limit) {
  at(limit, [this, name, phase] {
    const Attempt* attempt = find(name);
    if (!attempt || attempt->phase != phase) return;
    requests_.start(patient("GET", path_of_pod(name)), [this, name, phase](const kube::Reply& reply) {
      if (!find(name)) return;
      if (reply.status == 404) return see_gone(name);
      if (!reply.ok()) return;
      auto status = classify_pod(reply.body, find(name)->plan.has_launcher);
      if (status.phase != phase) return see(reply.body);
      if (phase == PodPhase::unschedulable && !find(name)->room.empty()) status.outcome.message += " " + find(name)->room;
      conclude(name, reply.body, std::move(status));
    });
  });
}

// The watch says that it is gone. Only the server's word on the pod itself is believed.
void KubernetesExecutor::Pods::see_gone(const std::string& name) {
  if (find(name)) look(name);
}

void KubernetesExecutor::Pods::look(const std::string& name) {
  requests_.start(patient("GET", path_of_pod(name)), [this, name](const kube::Reply& reply) {
    if (!find(name)) return;
    if (reply.ok()) return see(reply.body);
    if (reply.status == 404) end(name, lost_pod(name));
  });
}

// A volume that cannot be mounted, a secret that is not there: only the pod's events tell.
void KubernetesExecutor::Pods::ask_why_they_wait() {
  const auto now = Steady::now();
  std::vector<std::pair<Steady::time_point, std::string>> due;
  for (const auto& [name, attempt] : attempts_) {
    const bool waits = attempt.is_created && !attempt.is_told_running && attempt.phase == PodPhase::waiting;
    if (waits && attempt.ask_at <= now) due.emplace_back(attempt.ask_at, name);
  }
  std::sort(due.begin(), due.end());
  if (due.size() > kAskForMost) due.resize(kAskForMost);
  for (const auto& [since, name] : due) {
    attempts_.at(name).ask_at = now + kAskAgain;
    ask_why_it_waits(name);
  }
  at(kAskInterval, [this] { ask_why_they_wait(); });
}

void KubernetesExecutor::Pods::ask_why_it_waits(const std::string& name) {
  const auto query = kube::encode_query({{"fieldSelector", fmt::format("involvedObject.name={},type=Warning", name)}});
  kube::Request request;
  request.path = path_of(kube::types::events, run_.name_space) + query;
  requests_.start(std::move(request), [this, name](const kube::Reply& reply) {
    Attempt* waiting = find(name);
    if (!waiting) return;
    const Node* events = reply.ok() ? reply.body.find("items") : nullptr;
    PodStatus status;
    if (events && events->is_sequence() && events->size() > 0) {
      const auto& last = events->items().back();
      status.news = fmt::format("{}: {}", last.text_of("reason"), last.text_of("message"));
    }
    if (waiting->phase == PodPhase::waiting) tell(*waiting, status);
  });
}

// The scheduler says what it lacks; this says what there is, in clusters where that is quickly asked.
void KubernetesExecutor::Pods::ask_for_room(const std::string& name, const Node& pod) {
  const auto now = Steady::now();
  if (room_asked_ != Steady::time_point{} && now - room_asked_ < kAskAgain) return;
  room_asked_ = now;
  const auto ask = [this](const kube::ResourceType& type, const std::vector<std::pair<std::string, std::string>>& query,
                          std::function<void(const Node&)> done) {
    kube::Request request;
    request.path = path_of(type, "") + kube::encode_query(query);
    requests_.start(std::move(request), [done = std::move(done)](const kube::Reply& reply) {
      const Node* more = reply.ok() ? reply.body.find_path({"metadata", "continue"}) : nullptr;
      done(reply.ok() && (!more || more->text().empty()) ? reply.body : Node::null());
    });
  };
  ask(kube::types::nodes, {{"limit", "100"}}, [this, ask, name, pod](const Node& nodes) {
    if (nodes.is_null() || !find(name)) return;
    ask(kube::types::pods, {{"fieldSelector", "status.phase!=Succeeded,status.phase!=Failed"}, {"limit", "1000"}},
        [this, name, pod, nodes](const Node& pods) { tell_room(name, pod, nodes, pods); });
  });
}

void KubernetesExecutor::Pods::tell_room(const std::string& name, const Node& pod, const Node& nodes, const Node& pods) {
  Attempt* attempt = find(name);
  if (!attempt || attempt->phase != PodPhase::unschedulable) return;
  attempt->room = describe_room(pod, nodes, pods);
  if (attempt->room.empty()) return;
  events_.push_back(AttemptRunning{attempt->work.id, system_clock().now(), attempt->news + " " + attempt->room});
}

// A pod that is being deleted and does not end has lost its node. There its command may run on: who does not mind goes on.
void KubernetesExecutor::Pods::bound_leaving(const std::string& name, const Node& pod) {
  const Node* grace = pod.find_path({"metadata", "deletionGracePeriodSeconds"});
  at(seconds(grace ? grace->as_integer().value_or(0) : 0) + options_.kubelet_delay, [this, name] {
    Attempt* attempt = find(name);
    if (!attempt || attempt->is_cancelled) return;
    const std::string silent = fmt::format("its node {} does not answer", attempt->host);
    if (attempt->work.task->node_loss_wait) {
      return end_badly(name, FailureClass::infrastructure, "NodeLost", silent + ", where it may run on");
    }
    const std::string waits = silent + ": waiting until it does, or is removed (onNodeLoss: retry would run it again elsewhere)";
    events_.push_back(AttemptRunning{attempt->work.id, system_clock().now(), waits});
  });
}

// Watches can fail silently; a pod may have come and gone between two lists.
void KubernetesExecutor::Pods::audit() {
  const auto now = Steady::now();
  for (const auto& [name, attempt] : attempts_) {
    const auto unseen = now - attempt.seen;
    if (attempt.is_created && unseen > (attempt.is_watched ? Steady::duration(kUnseenFor) : kUnwatchedFor)) look(name);
  }
  at(kAuditInterval, [this] { audit(); });
}

void KubernetesExecutor::Pods::at(Steady::duration delay, std::function<void()> what) {
  timers_.emplace(Steady::now() + delay, std::move(what));
}

void KubernetesExecutor::Pods::run_timers() {
  while (!timers_.empty() && timers_.begin()->first <= Steady::now()) {
    const auto what = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    what();
  }
}

std::vector<ExecutorEvent> KubernetesExecutor::Pods::wait(Duration wait) {
  release();
  run_timers();
  begin_more();
  if (events_.empty()) {
    if (!timers_.empty())
      wait = std::min<Duration>(wait, std::max<Duration>(timers_.begin()->first - Steady::now(), Duration(0)));
    requests_.client().run_once(wait);
    run_timers();
    begin_more();
  }
  to_release_.insert(to_release_.end(), held_.begin(), held_.end());
  held_.clear();
  return std::exchange(events_, {});
}

KubernetesExecutor::KubernetesExecutor(kube::Client& client, RunContext run, KubernetesOptions options)
    : pods_(std::make_unique<Pods>(client, std::move(run), std::move(options))) {}
KubernetesExecutor::~KubernetesExecutor() = default;

void KubernetesExecutor::start(const Work& work) { pods_->start(work, false); }
void KubernetesExecutor::adopt(const Work& work) { pods_->start(work, true); }
void KubernetesExecutor::cancel(const AttemptId& id) { pods_->cancel(id); }
std::vector<ExecutorEvent> KubernetesExecutor::wait(Duration wait) { return pods_->wait(wait); }
void KubernetesExecutor::wake() { pods_->wake(); }
void KubernetesExecutor::finish() { pods_->finish(); }

}  // namespace kfrun::run
