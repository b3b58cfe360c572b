// The executor on a real cluster: pods are really scheduled, started, killed.
#include <map>

#include "base/test.h"
#include "base/text.h"
#include "document/reader.h"
#include "run/kubernetes_cluster.h"
#include "run/kubernetes_pods.h"
#include "run/read_pod_log.h"

namespace kfrun::run {

namespace {

using pipeline::Task;
using pipeline::TypeKind;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// One client and one namespace for all cases; each case is a run of its own.
struct Shared {
  kube::Client client{test_cluster_config()};
  TestNamespace space{client};
};
Shared& shared() {
  static Shared shared;
  return shared;
}

std::string fresh_run_id() { return "t" + hex(random_bytes(5)); }

class Cluster {
 public:
  explicit Cluster(KubernetesOptions options = {}, std::string run = fresh_run_id(),
                   const std::string& space = shared().space.name)
      : run_{std::move(run), "test", space, "/"}, executor_(client(), run_, std::move(options)) {}

  kube::Client& client() { return shared().client; }
  KubernetesExecutor& executor() { return executor_; }
  const std::string& space() const { return run_.name_space; }
  const std::string& run_id() const { return run_.id; }
  std::string pod_of(const AttemptId& id) const { return pod_name(run_.id, id); }

  AttemptId start(const Task& task, Values inputs = {}, int attempt = 0) {
    Work work;
    work.id = {task.name, attempt};
    work.task = &task;
    work.inputs = std::move(inputs);
    executor_.start(work);
    return work.id;
  }
  // Waits until `enough`.
  template <typename Enough>
  bool wait_until(Enough enough, Duration most = minutes(2)) {
    const auto deadline = std::chrono::steady_clock::now() + most;
    while (!enough()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      for (auto& event : executor_.wait(milliseconds(200))) {
        if (auto* ended = std::get_if<AttemptEnded>(&event)) {
          outcomes[ended->id] = ended->outcome;
          ++ends[ended->id];
        } else {
          const auto& running = std::get<AttemptRunning>(event);
          if (running.message.empty()) began.insert(running.id);
          news[running.id].push_back(running.message);
        }
      }
    }
    return true;
  }
  Outcome outcome(const AttemptId& id, Duration most = minutes(2)) {
    INFO("pod " << pod_of(id));
    REQUIRE(wait_until([&] { return outcomes.count(id) > 0; }, most));
    return outcomes.at(id);
  }
  Outcome run(const Task& task, Values inputs = {}) { return outcome(start(task, std::move(inputs))); }
  document::Node pod(const AttemptId& id) {
    const auto reply = client().get(kube::types::pods, space(), pod_of(id));
    throw_unless_ok(reply, "reading the pod");
    return reply.body;
  }
  bool has_pod(const AttemptId& id) { return client().get(kube::types::pods, space(), pod_of(id)).ok(); }
  std::string log(const AttemptId& id, bool follow = false) {
    std::string text;
    read_pod_log(client(), space(), pod_of(id), follow, [&](std::string_view bytes) {
      text += bytes;
      return true;
    });
    return text;
  }

  std::map<AttemptId, Outcome> outcomes;
  std::map<AttemptId, int> ends;
  std::map<AttemptId, std::vector<std::string>> news;
  std::set<AttemptId> began;

