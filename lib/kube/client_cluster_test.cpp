// The client against a real API server: what only a real one can confirm. Faults are client_test.cpp's.
#include <unistd.h>

#include <cstdlib>

#include "base/digest.h"
#include "base/test.h"
#include "kube/client.h"

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

}  // namespace kfrun::kube
