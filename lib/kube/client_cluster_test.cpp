// The client against a real API server: what only a real one can confirm. Faults are client_test.cpp's.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/digest.h"
#include "base/test.h"
#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kube/client.h"
#include "kube/discovery.h"
#include "kube/tcp_proxy.h"

namespace kfrun::kube {

namespace {

using document::Node;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string test_kubeconfig() { return std::getenv("KFRUN_TEST_KUBECONFIG"); }

Config cluster_config(const std::string& kubeconfig = test_kubeconfig()) {
  ConfigOverrides overrides;
  overrides.kubeconfig = kubeconfig;
  return load_config(overrides, disk(), {});
}

Node object_named(const std::string& name) {
  return Node::mapping({{"metadata", Node::mapping({{"name", Node::string(name)}})}});
}

// A namespace of its own, deleted at the end.
struct Fixture {
  Client client{cluster_config()};
  std::string name_space = "kfrun-kube-test-" + hex(random_bytes(4));

  Fixture() { throw_unless_ok(client.create(types::namespaces, "", object_named(name_space)), "creating the test's namespace"); }
  ~Fixture() { client.remove(types::namespaces, "", name_space); }

  Node config_map(const std::string& name, const std::string& value) const {
    Node object = object_named(name);
    object.find("metadata")->set("labels", Node::mapping({{"test", Node::string("kube")}}));
    object.set("data", Node::mapping({{"value", Node::string(value)}}));
    return object;
  }
  void create(const std::string& name, const std::string& value = "1") {
    throw_unless_ok(client.create(types::config_maps, name_space, config_map(name, value)), "creating " + name);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "objects are created, read, changed and removed over HTTP/2") {
  const Reply created = client.create(types::config_maps, name_space, config_map("a", "1"));
  CHECK(created.status == 201);
  CHECK(created.http_version == 20);
  CHECK(created.attempts == 1);
  CHECK(created.body.find_path({"data", "value"})->text() == "1");

  const Reply again = client.create(types::config_maps, name_space, config_map("a", "2"));
  CHECK(again.status == 409);
  CHECK(again.reason() == "AlreadyExists");
  CHECK(again.message() == "configmaps \"a\" already exists");

  Node object = created.body;
  object.child_mapping("data").set("value", Node::string("2"));
  CHECK(client.update(types::config_maps, name_space, object).ok());
  const Reply stale = client.update(types::config_maps, name_space, object);  // the old resourceVersion
  CHECK(stale.status == 409);
  CHECK(stale.reason() == "Conflict");

  const Node patch = Node::mapping({{"data", Node::mapping({{"more", Node::string("3")}})}});
  const Reply patched = client.patch(types::config_maps, name_space, "a", patch, "application/merge-patch+json");
  CHECK(patched.ok());
  CHECK(patched.body.find_path({"data", "value"})->text() == "2");
  CHECK(patched.body.find_path({"data", "more"})->text() == "3");

  Node applied = config_map("b", "1");
  applied.set("apiVersion", Node::string("v1"));
  applied.set("kind", Node::string("ConfigMap"));
  CHECK(
      client.patch(types::config_maps, name_space, "b", applied, "application/apply-patch+yaml", "?fieldManager=kfrun").status ==
      201);

  CHECK(client.remove(types::config_maps, name_space, "a").ok());
  CHECK(client.remove(types::config_maps, name_space, "a").status == 404);
  const Reply gone = client.get(types::config_maps, name_space, "a");
  CHECK(gone.status == 404);
  CHECK(gone.reason() == "NotFound");
}

TEST_CASE_METHOD(Fixture, "a list is read page by page") {
  for (int i = 0; i < 7; ++i) create(fmt::format("page-{}", i));
  const auto objects = client.list(types::config_maps, name_space, "test=kube", 2);
  REQUIRE(objects.size() == 7);
  for (int i = 0; i < 7; ++i) CHECK(objects[i].find_path({"metadata", "name"})->text() == fmt::format("page-{}", i));
}

namespace {

// A watch whose events are written down as words: "added a", "synced".
class Watcher {
 public:
  Watcher(Client& client, const ResourceType& type, const std::string& name_space, WatchOptions options = {}) : client_(client) {
    handle_ = client.watch(
        type, name_space, std::move(options),
        [this](const WatchEvent& event) {
          constexpr std::string_view words[] = {"added", "modified", "deleted", "bookmark", "synced"};
          const Node* name = event.object.find_path({"metadata", "name"});
          log.push_back(std::string(words[static_cast<int>(event.type)]) + (name == nullptr ? "" : " " + name->text()));
        },
        [this](const Error& error) { log.push_back(fmt::format("failed: {}", error.what())); });
  }
  ~Watcher() { client_.cancel(handle_); }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  bool saw(const std::string& word, Duration wait = seconds(20)) {
    const auto until = std::chrono::steady_clock::now() + wait;
    while (std::find(log.begin(), log.end(), word) == log.end()) {
      if (std::chrono::steady_clock::now() >= until) return false;
      client_.run_once(milliseconds(100));
    }
    return true;
  }