 private:
  RunContext run_;
  KubernetesExecutor executor_;
};

void check_success(const Outcome& outcome) {
  INFO(outcome.reason << ": " << outcome.message);
  CHECK(outcome.failure == FailureClass::none);
  CHECK(outcome.exit_code == 0);
}

}  // namespace

TEST_CASE("a task that hands nothing over runs as it is") {
  Cluster cluster;
  const auto task = shell_task("plain", "echo \"$1 $HOME_OF\"; id -u", {"costs $(PATH) $$"});
  const auto id = cluster.start(task);
  const auto outcome = cluster.outcome(id);
  check_success(outcome);
  CHECK(cluster.log(id) == "costs $(PATH) $$ \n65532\n");
  CHECK(outcome.host.size() > 0);
  CHECK(outcome.pod == cluster.pod_of(id));
  CHECK(outcome.started > TimePoint{});
  CHECK(cluster.pod(id).find_path({"spec", "volumes"}) == nullptr);
  CHECK(cluster.client().list(kube::types::config_maps, cluster.space(), "app.kubernetes.io/managed-by=kfrun").empty());
}

TEST_CASE("parameters go in and come out, typed") {
  Cluster cluster;
  auto task =
      shell_task("double", "echo $(($1 * 2)) > $2; echo '[1, \"ü\"]' > $3; printf '%s' \"$WORDS\" > $4",
                 {"${{ inputs.n }}", "${{ outputs.n }}", "${{ outputs.list }}", "${{ outputs.words }}"},
                 {output_of("n", TypeKind::integer), output_of("list", TypeKind::list), output_of("words", TypeKind::string)});
  task.container.environment.emplace_back("WORDS", text_of("a \"b\" $(HOME) '${{ inputs.n }}'"));
  const auto outcome = cluster.run(task, {{"n", Value::integer(21)}});
  check_success(outcome);
  CHECK(outcome.outputs.at("n") == Value::integer(42));
  CHECK(outcome.outputs.at("list").items().at(1) == Value::string("ü"));
  CHECK(outcome.outputs.at("words") == Value::string("a \"b\" $(HOME) '21'"));
}

TEST_CASE("an artifact is handed from pod to pod, a folder too, by its digest") {
  Cluster cluster;
  const auto write = shell_task("write", "seq 1000 > $1; mkdir $2; echo one > $2/a; ln -s a $2/b",
                                {"${{ outputs.table }}", "${{ outputs.set }}"},
                                {output_of("table", TypeKind::artifact), output_of("set", TypeKind::artifact)});
  const auto outcome = cluster.run(write);
  check_success(outcome);
  const auto table = pipeline::as_artifact(outcome.outputs.at("table"));
  REQUIRE(table);
  std::string numbers;
  for (int i = 1; i <= 1000; ++i) numbers += std::to_string(i) + "\n";
  CHECK(table->digest == sha256_hex(numbers));
  CHECK(table->uri == "pvc://kfrun-artifacts/store/" + table->digest + "/table");

  // Reading needs no launcher, and cannot change what is read.
  const auto read =
      shell_task("read", "tail -n 1 $1; cat $2/b; echo x >> $1 || echo kept", {"${{ inputs.table }}", "${{ inputs.set }}"});
  const auto id = cluster.start(read, {{"table", outcome.outputs.at("table")}, {"set", outcome.outputs.at("set")}});
  check_success(cluster.outcome(id));
  CHECK_THAT(cluster.log(id), ContainsSubstring("1000\n"));
  CHECK_THAT(cluster.log(id), ContainsSubstring("one\n"));
  CHECK_THAT(cluster.log(id), ContainsSubstring("kept\n"));
}

TEST_CASE("outputs too long for a termination message come through the log, which does not show them") {
  Cluster cluster;
  const auto task = shell_task("large", "echo before; head -c 200000 /dev/zero | tr '\\0' x > $1; printf after",
                               {"${{ outputs.text }}"}, {output_of("text", TypeKind::string)});
  const auto id = cluster.start(task);
  const auto outcome = cluster.outcome(id);
  check_success(outcome);
  CHECK(outcome.outputs.at("text").text() == std::string(200000, 'x'));
  CHECK(cluster.log(id) == "before\nafter\n");
}

TEST_CASE("a script is staged, with a plan of its own when it is long") {
  Cluster cluster;
  Task task = shell_task("script", "");
  task.container.command = {text_of("sh")};
  task.container.args = {text_of("${{ outputs.size }}")};
  task.outputs = {output_of("size", TypeKind::integer)};
  for (const std::size_t padding : {10u, 40000u}) {
    task.name = "script-" + std::to_string(padding);
    task.container.script =
        pipeline::Expression::constant(Value::string("echo 'costs $5 $(x)'\nwc -c < $0 > $1\n# " + std::string(padding, 'x')));
    const auto id = cluster.start(task);
    const auto outcome = cluster.outcome(id);
    check_success(outcome);
    CHECK(outcome.outputs.at("size").as_integer().value_or(0) > static_cast<long long>(padding));
    CHECK(cluster.log(id) == "costs $5 $(x)\n");
  }
}

TEST_CASE("failures are told with their codes and last words") {
  Cluster cluster;
  const auto fails =
      shell_task("fails", "echo working; sleep 0.3; echo no such table >&2; exit 3", {}, {output_of("x", TypeKind::string)});
  const auto silent = shell_task("silent", "true", {}, {output_of("x", TypeKind::string)});
  const auto wrong = shell_task("wrong", "echo many > $1", {"${{ outputs.x }}"}, {output_of("x", TypeKind::integer)});
  Task absent = shell_task("absent", "", {}, {output_of("x", TypeKind::string)});
  absent.container.command = {text_of("no-such-program")};
  Task plain_absent = absent;
  plain_absent.name = "plain-absent";
  plain_absent.outputs.clear();
  for (const Task* task : std::initializer_list<const Task*>{&fails, &silent, &wrong, &absent, &plain_absent})
    cluster.start(*task);

  auto outcome = cluster.outcome({"fails", 0});
  CHECK(outcome.failure == FailureClass::user);
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.message == "no such table");
  outcome = cluster.outcome({"silent", 0});
  CHECK(outcome.failure == FailureClass::user);
  CHECK(outcome.reason == "OutputMissing");
  outcome = cluster.outcome({"wrong", 0});
  CHECK(outcome.failure == FailureClass::user);
  CHECK_THAT(outcome.message, ContainsSubstring("expected an integer, found 'many'"));
  outcome = cluster.outcome({"absent", 0});
  CHECK(outcome.failure == FailureClass::configuration);
  CHECK_THAT(outcome.message, ContainsSubstring("'no-such-program' is not in the image"));
  outcome = cluster.outcome({"plain-absent", 0});
  CHECK(outcome.failure == FailureClass::configuration);
  CHECK_THAT(outcome.message, ContainsSubstring("no-such-program"));
}

