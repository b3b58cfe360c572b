// The executor against a server that loses answers: what is asked for again, what is believed.
#include "run/kubernetes_executor.h"

#include <atomic>
#include <mutex>

#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kube/fault_server.h"

namespace kfrun::run {

namespace {

using document::Node;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string refusal(const std::string& reason, const std::string& message = "no") {
  return document::write_json(
      Node::mapping({{"kind", Node::string("Status")}, {"reason", Node::string(reason)}, {"message", Node::string(message)}}));
}

Node with_phase(Node pod, const std::string& phase, const std::string& state) {
  pod.find("metadata")->set("uid", Node::string("u"));
  pod.find("metadata")->set("resourceVersion", Node::string("2"));
  Node main = Node::mapping({{"name", Node::string("main")}, {"state", document::read_json(state, "state")}});
  Node list = Node::sequence();
  list.push_back(std::move(main));
  pod.set("status", Node::mapping({{"phase", Node::string(phase)}, {"containerStatuses", std::move(list)}}));
  return pod;
}
Node succeeded(const Node& pod) {
  return with_phase(pod, "Succeeded",
                    R"({"terminated":{"exitCode":0,"startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:01Z"}})");
}
Node running(const Node& pod) { return with_phase(pod, "Running", R"({"running":{"startedAt":"2026-01-01T00:00:00Z"}})"); }

// As much of an API server as the executor speaks to: a head that is not there, nodes that may not be listed, pods.
class FakeApi {
 public:
  // What a POST of a pod gives, by its number; by default it is stored, runs at once and has succeeded.
  std::function<void(kube::Exchange&, const Node& pod, int number)> on_post = [this](kube::Exchange& exchange, const Node& pod,
                                                                                     int) {
    store(succeeded(pod));
    exchange.reply(201, document::write_json(succeeded(pod)));
  };
  // What a GET of the pod gives; by default what is stored.
  std::function<void(kube::Exchange&)> on_get = [this](kube::Exchange& exchange) {
    const auto pod = stored();
    pod.is_null() ? exchange.reply(404, refusal("NotFound")) : exchange.reply(200, document::write_json(pod));
  };

  std::string architecture;  // of the one node; "": nodes may not be listed

  void store(Node pod) {
    const std::lock_guard lock(mutex_);
    pod_ = std::move(pod);
  }
  Node stored() const {
    const std::lock_guard lock(mutex_);
    return pod_;
  }
  // Sends an event to those who watch.
  void send(const std::string& type, const Node& pod) {
    const std::lock_guard lock(mutex_);
    events_.push_back(document::write_json(Node::mapping({{"type", Node::string(type)}, {"object", pod}})) + "\n");
  }
  std::vector<std::string> posts() const {
    std::vector<std::string> bodies;
    for (const auto& seen : server.seen()) {
      if (seen.method == "POST") bodies.push_back(seen.body);
    }
    return bodies;
  }
  int gets() const {
    const auto seen = server.seen();
    return static_cast<int>(std::count_if(seen.begin(), seen.end(), [](const auto& request) {
      return request.method == "GET" && request.path.find("/pods/") != std::string::npos;
    }));
  }

 private:
  void serve(kube::Exchange& exchange) {
    const auto& request = exchange.request;
    if (request.method == "POST") {
      int number = 0;
      {
        const std::lock_guard lock(mutex_);
        number = ++posts_;
      }
      return on_post(exchange, document::read_json(request.body, "pod"), number);
    }
    if (request.path.find("/nodes") != std::string::npos) {
      if (architecture.empty()) return exchange.reply(403, refusal("Forbidden"));
      return exchange.reply(200, R"({"items":[{"metadata":{"labels":{"kubernetes.io/arch":")" + architecture + R"("}}}]})");
    }
    if (request.path.find("/pods/") != std::string::npos) return on_get(exchange);
    if (request.path.find("/pods?") == std::string::npos) return exchange.reply(404, refusal("NotFound"));
    if (request.path.find("watch=") == std::string::npos) {
      return exchange.reply(200, R"({"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]})");
    }
    exchange.begin_chunks();
    for (std::size_t told = 0; exchange.open() && !stopping_;) {
      std::string event;
      {
        const std::lock_guard lock(mutex_);
        if (told < events_.size()) event = events_[told++];
      }
      if (event.empty()) {
        std::this_thread::sleep_for(milliseconds(5));
      } else {
        exchange.chunk(event);
      }
    }
  }

  mutable std::mutex mutex_;
  Node pod_;
  std::vector<std::string> events_;
  int posts_ = 0;
  std::atomic<bool> stopping_{false};