  std::vector<std::string> log;

 private:
  Client& client_;
  Handle handle_ = 0;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a watch sees objects come, change and go, over the ends of its streams") {
  create("early");
  WatchOptions options;
  options.label_selector = "test=kube";
  options.stream_time = seconds(3);
  Watcher watcher(client, types::config_maps, name_space, options);
  REQUIRE(watcher.saw("synced"));
  CHECK(watcher.log == std::vector<std::string>{"added early", "synced"});

  create("late");
  REQUIRE(watcher.saw("added late"));
  CHECK(client
            .patch(types::config_maps, name_space, "late",
                   Node::mapping({{"data", Node::mapping({{"value", Node::string("2")}})}}), "application/merge-patch+json")
            .ok());
  REQUIRE(watcher.saw("modified late"));
  CHECK(client.remove(types::config_maps, name_space, "early").ok());
  REQUIRE(watcher.saw("deleted early"));
  REQUIRE(watcher.saw("bookmark"));  // the server sends one before it ends a stream

  const auto until = std::chrono::steady_clock::now() + seconds(5);
  while (std::chrono::steady_clock::now() < until) client.run_once(milliseconds(100));
  create("after");
  REQUIRE(watcher.saw("added after"));
  std::erase(watcher.log, "bookmark");
  CHECK(watcher.log ==
        std::vector<std::string>{"added early", "synced", "added late", "modified late", "deleted early", "added after"});
}

TEST_CASE_METHOD(Fixture, "the server says that an old version has expired in the form that the watch expects") {
  // Version 1 is before anything that the server still knows, unless its history was never compacted.
  Request request;
  request.path = path_of(types::config_maps, name_space) + "?watch=true&timeoutSeconds=2&resourceVersion=1";
  std::string text;
  std::optional<Reply> reply;
  client.stream(
      request, [&](std::string_view bytes) { return text += bytes, true; }, [&](const Reply& end) { reply = end; });
  while (!reply) client.run_once(seconds(1));
  if (reply->status == 410) {
    CHECK(reply->reason() == "Expired");
  } else if (text.find("\"ERROR\"") != std::string::npos) {
    CHECK_THAT(text, ContainsSubstring("\"code\":410"));
  } else {
    WARN("this server still knows version 1");
  }
}

TEST_CASE_METHOD(Fixture, "who has no rights is denied, in the server's words") {
  const std::string token_file = directory_of(test_kubeconfig()) + "/token.kubeconfig";
  if (!disk().is_file(token_file)) {
    WARN("skipped: no " << token_file);
    return;
  }
  Client denied(cluster_config(token_file));
  const Reply reply = denied.get(types::pods, name_space, "x");
  CHECK(reply.status == 403);
  try {
    throw_unless_ok(reply, "reading pod x");
    FAIL("not thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::denied);
    CHECK_THAT(error.what(), ContainsSubstring("reading pod x: pods \"x\" is forbidden: User \"dev-user\" cannot get"));
  }
  Watcher watcher(denied, types::pods, name_space);
  while (watcher.log.empty()) denied.run_once(seconds(1));
  CHECK_THAT(watcher.log.front(), ContainsSubstring("failed: watching pods: pods is forbidden"));

  Config wrong = cluster_config(token_file);
  wrong.token = "no-such-token";
  Client stranger(wrong);
  CHECK(stranger.get(types::pods, name_space, "x").status == 401);
}

TEST_CASE_METHOD(Fixture, "impersonation is the server's to allow") {
  Config config = cluster_config();
  config.impersonate_user = "somebody";
  config.impersonate_groups = {"nobodies"};
  Client other(config);
  CHECK_THAT(other.get(types::pods, name_space, "x").message(), ContainsSubstring("User \"somebody\" cannot get"));
}

TEST_CASE_METHOD(Fixture, "a log is followed while the pod writes it, and to its end") {
  Node pod = document::read_own_yaml(R"(
apiVersion: v1
kind: Pod
metadata: {name: talker}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: local.test/busybox:1
      imagePullPolicy: Never
      command: [sh, -c, "for i in 1 2 3; do echo line $i; sleep 1; done"]
)",
                                     "pod");
  throw_unless_ok(client.create(types::pods, name_space, pod), "creating the pod");
  Watcher watcher(client, types::pods, name_space);
  LogOptions options;
  options.container = "main";
  options.follow = true;
  std::string text;
  std::optional<Reply> reply;
  std::vector<std::chrono::steady_clock::time_point> times;
  const auto until = std::chrono::steady_clock::now() + seconds(60);
  // Until the container runs, the server answers 400.
  while (text.empty() && std::chrono::steady_clock::now() < until) {
    reply.reset();
    client.stream(
        {.path = log_path(name_space, "talker", options)},
        [&](std::string_view bytes) {
          text += bytes;
          times.push_back(std::chrono::steady_clock::now());
          return true;
        },
        [&](const Reply& end) { reply = end; });
    while (!reply) client.run_once(milliseconds(200));
    if (text.empty()) client.run_once(milliseconds(200));
  }
  CHECK(text == "line 1\nline 2\nline 3\n");
  REQUIRE(reply);
  CHECK(reply->ok());
  REQUIRE(times.size() >= 2);
  CHECK(times.back() - times.front() >= milliseconds(900));  // as they were written, not all at the end

  options.follow = false;
  options.tail_lines = 1;
  CHECK(client.send({.path = log_path(name_space, "talker", options)}).body.text() == "line 3\n");
}

TEST_CASE_METHOD(Fixture, "discovery finds built-in types, and a CRD after it was installed") {
  CHECK(server_version(client).minor >= 19);
  Discovery discovery(client);
  const auto deployment = discovery.find("apps/v1", "Deployment");
  REQUIRE(deployment);
  CHECK(*deployment == ResourceType{"apps", "v1", "deployments", "Deployment", true});
  CHECK(discovery.find("v1", "Namespace") == types::namespaces);
  CHECK(discovery.find("v1", "Pod") == types::pods);
  CHECK_FALSE(discovery.find("apps/v1beta1", "Deployment"));
  CHECK_FALSE(discovery.find("v1", "PodStatusResult"));

  const std::string group = "kube-test-" + hex(random_bytes(4)) + ".kfrun.dev";
  Node definition = document::read_own_yaml(R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.GROUP}
spec:
  group: GROUP
  scope: Cluster
  names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
)",
                                            "definition");
  definition.find("metadata")->set("name", Node::string("things." + group));
  definition.find("spec")->set("group", Node::string(group));
  const auto definitions = discovery.find("apiextensions.k8s.io/v1", "CustomResourceDefinition");
  REQUIRE(definitions);
  CHECK_FALSE(discovery.find(group + "/v1", "Thing"));
  throw_unless_ok(client.create(*definitions, "", definition), "creating the definition");
  CHECK_FALSE(discovery.find(group + "/v1", "Thing"));  // as long as nobody says that something changed
  const auto until = std::chrono::steady_clock::now() + seconds(20);
  std::optional<ResourceType> thing;
  while (!thing && std::chrono::steady_clock::now() < until) {
    discovery.invalidate();
    thing = discovery.find(group + "/v1", "Thing");
    client.run_once(milliseconds(50));
  }
  CHECK(thing == ResourceType{group, "v1", "things", "Thing", false});

