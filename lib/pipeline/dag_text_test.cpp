// The drawings, and plans that are read back. The text form is tested by the cases of testdata/pipeline.
#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "pipeline/pipeline.h"

namespace kfrun::pipeline {
namespace {

Pipeline small() {
  MemoryFileSystem files;
  files.add("p.yaml", R"(
apiVersion: kfrun/v1
kind: Pipeline
name: small
params: {n: integer}
tasks:
  load: {command: [a, "${{ outputs.n }}"], outputs: {n: integer}}
  fit:
    matrix: {seed: 2, fold: "${{ params.n }}"}
    when: tasks.load.outputs.n > 3 and "<a>" != "b"
    with: {n: "${{ tasks.load.outputs.n }}"}
    pipeline: {tasks: {one: {command: [a, "${{ params.n }}"]}, two: {pause: 1s, after: one}}}
finally:
  mail: {command: [mail]}
)");
  auto result = compile(files, "p.yaml");
  REQUIRE(result.diagnostics.empty());
  return std::move(result.pipeline);
}

TEST_CASE("a pipeline is drawn for Graphviz") {
  CHECK(to_dot(small()) == R"(digraph "small" {
  rankdir=LR;
  t_0 [label="load", shape=box];
  t_1 [label="fit x seed, fold\nwhen tasks.load.outputs.n > 3 and \"<a>\" != \"b\"", shape=box3d, peripheries=2];
  subgraph cluster_t_1g {
  label="fit";
  t_1_0 [label="one", shape=box];
  t_1_1 [label="two", shape=ellipse];
  }
  t_f0 [label="mail", shape=box];
  t_0 -> t_1;
  t_1_0 -> t_1_1;
  t_1 -> t_f0 [style=dashed];
}
)");
}

TEST_CASE("a pipeline is drawn for Mermaid") {
  CHECK(to_mermaid(small()) == R"(flowchart LR
  t_0["load"]
  t_1[["fit x seed, fold<br>when tasks.load.outputs.n &gt; 3 and &quot;&lt;a&gt;&quot; != &quot;b&quot;"]]
  subgraph t_1g["fit"]
  t_1_0["one"]
  t_1_1(["two"])
  end
  t_f0["mail"]
  t_0 --> t_1
  t_1_0 --> t_1_1
  t_1 -.-> t_f0
)");
}

TEST_CASE("a plan says where its tasks stand, and damaged ones are refused") {
  const auto plan = to_node(small());
  const Pipeline read = pipeline_from_node(plan);
  CHECK(to_string(read.dags.at(0).tasks.at(1).place) == "p.yaml:8:3 (tasks.fit)");
  CHECK(to_string(read.dags.at(0).tasks.at(1).condition->place) == "p.yaml:8:3 (tasks.fit)");

  const auto damaged = [](const std::string& json) { CHECK_THROWS_AS(pipeline_from_node(document::read_json(json, "")), Error); };
  damaged("{}");
  damaged("[]");
  damaged(R"({"format": "kfrun/plan-v2", "name": "a"})");
  damaged(R"({"format": "kfrun/plan-v1", "dags": {}})");
  damaged(R"({"format": "kfrun/plan-v1", "dags": [{"tasks": [{"name": "a", "kind": "contaner"}]}]})");
  damaged(R"({"format": "kfrun/plan-v1", "dags": [{"tasks": [{"name": "a", "kind": "pipeline", "body": 1}]}]})");
  damaged(R"({"format": "kfrun/plan-v1", "dags": [{"tasks": [{"name": "a", "kind": "suspend", "dependencies": [1]}]}]})");
  damaged(R"({"format": "kfrun/plan-v1", "dags": [{"params": [{"name": "a", "type": "text"}]}]})");
  damaged(R"({"format": "kfrun/plan-v1", "dags": [{"outputs": [{"name": "a", "type": "any", "value": "${{ 1 + }}"}]}]})");
}

}  // namespace
}  // namespace kfrun::pipeline
