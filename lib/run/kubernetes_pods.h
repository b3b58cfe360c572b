// The pods of a run's attempts: created, watched, ended.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "run/kubernetes_executor.h"
#include "run/kubernetes_provision.h"
#include "run/kubernetes_requests.h"

namespace kfrun::run {

class KubernetesExecutor::Pods {
 public:
  Pods(kube::Client& client, RunContext run, KubernetesOptions options);
  ~Pods();

  // `is_adopted`: an earlier process may have made the pod.
  void start(const Work& work, bool is_adopted);
  void cancel(const AttemptId& id);
  std::vector<ExecutorEvent> wait(Duration wait);
  void wake() { requests_.client().wake(); }
  // Waits for what is still to be told to the server.
  void finish();

 private:
  using Steady = std::chrono::steady_clock;

  struct Attempt {
    Work work;
    PodPlan plan;
    bool is_adopted = false;  // see start(); until it is known
    bool is_begun = false;    // it has or had a place among those that begin
    bool has_place = false;
    bool is_created = false;  // a pod of its name was made or found
    bool is_cancelled = false;
    bool is_watched = false;  // the watch has told of it
    bool is_told_running = false;
    bool is_image_told = false;
    bool is_reading_log = false;
    bool is_leaving = false;  // its pod is being deleted
    PodPhase phase = PodPhase::waiting;
    std::string host;             // its node
    std::string news;             // told last
    std::string room;             // what the nodes have free, when none took it
    long long version = 0;        // resourceVersion that was seen last
    Steady::time_point since{};   // of `phase`
    Steady::time_point seen{};    // when the server last spoke of the pod
    Steady::time_point ask_at{};  // when to ask why it does not begin
  };

  // So many at a time: pods that are planned and not yet made take memory.
  void begin_more();
  void leave_place(Attempt& attempt);
  void note_created(Attempt& attempt);

  // Steps of a start, in order. Each is given the pod's name, under which the attempt is found, unless it has ended.
  void plan(const std::string& name);
  void bring_what_it_needs(const std::string& name);
  void request_resource(const std::string& name);
  void bring_plan(const std::string& name);
  void post(const std::string& name);
  void answer_post(const std::string& name, const kube::Reply& reply);
  void adopt(const std::string& name);
  bool is_ours(const Attempt& attempt, const document::Node& pod) const;

  // What is seen of a pod.
  void watch();
  void see(const document::Node& pod);
  void see_gone(const std::string& name);
  void see_recorded(const document::Node& pod);
  void look(const std::string& name);
  void audit();
  void ask_why_they_wait();
  void ask_why_it_waits(const std::string& name);
  void ask_for_room(const std::string& name, const document::Node& pod);
  void tell_room(const std::string& name, const document::Node& pod, const document::Node& nodes, const document::Node& pods);
  void bound_leaving(const std::string& name, const document::Node& pod);
  void tell(Attempt& attempt, const PodStatus& status);
  void bound_wait(const std::string& name, PodPhase phase, Duration limit);

  // The end.
  void conclude(const std::string& name, const document::Node& pod, PodStatus status);
  void read_outputs(const std::string& name, Outcome outcome, std::string_view termination_text);
  void read_log(const std::string& name, Outcome outcome, long long size);
  void end(const std::string& name, Outcome outcome);
  void end_badly(const std::string& name, FailureClass failure, std::string reason, std::string message);
  // `grace`: instead of the pod's own.
  void remove_pod(const std::string& name, std::optional<std::chrono::seconds> grace = std::nullopt);
  void remove_strays();
  void cancel_pod(const std::string& name);
  void stop_containers(const std::string& name);
  void insist_on_end(const std::string& name);
  void release();
  void release_all();

  Attempt* find(const std::string& name);
  std::string path_of_pod(const std::string& name) const;
  void at(Steady::duration delay, std::function<void()> what);
  void run_timers();

  const RunContext run_;
  KubernetesOptions options_;
  Requests requests_;
  Provision provision_;
  std::map<std::string, Attempt> attempts_;  // that have not ended, by the name of the pod
  std::deque<std::string> to_begin_;
  std::size_t beginning_ = 0;
  std::multimap<Steady::time_point, std::function<void()>> timers_;
  std::vector<ExecutorEvent> events_;           // to be given by the next wait()
  std::vector<std::string> to_release_, held_;  // pods of `once` tasks: told by the last wait(), by the next
  std::set<std::string> lost_;  // pods that were not there and may still come: their POST was under way when its kfrun ended
  Steady::time_point room_asked_{};
  std::optional<kube::Handle> watch_;
  std::optional<Error> watch_fault_;
};

}  // namespace kfrun::run