 public:
  kube::FaultServer server{[this](kube::Exchange& exchange) { serve(exchange); }};
  ~FakeApi() { stopping_ = true; }
  FakeApi() = default;
};

class Fixture {
 public:
  Fixture() {
    task.name = "work";
    task.container.image = pipeline::Expression::constant(Value::string("busybox"));
    task.container.command = {pipeline::Expression::constant(Value::string("true"))};
    work.id = {"work", 0};
    work.task = &task;
  }

  std::vector<ExecutorEvent> events_within(Duration most, const std::function<bool()>& enough) {
    std::vector<ExecutorEvent> all;
    const auto deadline = std::chrono::steady_clock::now() + most;
    while (std::chrono::steady_clock::now() < deadline && !enough()) {
      for (auto& event : executor.wait(milliseconds(20))) {
        if (const auto* ended = std::get_if<AttemptEnded>(&event)) ends.push_back(ended->outcome);
        if (std::holds_alternative<AttemptRunning>(event)) ++news;
        all.push_back(std::move(event));
      }
    }
    return all;
  }
  Outcome outcome() {
    events_within(seconds(20), [this] { return !ends.empty(); });
    REQUIRE(ends.size() == 1);
    return ends.front();
  }

  pipeline::Task task;
  Work work;
  FakeApi api;
  kube::Client client{api.server.config()};
  KubernetesExecutor executor{client, {"run-1", "run", "lab", "/"}};
  std::vector<Outcome> ends;
  int news = 0;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a pod is posted once when nothing goes wrong") {
  executor.start(work);
  executor.start(work);
  CHECK(outcome().failure == FailureClass::none);
  CHECK(api.posts().size() == 1);
  events_within(milliseconds(100), [] { return false; });
  CHECK(ends.size() == 1);
}

TEST_CASE_METHOD(Fixture, "an answer that was lost is followed by the same request; the pod that is there is adopted") {
  for (const bool was_stored : {true, false}) {
    ends.clear();
    api.store(Node());
    work.id.attempt += 1;
    const auto before = api.posts().size();
    std::atomic<bool> first = true;  // the server answers from several threads
    api.on_post = [&, was_stored](kube::Exchange& exchange, const Node& pod, int) {
      const bool lost = first.exchange(false);
      if (lost && !was_stored) return exchange.reset();
      if (!api.stored().is_null()) return exchange.reply(409, refusal("AlreadyExists"));
      api.store(succeeded(pod));
      lost ? exchange.reset() : exchange.reply(201, document::write_json(api.stored()));
    };
    executor.start(work);
    CHECK(outcome().failure == FailureClass::none);
    const auto posts = api.posts();
    REQUIRE(posts.size() == before + 2);
    CHECK(posts[before] == posts[before + 1]);
  }
}

TEST_CASE_METHOD(Fixture, "another's pod of that name is not ours") {
  api.on_post = [&](kube::Exchange& exchange, const Node& pod, int) {
    Node other = succeeded(pod);
    other.find_path({"metadata", "annotations"})->set(kInputHashAnnotation, Node::string("other"));
    api.store(other);
    exchange.reply(409, refusal("AlreadyExists"));
  };
  executor.start(work);
  const auto ended = outcome();
  CHECK(ended.failure == FailureClass::configuration);
  CHECK(ended.reason == "PodExists");
  CHECK(ended.pod.empty());
}

TEST_CASE_METHOD(Fixture, "a pod of that name that is gone again has been ours, perhaps: it is lost, not made anew") {
  api.on_post = [&](kube::Exchange& exchange, const Node&, int) { exchange.reply(409, refusal("AlreadyExists")); };
  executor.start(work);
  CHECK(outcome().failure == FailureClass::infrastructure);
  CHECK_FALSE(ends.front().unseen);
  CHECK(api.posts().size() == 1);
}

TEST_CASE_METHOD(Fixture, "a server that is busy or broken is asked again") {
  api.on_post = [&](kube::Exchange& exchange, const Node& pod, int number) {
    if (number == 1) return exchange.reply(429, refusal("TooManyRequests"), "Retry-After: 0\r\n");
    if (number == 2) return exchange.reply(503, refusal("ServiceUnavailable"));
    if (number == 3) return exchange.reply(504, refusal("Timeout"));
    api.store(succeeded(pod));
    exchange.reply(201, document::write_json(succeeded(pod)));
  };
  executor.start(work);
  CHECK(outcome().failure == FailureClass::none);
  CHECK(api.posts().size() == 4);
}

