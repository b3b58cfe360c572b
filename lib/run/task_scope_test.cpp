#include "run/task_scope.h"

#include "base/test.h"

namespace kfrun::run {

namespace {

using pipeline::make_artifact;

pipeline::Output output(const std::string& name) {
  pipeline::Output made;
  made.name = name;
  return made;
}

struct Fixture {
  pipeline::Task task;
  Work work;
  RunContext run{"digits-1", "digits", "lab", "/src"};
  TaskPaths paths{[](const pipeline::Artifact& artifact) { return "/in/" + artifact.uri; },
                  [](const pipeline::Output& output) { return "/out/" + output.name; },
                  [](const pipeline::Output& output) { return "store://" + output.name; }};

  Fixture() {
    task.name = "fit";
    task.outputs = {output("model"), output("score")};
    work.task = &task;
    work.id = {"train#2/fit", 1};
    work.inputs = {{"rate", Value::number(0.1)},
                   {"table", make_artifact({"t.csv", "", "", {}})},
                   {"parts", Value::sequence({make_artifact({"a", "", "", {}}), make_artifact({"b", "", "", {}})})},
                   {"nothing", Value::null()}};
  }

  std::string text(const std::string& template_text) {
    return evaluate_texts({pipeline::parse_template(template_text, pipeline::Dialect::native, {})}, task_scope(work, run, paths))
        .at(0);
  }
};

}  // namespace

TEST_CASE("a task's inputs are values, artifacts the paths of their bytes") {
  Fixture fixture;
  CHECK(fixture.text("--rate=${{ inputs.rate }}") == "--rate=0.1");
  CHECK(fixture.text("${{ inputs.table }}") == "/in/t.csv");
  CHECK(fixture.text("${{ inputs.table.uri }}") == "t.csv");
  CHECK(fixture.text("${{ inputs.parts }}") == R"(["/in/a","/in/b"])");
  CHECK(fixture.text("${{ inputs.parts.uri }}") == R"(["a","b"])");
  CHECK(fixture.text("<${{ inputs.nothing }}>") == "<>");
}

TEST_CASE("a task's outputs are the paths to write them to") {
  Fixture fixture;
  CHECK(fixture.text("${{ outputs.model }}") == "/out/model");
  CHECK(fixture.text("${{ outputs.model.uri }}") == "store://model");
}

TEST_CASE("a task knows its run and itself") {
  Fixture fixture;
  CHECK(fixture.text("${{ run.id }} ${{ run.name }} ${{ run.namespace }}") == "digits-1 digits lab");
  CHECK(fixture.text("${{ task.name }} ${{ task.path }} ${{ task.attempt }} ${{ task.index }}") == "fit train#2/fit 1 0");
  fixture.work.loop_index = 4;
  CHECK(fixture.text("${{ task.index }}") == "4");
}

TEST_CASE("names that a task does not have are errors") {
  Fixture fixture;
  CHECK_THROWS_AS(fixture.text("${{ inputs.missing }}"), Error);
  CHECK_THROWS_AS(fixture.text("${{ inputs.rate.uri }}"), Error);
  CHECK_THROWS_AS(fixture.text("${{ outputs.missing }}"), Error);
  CHECK_THROWS_AS(fixture.text("${{ params.rate }}"), Error);
}

}  // namespace kfrun::run