TEST_CASE("memory and time are limits") {
  Cluster cluster;
  auto hungry = shell_task("hungry", "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo $x | wc -c");
  hungry.container.limits["memory"] = "32Mi";
  auto slow = shell_task("slow", "sleep 300", {}, {output_of("x", TypeKind::string)});
  slow.timeout = seconds(3);
  cluster.start(hungry);
  cluster.start(slow);
  auto outcome = cluster.outcome({"hungry", 0});
  CHECK(outcome.failure == FailureClass::user);
  CHECK(outcome.reason == "OOMKilled");
  CHECK_THAT(outcome.message, ContainsSubstring("32Mi"));
  outcome = cluster.outcome({"slow", 0});
  CHECK(outcome.failure == FailureClass::user);
  CHECK(outcome.reason == "DeadlineExceeded");
  CHECK(outcome.message == "it did not end within 3.0s");
}

TEST_CASE("an image that cannot be had: at once when its name is wrong, after a while when it may come") {
  KubernetesOptions options;
  options.image_pull_wait = seconds(4);
  Cluster cluster(options);
  auto wrong = shell_task("wrong", "true");
  wrong.container.image = text_of("UPPER CASE");
  auto absent = shell_task("absent", "true");
  absent.container.image = text_of("local.test/absent:1");
  cluster.start(wrong);
  cluster.start(absent);
  auto outcome = cluster.outcome({"wrong", 0});
  CHECK(outcome.failure == FailureClass::configuration);
  CHECK(outcome.reason == "InvalidImageName");
  outcome = cluster.outcome({"absent", 0});
  CHECK(outcome.failure == FailureClass::image_pull);
  CHECK_THAT(outcome.message, ContainsSubstring("local.test/absent:1"));
  CHECK_FALSE(cluster.news[{"absent", 0}].empty());
  CHECK(cluster.wait_until([&] { return !cluster.has_pod({"absent", 0}) && !cluster.has_pod({"wrong", 0}); }));
}