TEST_CASE_METHOD(Fixture, "a server that fails when it is asked for a pod that is there ends no attempt") {
  api.on_post = [&](kube::Exchange& exchange, const Node& pod, int) {
    api.store(succeeded(pod));
    exchange.reply(409, refusal("AlreadyExists"));
  };
  api.on_get = [&, failures = 2](kube::Exchange& exchange) mutable {
    if (failures-- > 0) return exchange.reply(500, refusal("InternalError", "no reason that is known to pass"));
    exchange.reply(200, document::write_json(api.stored()));
  };
  executor.start(work);
  CHECK(outcome().failure == FailureClass::none);
}

TEST_CASE_METHOD(Fixture, "a refusal ends the attempt with the server's words") {
  api.on_post = [&](kube::Exchange& exchange, const Node&, int) {
    exchange.reply(422, refusal("Invalid", "Pod \"x\" is invalid: spec.containers[0].image"));
  };
  executor.start(work);
  const auto ended = outcome();
  CHECK(ended.failure == FailureClass::configuration);
  CHECK_THAT(ended.message, ContainsSubstring("spec.containers[0].image"));
}

TEST_CASE_METHOD(Fixture, "a pod is gone only when the server says so when asked for it") {
  api.on_post = [&](kube::Exchange& exchange, const Node& pod, int) {
    api.store(running(pod));
    api.send("ADDED", running(pod));
    exchange.reply(201, document::write_json(running(pod)));
  };
  executor.start(work);
  events_within(seconds(10), [this] { return news > 0; });
  const Node pod = api.stored();
  api.send("DELETED", pod);
  events_within(seconds(10), [this] { return api.gets() > 0; });
  events_within(milliseconds(200), [] { return false; });
  CHECK(ends.empty());
  api.store(Node());
  api.send("ADDED", pod);
  api.send("DELETED", pod);
  const auto ended = outcome();
  CHECK(ended.failure == FailureClass::infrastructure);
  CHECK(ended.reason == "PodLost");
}

TEST_CASE_METHOD(Fixture, "the last that was seen of a pod that is gone tells how it ended") {
  api.on_post = [&](kube::Exchange& exchange, const Node& pod, int) {
    api.store(running(pod));
    api.send("ADDED", running(pod));
    exchange.reply(201, document::write_json(running(pod)));
  };
  executor.start(work);
  events_within(seconds(10), [this] { return news > 0; });
  const Node last = succeeded(api.stored());
  api.store(Node());
  api.send("DELETED", last);
  CHECK(outcome().failure == FailureClass::none);
}

TEST_CASE_METHOD(Fixture, "nodes that there is no launcher for are told of before a pod is made") {
  api.architecture = "riscv64";
  task.outputs.emplace_back().name = "x";
  executor.start(work);
  const auto ended = outcome();
  CHECK(ended.failure == FailureClass::configuration);
  CHECK_THAT(ended.message, ContainsSubstring("without a launcher for riscv64 nodes"));
  CHECK(api.posts().empty());
}

TEST_CASE_METHOD(Fixture, "an answer that is older than what the watch told changes nothing") {
  api.on_post = [&](kube::Exchange& exchange, const Node& pod, int) {
    Node newer = running(pod);
    newer.find("metadata")->set("resourceVersion", Node::string("12"));
    api.store(newer);
    api.send("ADDED", newer);
    std::this_thread::sleep_for(milliseconds(300));
    Node older = with_phase(pod, "Failed", R"({"terminated":{"exitCode":1}})");
    older.find("metadata")->set("resourceVersion", Node::string("9"));
    exchange.reply(201, document::write_json(older));
  };
  executor.start(work);
  events_within(milliseconds(800), [] { return false; });
  CHECK(news == 1);
  CHECK(ends.empty());
}

TEST_CASE_METHOD(Fixture, "an attempt that is cancelled while its pod is being asked for leaves none") {
  api.on_post = [&](kube::Exchange& exchange, const Node& pod, int number) {
    if (number == 1) std::this_thread::sleep_for(milliseconds(300));
    api.store(with_phase(pod, "Pending", R"({"waiting":{"reason":"ContainerCreating"}})"));
    api.send("ADDED", api.stored());
    exchange.reply(201, document::write_json(api.stored()));
  };
  std::atomic<int> deletions{0};
  api.on_get = [&](kube::Exchange& exchange) {
    if (exchange.request.method == "DELETE") {
      ++deletions;
      const Node pod = api.stored();
      api.store(Node());
      exchange.reply(200, "{}");
      return api.send("DELETED", pod);
    }
    const auto pod = api.stored();
    pod.is_null() ? exchange.reply(404, refusal("NotFound")) : exchange.reply(200, document::write_json(pod));
  };
  executor.start(work);
  events_within(seconds(10), [this] { return !api.posts().empty(); });
  executor.cancel(work.id);
  CHECK(outcome().failure == FailureClass::stopped);
  CHECK(deletions == 1);
}

