// Records and cached outputs on a real API server, whose conflicts, patches and garbage collection they rely on.
#include "run/kubernetes_record_store.h"

#include <thread>

#include "base/test.h"
#include "base/text.h"
#include "run/driver.h"
#include "run/kubernetes_cluster.h"
#include "run/kubernetes_objects.h"
#include "run/read_pod_log.h"

namespace kfrun::run {

namespace {

using document::Node;
using kube::types::config_maps;

struct Shared {
  kube::Client client{test_cluster_config()};
  TestNamespace space{client};
};
Shared& shared() {
  static Shared shared;
  return shared;
}

RunHead new_head(const std::string& name) {
  RunHead head;
  head.id = name + "-" + hex(random_bytes(4));
  head.name = name;
  head.name_space = shared().space.name;
  head.executor = "kubernetes";
  head.created = system_clock().now();
  head.arguments["rate"] = Value::number(0.5);
  return head;
}

pipeline::Pipeline pipeline_of(std::vector<pipeline::Task> tasks) {
  pipeline::Pipeline pipeline;
  pipeline.name = "test";
  pipeline.dags.resize(1);
  pipeline.dags[0].name = "test";
  pipeline.dags[0].tasks = std::move(tasks);
  return pipeline;
}

RecordEntry entry(const std::string& reason, State state = State::running) {
  RecordEntry entry;
  entry.kind = RecordEntry::Kind::instance;
  entry.at = system_clock().now();
  entry.id = {"a", 0};
  entry.state = state;
  entry.reason = reason;
  return entry;
}

std::vector<std::string> reasons(const std::vector<RecordEntry>& entries) {
  std::vector<std::string> list;
  for (const auto& entry : entries) list.push_back(entry.reason);
  return list;
}

struct Fixture {
  kube::Client& client = shared().client;
  const std::string& space = shared().space.name;
  KubernetesRecordStore store{client, space};