TEST_CASE("what no node can take is told in the scheduler's words, and waited for as long as wished") {
  KubernetesOptions options;
  options.unschedulable_wait = seconds(4);
  Cluster cluster(options);
  auto task = shell_task("huge", "true");
  task.container.requests["cpu"] = "1000";
  const auto id = cluster.start(task);
  REQUIRE(cluster.wait_until([&] { return !cluster.news[id].empty(); }));
  CHECK_THAT(cluster.news[id].front(), ContainsSubstring("Insufficient cpu"));
  const auto outcome = cluster.outcome(id);
  CHECK(outcome.failure == FailureClass::unschedulable);
  CHECK_THAT(outcome.message, ContainsSubstring("Insufficient cpu"));
}

TEST_CASE("a cancelled attempt gets its grace and keeps its log; one that has not begun is removed") {
  KubernetesOptions options;
  options.pod.grace = seconds(5);
  Cluster cluster(options);
  const auto task = shell_task("long", "trap 'echo told; exit 0' TERM; echo here; while :; do sleep 0.1; done");
  auto stuck = shell_task("stuck", "true");
  stuck.container.requests["cpu"] = "1000";
  const auto id = cluster.start(task);
  cluster.start(stuck);
  REQUIRE(cluster.wait_until([&] { return cluster.began.count(id) > 0 && !cluster.news[{"stuck", 0}].empty(); }));
  cluster.executor().cancel(id);
  cluster.executor().cancel({"stuck", 0});
  CHECK(cluster.outcome(id, seconds(30)).failure == FailureClass::stopped);
  CHECK(cluster.outcome({"stuck", 0}, seconds(30)).failure == FailureClass::stopped);
  CHECK(cluster.wait_until([&] { return cluster.log(id) == "here\ntold\n"; }, seconds(20)));
  CHECK_FALSE(cluster.has_pod({"stuck", 0}));
}

TEST_CASE("a pod that is deleted under way is nobody's fault but the cluster's") {
  KubernetesOptions options;
  options.pod.grace = seconds(2);
  Cluster cluster(options);
  const auto deleted = shell_task("deleted", "sleep 300");
  const auto erased = shell_task("erased", "sleep 300");
  const auto pretends = shell_task("pretends", "trap 'exit 0' TERM; while :; do sleep 0.1; done");
  for (const auto* task : {&deleted, &erased, &pretends}) cluster.start(*task);
  REQUIRE(cluster.wait_until([&] { return cluster.began.size() == 3; }));
  // A second later, so that ends and deletions have different times.
  cluster.wait_until([] { return false; }, milliseconds(1100));
  document::Node at_once = document::Node::mapping({{"gracePeriodSeconds", document::Node::integer(0)}});
  for (const auto* name : {"deleted", "pretends"})
    cluster.client().remove(kube::types::pods, cluster.space(), cluster.pod_of({name, 0}));
  cluster.client().remove(kube::types::pods, cluster.space(), cluster.pod_of({"erased", 0}), at_once);
  for (const auto* name : {"deleted", "erased", "pretends"}) {
    const auto outcome = cluster.outcome({name, 0});
    CHECK(outcome.failure == FailureClass::infrastructure);
    CHECK(cluster.ends[{name, 0}] == 1);
  }
}