TEST_CASE_METHOD(Fixture, "a pod of an earlier kfrun that is to be stopped before it was looked at keeps its log") {
  api.on_post = [&](kube::Exchange& exchange, const Node& pod, int) {
    api.store(running(pod));
    exchange.reply(201, document::write_json(running(pod)));
  };
  executor.start(work);
  events_within(seconds(10), [this] { return news > 0; });
  api.on_get = [&](kube::Exchange& exchange) {
    if (exchange.request.method == "PATCH") {
      api.store(with_phase(api.stored(), "Failed", R"({"terminated":{"exitCode":143}})"));
      api.send("MODIFIED", api.stored());
    }
    exchange.reply(200, document::write_json(api.stored()));
  };
  KubernetesExecutor later(client, {"run-1", "run", "lab", "/"});
  later.adopt(work);
  later.cancel(work.id);
  std::optional<Outcome> ended;
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (!ended && std::chrono::steady_clock::now() < deadline) {
    for (const auto& event : later.wait(milliseconds(20))) {
      if (const auto* end = std::get_if<AttemptEnded>(&event)) ended = end->outcome;
    }
  }
  REQUIRE(ended);
  CHECK(ended->failure == FailureClass::stopped);
  CHECK(api.stored().find_path({"status", "phase"})->text() == "Failed");
  CHECK(api.posts().size() == 1);
}

TEST_CASE_METHOD(Fixture, "a pod on a node that does not answer is waited for, or runs again where that does no harm") {
  KubernetesOptions options;
  options.kubelet_delay = milliseconds(100);
  KubernetesExecutor impatient(client, {"run-1", "run", "lab", "/"}, options);
  api.on_post = [&](kube::Exchange& exchange, const Node& pod, int) {
    Node leaving = running(pod);
    leaving.find("spec")->set("nodeName", Node::string("node-7"));
    leaving.find("metadata")->set("deletionTimestamp", Node::string("2026-01-01T00:00:00Z"));
    leaving.find("metadata")->set("deletionGracePeriodSeconds", Node::integer(0));
    api.store(leaving);
    exchange.reply(201, document::write_json(leaving));
  };
  const bool goes_on = GENERATE(false, true);
  if (goes_on) task.node_loss_wait = Duration(0);
  impatient.start(work);
  std::optional<Outcome> ended;
  std::string told;
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (!ended && told.empty() && std::chrono::steady_clock::now() < deadline) {
    for (const auto& event : impatient.wait(milliseconds(20))) {
      if (const auto* end = std::get_if<AttemptEnded>(&event)) ended = end->outcome;
      if (const auto* news_of = std::get_if<AttemptRunning>(&event)) told = news_of->message;
    }
  }
  REQUIRE(ended.has_value() == goes_on);
  if (goes_on) {
    CHECK(ended->failure == FailureClass::infrastructure);
    CHECK(ended->reason == "NodeLost");
  }
  CHECK_THAT(goes_on ? ended->message : told, ContainsSubstring("its node node-7 does not answer"));
}

TEST_CASE_METHOD(Fixture, "a pod that comes after its attempt was given up is removed") {
  executor.adopt(work);
  CHECK(outcome().reason == "PodLost");
  CHECK(ends.front().unseen);
  Node late = plan_pod(work, {"run-1", "run", "lab", "/"}, {}).pod;  // an earlier kfrun asked for it, and was killed
  late = running(late);
  std::atomic<int> deletions{0};
  api.on_get = [&](kube::Exchange& exchange) {
    if (exchange.request.method == "DELETE") ++deletions;
    exchange.reply(200, "{}");
  };
  api.send("ADDED", late);
  api.send("MODIFIED", late);
  events_within(seconds(10), [&] { return deletions > 0; });
  events_within(milliseconds(200), [] { return false; });
  CHECK(deletions == 1);
}

TEST_CASE_METHOD(Fixture, "an attempt that is cancelled before its pod is asked for gets none") {
  executor.start(work);
  executor.cancel(work.id);
  const auto ended = outcome();
  CHECK(ended.failure == FailureClass::stopped);
  CHECK(ended.pod.empty());
  CHECK(api.posts().empty());
}

}  // namespace kfrun::run