  std::vector<Node> config_maps_of(const std::string& run) { return client.list(config_maps, space, "kfrun.dev/run=" + run); }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a run's head, plan and record come back") {
  const auto head = new_head("first");
  const auto plan = pipeline_of({shell_task("a", std::string(1'000'000, 'x') + "ü")});
  const auto writer = store.create(head, plan);
  CHECK(to_node(store.head(head.id)) == to_node(head));
  CHECK(pipeline::to_node(store.pipeline(head.id)) == pipeline::to_node(plan));
  CHECK(store.entries(head.id).empty());
  writer->append(entry("one"));
  writer->append(entry("zwei ü"));
  CHECK(store.entries(head.id).empty());
  writer->flush();
  writer->flush();
  writer->append(entry("three"));
  writer->flush();
  CHECK(reasons(store.entries(head.id)) == std::vector<std::string>{"one", "zwei ü", "three"});
}

TEST_CASE_METHOD(Fixture, "a run is created once, though it is asked for twice") {
  const auto head = new_head("twice");
  const auto plan = pipeline_of({shell_task("a", "true")});
  store.create(head, plan);
  // The same head: an answer that was lost.
  store.create(head, plan);
  auto other = head;
  other.name = "other";
  CHECK_THROWS_AS(store.create(other, plan), Error);
}

TEST_CASE_METHOD(Fixture, "long records go on in further ConfigMaps, cut anywhere") {
  const auto head = new_head("long");
  const auto writer = store.create(head, pipeline_of({}));
  std::vector<std::string> written;
  for (int i = 0; i < 8; ++i) {
    written.push_back(std::to_string(i) + std::string(i == 5 ? 1'500'000 : 200'000, 'x') + "ü");
    writer->append(entry(written.back()));
    writer->flush();
  }
  CHECK(reasons(store.entries(head.id)) == written);
  CHECK(client.list(config_maps, space, "kfrun.dev/kind=log,kfrun.dev/run=" + head.id).size() >= 5);
}

TEST_CASE_METHOD(Fixture, "a second writer does not come between") {
  const auto head = new_head("taken");
  const auto first = store.create(head, pipeline_of({}));
  first->append(entry("one"));
  first->flush();
  const auto second = store.reopen(head.id);
  second->append(entry("two"));
  second->flush();
  // The first one's segment was left behind: it can still add to it, but not begin the next one.
  const auto third = store.reopen(head.id);
  third->append(entry("three"));
  third->flush();
  second->append(entry(std::string(800'000, 'x')));
  CHECK_THROWS_AS(second->flush(), Error);
  CHECK(reasons(store.entries(head.id)) == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE_METHOD(Fixture, "runs are listed, found by the beginning of their names, stopped and removed") {
  auto head = new_head("find-me");
  head.created -= std::chrono::hours(1);
  store.create(head, pipeline_of({}));
  auto later = new_head("find-me");
  store.create(later, pipeline_of({}));
  std::vector<std::string> ids;
  Diagnostics faults;
  for (const auto& known : store.list(faults)) ids.push_back(known.id);
  CHECK(std::find(ids.begin(), ids.end(), later.id) < std::find(ids.begin(), ids.end(), head.id));
  CHECK(store.find("@latest") == later.id);
  CHECK(store.find(head.id.substr(0, head.id.size() - 1)) == head.id);
  CHECK_THROWS_WITH(store.find("find-me"), ContainsSubstring("2 runs begin with find-me"));
  CHECK_THROWS_WITH(store.find("absent"), ContainsSubstring("there is no run absent"));
  CHECK_THROWS_AS(store.head("absent"), Error);
  CHECK_THROWS_AS(store.entries("absent"), Error);
  CHECK_THROWS_AS(store.request_stop("absent", ""), Error);

  CHECK_FALSE(store.stop_requested(head.id));
  store.request_stop(head.id, "enough");
  CHECK(store.stop_requested(head.id));
  CHECK_FALSE(store.stop_requested(later.id));
  store.reopen(head.id);
  CHECK(store.stop_requested(head.id));
  store.withdraw_stop(head.id);
  CHECK_FALSE(store.stop_requested(head.id));

  store.remove(head.id);
  CHECK_THROWS_AS(store.head(head.id), Error);
  for (int i = 0; i < 100 && !config_maps_of(head.id).empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(config_maps_of(head.id).empty());
  CHECK_FALSE(config_maps_of(later.id).empty());
}

TEST_CASE_METHOD(Fixture, "outputs are kept for later runs; those with artifacts while their claim is the same") {
  KubernetesCache cache(client, space);
  const std::string key = sha256_hex("key"), other = sha256_hex("other");
  CHECK(cache.find(key) == std::nullopt);
  cache.keep(key, {{"n", Value::integer(1)}});
  CHECK(cache.find(key) == Values{{"n", Value::integer(1)}});
  cache.keep(key, {{"n", Value::integer(2)}});
  CHECK(cache.find(key) == Values{{"n", Value::integer(2)}});

  const Values artifact{{"a", pipeline::make_artifact({"pvc://kfrun-artifacts/store/ab/a", "", "ab", {}})}};
  const Node claim = Node::mapping(
      {{"metadata", Node::mapping({{"name", Node::string("kfrun-artifacts")}})},
       {"spec",
        Node::mapping({{"accessModes", Node::strings({"ReadWriteOnce"})},
                       {"resources", Node::mapping({{"requests", Node::mapping({{"storage", Node::string("1Mi")}})}})}})}});
  throw_unless_ok(client.create(kube::types::persistent_volume_claims, space, claim), "creating the claim");
  cache.keep(other, artifact);
  CHECK(cache.find(other) == artifact);
  cache.settle();
  client.remove(kube::types::persistent_volume_claims, space, "kfrun-artifacts");
  CHECK(cache.find(other) == std::nullopt);
}

TEST_CASE_METHOD(Fixture, "a whole run: driven, recorded, cached, and gone with its head") {
  auto greet = shell_task("greet", "echo \"hello, $1\" > $2", {"${{ inputs.name }}", "${{ outputs.greeting }}"},
                          {output_of("greeting", pipeline::TypeKind::string)});
  greet.inputs.push_back({"name", {}, pipeline::Expression::constant(Value::string("cluster")), false, {}});
  auto shout = shell_task("shout", "echo $1 | tr a-z A-Z", {"${{ inputs.text }}"});
  shout.inputs.push_back({"text", {}, pipeline::Expression::reference("tasks.greet.outputs.greeting"), false, {}});
  shout.dependencies = {0};
  const auto plan = std::make_shared<const pipeline::Pipeline>(pipeline_of({greet, shout}));

  const auto carry = [&](const RunHead& head) {
    KubernetesCache cache(client, space);
    const auto record = store.create(head, *plan);
    KubernetesExecutor executor(client, {head.id, head.name, space, "/"});
    EngineOptions options;
    options.run_id = head.id;
    Engine engine(plan, {}, options);
    return drive(engine, {executor, *record, cache, system_clock(), {}, {}}).state;
  };
  const auto head = new_head("whole");
  CHECK(carry(head) == State::succeeded);
  const auto summary = summarise(head, store.entries(head.id));
  CHECK(summary.state == State::succeeded);
  REQUIRE(summary.tasks.size() == 2);
  CHECK(summary.tasks[0].outputs.at("greeting") == Value::string("hello, cluster"));
  std::string log;
  read_pod_log(client, space, summary.tasks[1].pod, false, [&](std::string_view bytes) {
    log += bytes;
    return true;
  });
  CHECK(log == "HELLO, CLUSTER\n");

  const auto again = new_head("again");
  CHECK(is_success(carry(again)));
  const auto tasks = summarise(again, store.entries(again.id)).tasks;
  REQUIRE(tasks.size() == 2);
  CHECK(tasks[0].state == State::cached);
  CHECK(tasks[1].state == State::succeeded);  // it has no outputs that could be kept

  // All that the run made is its head's: pods, plan, record, and the launcher, which two runs share.
  store.remove(head.id);
  store.remove(again.id);
  const auto launchers = [&] {
    int count = 0;
    for (const auto& object : client.list(config_maps, space, "app.kubernetes.io/managed-by=kfrun")) {
      count += object.find("binaryData") != nullptr;
    }
    return count;
  };
  const auto pods = [&] { return client.list(kube::types::pods, space, "kfrun.dev/run=" + head.id).size(); };
  for (int i = 0; i < 150 && (pods() > 0 || launchers() > 0); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(pods() == 0);
  CHECK(launchers() == 0);
}

}  // namespace kfrun::run