TEST_CASE("an attempt that is started again is adopted, not run twice; another's pod of that name is left alone") {
  const auto run = fresh_run_id();
  const auto task = shell_task("once", "cat /proc/sys/kernel/random/uuid > $1; sleep 2", {"${{ outputs.x }}"},
                               {output_of("x", TypeKind::string)});
  Cluster first({}, run);
  const auto id = first.start(task);
  REQUIRE(first.wait_until([&] { return first.began.count(id) > 0; }));
  Cluster second({}, run);
  second.start(task);
  const auto outcome = second.outcome(id);
  check_success(outcome);
  CHECK(first.outcome(id).outputs == outcome.outputs);
  // After its end, too.
  Cluster third({}, run);
  third.start(task);
  CHECK(third.outcome(id).outputs == outcome.outputs);

  const auto other = shell_task("once", "echo other > $1", {"${{ outputs.x }}"}, {output_of("x", TypeKind::string)});
  Cluster fourth({}, run);
  fourth.start(other);
  const auto refused = fourth.outcome(id);
  CHECK(refused.failure == FailureClass::configuration);
  CHECK(refused.reason == "PodExists");
}

TEST_CASE("the launcher needs neither a writable root nor root, and the user's wishes for the pod hold") {
  Cluster cluster;
  auto task = shell_task("strict", "touch /probe 2>/dev/null && echo writable; echo $TMPDIR; touch $TMPDIR/probe && id -u > $1",
                         {"${{ outputs.user }}"}, {output_of("user", TypeKind::integer)});
  using document::Node;
  Node containers = Node::sequence();
  containers.push_back(Node::mapping(
      {{"name", Node::string("main")}, {"securityContext", Node::mapping({{"readOnlyRootFilesystem", Node::boolean(true)}})}}));
  task.pod =
      Node::mapping({{"metadata", Node::mapping({{"labels", Node::mapping({{"team", Node::string("${{ task.name }}")}})}})},
                     {"spec", Node::mapping({{"securityContext", Node::mapping({{"runAsUser", Node::integer(1234)}})},
                                             {"containers", std::move(containers)}})}});
  const auto id = cluster.start(task);
  const auto outcome = cluster.outcome(id);
  check_success(outcome);
  CHECK(outcome.outputs.at("user") == Value::integer(1234));
  CHECK(cluster.log(id) == "/kfrun/work/tmp\n");
  CHECK(cluster.pod(id).find_path({"metadata", "labels", "team"})->text() == "strict");
}

// scripts/cluster makes the image; other clusters do not have it.
TEST_CASE("the launcher runs in an image that has no shell") {
  Cluster cluster;
  Task task;
  task.name = "bare";
  task.container.image = text_of("local.test/pause:1");
  task.container.command = {text_of("/busybox"), text_of("true")};
  task.outputs = {output_of("x", TypeKind::string)};
  task.outputs[0].default_value = Value::string("unwritten");
  const auto outcome = cluster.run(task);
  check_success(outcome);
  CHECK(outcome.outputs.at("x") == Value::string("unwritten"));
}

TEST_CASE("a pod's policy is told when it forbids the task") {
  Cluster cluster;
  auto task = shell_task("root", "true");
  task.pod = document::Node::mapping(
      {{"spec",
        document::Node::mapping({{"securityContext", document::Node::mapping({{"runAsUser", document::Node::integer(0)}})}})}});
  const auto outcome = cluster.run(task);
  CHECK(outcome.failure == FailureClass::configuration);
  CHECK_THAT(outcome.message, ContainsSubstring("violates PodSecurity \"restricted"));
}

