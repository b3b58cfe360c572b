// For tests on a real cluster: a namespace of its own that holds pods to the "restricted" profile, and tasks by their commands.
#pragma once

#include <chrono>
#include <cstdlib>

#include "base/digest.h"
#include "kube/client.h"
#include "kube/config.h"
#include "run/kubernetes_executor.h"

namespace kfrun::run {

inline constexpr const char* kTestImage = "local.test/busybox:1";

inline kube::Config test_cluster_config() {
  kube::ConfigOverrides overrides;
  overrides.kubeconfig = std::getenv("KFRUN_TEST_KUBECONFIG");
  return kube::load_config(overrides, disk(), {});
}

class TestNamespace {
 public:
  explicit TestNamespace(kube::Client& client) : client_(client), name("kfrun-run-test-" + hex(random_bytes(4))) {
    using document::Node;
    const Node labels = Node::mapping({{"pod-security.kubernetes.io/enforce", Node::string("restricted")}});
    const Node object = Node::mapping({{"metadata", Node::mapping({{"name", Node::string(name)}, {"labels", labels}})}});
    throw_unless_ok(client_.create(kube::types::namespaces, "", object), "creating the test's namespace");
  }
  ~TestNamespace() { client_.remove(kube::types::namespaces, "", name); }
  TestNamespace(const TestNamespace&) = delete;
  TestNamespace& operator=(const TestNamespace&) = delete;

 private:
  kube::Client& client_;

 public:
  const std::string name;
};

inline pipeline::Expression text_of(const std::string& text) {
  return pipeline::parse_template(text, pipeline::Dialect::native, {});
}

inline pipeline::Output output_of(const std::string& name, pipeline::TypeKind kind) {
  pipeline::Output output;
  output.name = name;
  output.type.kind = kind;
  return output;
}

// A task that runs a shell script; its words after the script are the shell's $1, $2, ...
inline pipeline::Task shell_task(const std::string& name, const std::string& script, const std::vector<std::string>& words = {},
                                 std::vector<pipeline::Output> outputs = {}) {
  pipeline::Task task;
  task.name = name;
  task.container.image = text_of(kTestImage);
  for (const auto& word : {std::string("sh"), std::string("-c"), script, name}) {
    task.container.command.push_back(text_of(word));
  }
  for (const auto& word : words) task.container.args.push_back(text_of(word));
  task.outputs = std::move(outputs);
  return task;
}

}  // namespace kfrun::run