  Discovery everything(client);
  const auto has = [&](const ResourceType& type) {
    return std::find(everything.all().begin(), everything.all().end(), type) != everything.all().end();
  };
  CHECK(has(types::pods));
  CHECK(has(types::nodes));
  CHECK(has(*deployment));
  CHECK(has(*definitions));
  CHECK(everything.find("apps/v1", "Deployment") == deployment);
  client.remove(*definitions, "", "things." + group);
}

TEST_CASE("a server that is not the one of the kubeconfig is not spoken to") {
  Config config = cluster_config();
  config.certificate_authority.clear();  // the system's authorities do not know the cluster's
  Client strange(config);
  const Reply reply = strange.get(types::namespaces, "", "default");
  CHECK(reply.status == 0);
  CHECK(reply.attempts == 1);
  CHECK(reply.failure_kind == ErrorKind::input);
  REQUIRE(reply.hints.size() == 1);
  CHECK_THAT(reply.hints.front(), ContainsSubstring("certificate-authority"));

  config = cluster_config();
  config.tls_server_name = "kubernetes.default.svc";
  CHECK(Client(config).get(types::namespaces, "", "default").ok());
  config.tls_server_name = "elsewhere.example";
  CHECK(Client(config).get(types::namespaces, "", "default").failure_kind == ErrorKind::input);
  config.insecure_skip_tls_verify = true;
  CHECK(Client(config).get(types::namespaces, "", "default").ok());
}

TEST_CASE_METHOD(Fixture, "hundreds of requests share few connections") {
  int created = 0, over_http2 = 0;
  constexpr int kCount = 300;
  for (int i = 0; i < kCount; ++i) {
    Request request;
    request.method = "POST";
    request.path = path_of(types::config_maps, name_space);
    request.body = document::write_json(config_map(fmt::format("many-{}", i), std::string(20000, 'x')));
    client.start(std::move(request), [&](const Reply& reply) {
      ++created;
      if (reply.status == 201 && reply.http_version == 20) ++over_http2;
    });
  }
  while (created < kCount) client.run_once(seconds(1));
  CHECK(over_http2 == kCount);
  CHECK(client.list(types::config_maps, name_space, "test=kube", 100).size() == kCount);
}

namespace {

// The fixture's server behind a proxy that can fail.
struct Proxied : Fixture {
  TcpProxy proxy{port_of(client.config().server)};
  Client through{config()};

