#include "run/kubernetes_room.h"

#include "base/test.h"
#include "document/reader.h"

namespace kfrun::run {

namespace {

using document::Node;

Node json(const std::string& text) { return document::read_json(text, "test"); }

const Node kPod = json(R"({"spec": {"containers": [{"name": "main",
  "resources": {"requests": {"cpu": "4", "nvidia.com/gpu": "1"}}}]}})");

const Node kNodes = json(R"({"items": [
  {"metadata": {"name": "small"}, "status": {"allocatable": {"cpu": "2", "memory": "4Gi"}}},
  {"metadata": {"name": "gpu"}, "spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}, {"key": "x", "effect": "PreferNoSchedule"}]},
   "status": {"allocatable": {"cpu": "7910m", "memory": "31Gi", "nvidia.com/gpu": "2"}}},
  {"metadata": {"name": "away"}, "spec": {"unschedulable": true}, "status": {"allocatable": {"cpu": "1", "memory": "512Mi"}}}]})");

}  // namespace

TEST_CASE("what nodes have free is what their pods did not ask for") {
  const Node pods = json(R"({"items": [
    {"spec": {"nodeName": "gpu", "containers": [{"resources": {"requests": {"cpu": "1500m", "memory": "1Gi"}}},
                                                {"resources": {"requests": {"cpu": "500m", "nvidia.com/gpu": "1"}}}],
              "initContainers": [{"resources": {"requests": {"cpu": "1", "memory": "3Gi"}}}]}},
    {"spec": {"nodeName": "small", "containers": [{}], "overhead": {"memory": "1536Mi"}}},
    {"spec": {"containers": [{"resources": {"requests": {"cpu": "100"}}}]}}]})");
  CHECK(describe_room(kPod, kNodes, pods) ==
        "free: gpu 5.91 cpu, 28.0Gi memory, 1 nvidia.com/gpu (tainted gpu); small 2 cpu, 2.5Gi memory, 0 nvidia.com/gpu; "
        "away 1 cpu, 512Mi memory, 0 nvidia.com/gpu (cordoned)");
}

TEST_CASE("where pods cannot be listed, what the nodes have is told; of many nodes the first") {
  CHECK_THAT(describe_room(kPod, kNodes, Node::null()),
             ContainsSubstring("in all: gpu 7.91 cpu, 31.0Gi memory, 2 nvidia.com/gpu"));
  CHECK(describe_room(kPod, json("{}"), Node::null()).empty());
  Node many = json(R"({"items": []})");
  for (int i = 0; i < 9; ++i) many.find("items")->push_back(kNodes.find("items")->items()[0]);
  CHECK_THAT(describe_room(kPod, many, Node::null()), ContainsSubstring("; and 4 nodes more"));
}

}  // namespace kfrun::run