TEST_CASE("a quota makes tasks wait their turn, and what keeps a pod from beginning is told") {
  using document::Node;
  const TestNamespace space(shared().client);
  Cluster cluster({}, fresh_run_id(), space.name);
  const Node quota = Node::mapping({{"apiVersion", Node::string("v1")},
                                    {"kind", Node::string("ResourceQuota")},
                                    {"metadata", Node::mapping({{"name", Node::string("one")}})},
                                    {"spec", Node::mapping({{"hard", Node::mapping({{"pods", Node::string("1")}})}})}});
  const kube::ResourceType quotas{"", "v1", "resourcequotas", "ResourceQuota"};
  throw_unless_ok(cluster.client().create(quotas, cluster.space(), quota), "creating a quota");
  // It counts once the controller has seen it.
  REQUIRE(cluster.wait_until([&] {
    return cluster.client().get(quotas, cluster.space(), "one").body.find_path({"status", "hard", "pods"}) != nullptr;
  }));
  const auto first = shell_task("first", "sleep 2");
  const auto second = shell_task("second", "true");
  cluster.start(first);
  REQUIRE(cluster.wait_until([&] { return cluster.began.count({"first", 0}) > 0; }));
  cluster.start(second);
  check_success(cluster.outcome({"first", 0}));
  check_success(cluster.outcome({"second", 0}));
  const auto& told = cluster.news[{"second", 0}];
  REQUIRE_FALSE(told.empty());
  CHECK_THAT(told.front(), ContainsSubstring("exceeded quota: one"));
  cluster.client().remove(quotas, cluster.space(), "one");

  auto stuck = shell_task("stuck", "true");
  stuck.pod = document::read_own_yaml(R"(
spec:
  containers: [{name: main, volumeMounts: [{name: key, mountPath: /key}]}]
  volumes: [{name: key, secret: {secretName: absent}}]
)",
                                      "pod.yaml");
  const auto id = cluster.start(stuck);
  REQUIRE(cluster.wait_until([&] { return !cluster.news[id].empty(); }, seconds(60)));
  CHECK_THAT(cluster.news[id].front(), ContainsSubstring("secret \"absent\" not found"));
  cluster.executor().cancel(id);
  CHECK(cluster.outcome(id).failure == FailureClass::stopped);
}

TEST_CASE("logs are followed while a task runs") {
  Cluster cluster;
  const auto task = shell_task("ticks", "for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done");
  const auto id = cluster.start(task);
  REQUIRE(cluster.wait_until([&] { return cluster.client().get(kube::types::pods, cluster.space(), cluster.pod_of(id)).ok(); }));
  std::string text;
  std::optional<std::chrono::steady_clock::time_point> first, last;
  read_pod_log(cluster.client(), cluster.space(), cluster.pod_of(id), true, [&](std::string_view bytes) {
    last = std::chrono::steady_clock::now();
    if (!first) first = last;
    text += bytes;
    return true;
  });
  CHECK(text == "1\n2\n3\n4\n5\n6\n");
  REQUIRE(last);
  CHECK(*last - *first > milliseconds(1000));
  CHECK_THROWS_AS(cluster.log({"absent", 0}), Error);
}

TEST_CASE("containers beside the main one do not keep an attempt from ending") {
  KubernetesOptions options;
  options.pod.grace = seconds(2);
  Cluster cluster(options);
  auto task = shell_task("accompanied", "echo 7 > $1", {"${{ outputs.x }}"}, {output_of("x", TypeKind::integer)});
  using document::Node;
  Node containers = Node::sequence();
  containers.push_back(
      Node::mapping({{"name", Node::string("beside")},
                     {"image", Node::string(kTestImage)},
                     {"command", Node::strings({"sleep", "600"})},
                     {"securityContext", Node::mapping({{"allowPrivilegeEscalation", Node::boolean(false)},
                                                        {"capabilities", Node::mapping({{"drop", Node::strings({"ALL"})}})}})}}));
  task.pod = Node::mapping({{"spec", Node::mapping({{"containers", std::move(containers)}})}});
  const auto id = cluster.start(task);
  const auto outcome = cluster.outcome(id);
  check_success(outcome);
  CHECK(outcome.outputs.at("x") == Value::integer(7));
  CHECK(cluster.wait_until([&] { return cluster.pod(id).find_path({"status", "phase"})->text() == "Failed"; }, seconds(40)));
}

TEST_CASE("the finished pod of a `once` task stays until its result was given") {
  Cluster cluster;
  auto task = shell_task("single", "true");
  task.once = true;
  const auto id = cluster.start(task);
  REQUIRE(cluster.wait_until([&] { return cluster.has_pod(id); }));
  CHECK(cluster.pod(id).find_path({"metadata", "finalizers"}) != nullptr);
  check_success(cluster.outcome(id));
  CHECK(cluster.wait_until([&] { return cluster.pod(id).find_path({"metadata", "finalizers"}) == nullptr; }, seconds(20)));
}

}  // namespace kfrun::run