  static int port_of(const std::string& server) {
    const auto port = parse_integer(server.substr(server.rfind(':') + 1));
    return static_cast<int>(port.value_or(443));
  }
  Config config() const {
    Config config = client.config();
    config.server = fmt::format("https://127.0.0.1:{}", proxy.port());
    config.tls_server_name = client.config().tls_server_name;
    config.request_timeout = milliseconds(500);
    return config;
  }
};

}  // namespace

TEST_CASE_METHOD(Proxied, "a connection that goes silent is left by all that it carries") {
  WatchOptions options;
  options.silence = seconds(2);
  Watcher watcher(through, types::config_maps, name_space, options);
  REQUIRE(watcher.saw("synced"));
  CHECK(through.get(types::namespaces, "", name_space).attempts == 1);
  CHECK(proxy.connections() == 1);

  proxy.freeze();
  const Reply first = through.get(types::namespaces, "", name_space);
  CHECK(first.ok());
  CHECK(first.attempts == 2);
  for (int i = 0; i < 3; ++i) {  // no other request meets the dead connection
    const Reply reply = through.get(types::namespaces, "", name_space);
    CHECK(reply.ok());
    CHECK(reply.attempts == 1);
  }
  create("after");
  CHECK(watcher.saw("added after", seconds(10)));
  CHECK(proxy.connections() <= 3);

  // A silent watch alone finds out, too.
  proxy.freeze();
  create("later");
  CHECK(watcher.saw("added later", seconds(10)));
}

TEST_CASE_METHOD(Proxied, "a reset under many requests loses none that is safe to repeat") {
  Watcher watcher(through, types::config_maps, name_space);
  REQUIRE(watcher.saw("synced"));
  constexpr int kCount = 200;
  int done = 0, ok = 0, conflicts = 0;
  for (int i = 0; i < kCount; ++i) {
    Request request;
    request.method = "POST";
    request.path = path_of(types::config_maps, name_space);
    request.body = document::write_json(config_map(fmt::format("many-{}", i), "1"));
    request.idempotent = true;
    request.timeout = seconds(10);
    through.start(std::move(request), [&](const Reply& reply) {
      if (reply.status == 201) ++ok;
      if (reply.status == 409) ++conflicts;  // the first try had reached the server
      if (++done == kCount / 4) proxy.reset();
    });
  }
  while (done < kCount) through.run_once(seconds(1));
  CHECK(ok + conflicts == kCount);
  CHECK(proxy.connections() > 1);
  CHECK(client.list(types::config_maps, name_space, "test=kube").size() == kCount);
  CHECK(watcher.saw("added many-199"));
  for (int i = 0; i < kCount; ++i) CHECK(watcher.saw(fmt::format("added many-{}", i)));
}

}  // namespace kfrun::kube
