// Each folder of testdata/pipeline is a case: pipeline.yaml and what it uses, expected.txt with the text of the Dag,
// expected.err with the diagnostics where there are any. The expectations are written by hand.
#include <algorithm>
#include <filesystem>

#include "base/test.h"
#include "document/writer.h"
#include "pipeline/native.h"

namespace kfrun::pipeline {
namespace {

namespace fs = std::filesystem;

MemoryFileSystem files_of(const std::string& folder) {
  MemoryFileSystem files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.add(fs::relative(entry.path(), folder).string(), disk().read(entry.path().string()));
  }
  return files;
}

std::string text_of(const Diagnostics& diagnostics) {
  std::string text;
  for (const auto& one : diagnostics) text += to_string(one);
  return text;
}

std::string expected(const std::string& file) { return fs::exists(file) ? disk().read(file) : ""; }

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(testdata("pipeline"))) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// A pipeline of one file.
CompileResult compiled(const std::string& text) {
  MemoryFileSystem files;
  files.add("p.yaml", text);
  return compile(files, "p.yaml");
}

TEST_CASE("what is to become of a task whose node is lost") {
  const auto of = [](const std::string& defaults, const std::string& task) {
    return compiled("apiVersion: kfrun/v1\nkind: Pipeline\nname: p\ndefaults: {" + defaults + "}\ntasks: {t: {command: [a]" +
                    task + "}}\n");
  };
  const auto wait = [&](const std::string& defaults, const std::string& task) {
    const auto result = of(defaults, task);
    REQUIRE(result.diagnostics.empty());
    return result.pipeline.dags[0].tasks[0].node_loss_wait;
  };
  CHECK(wait("", "") == std::nullopt);
  CHECK(wait("onNodeLoss: retry", "") == std::chrono::minutes(1));
  CHECK(wait("onNodeLoss: retry", ", onNodeLoss: wait") == std::nullopt);
  CHECK(wait("onNodeLoss: retry", ", once: true") == std::nullopt);
  CHECK(wait("", ", onNodeLoss: {retry-after: 90s}") == std::chrono::seconds(90));
  CHECK_THAT(text_of(of("", ", onNodeLoss: never").diagnostics), ContainsSubstring("expected wait, retry or {retry-after: 30s}"));
  CHECK_THAT(text_of(of("", ", onNodeLoss: {}").diagnostics), ContainsSubstring("'retry-after' is missing"));
  CHECK_THAT(text_of(of("", ", onNodeLoss: {retry-after: 0s}").diagnostics), ContainsSubstring("error"));
  CHECK_THAT(text_of(of("", ", onNodeLoss: retry, once: true").diagnostics),
             ContainsSubstring("cannot run again while the node"));
}

TEST_CASE("native pipelines compile to the Dags expected, and say what is wrong") {
  const auto names = cases();
  REQUIRE(names.size() >= 10);
  for (const auto& name : names) {
    INFO(name);
    const std::string folder = testdata("pipeline/" + name);
    const auto result = compile(files_of(folder), "pipeline.yaml");
    CHECK(text_of(result.diagnostics) == expected(folder + "/expected.err"));
    if (has_errors(result.diagnostics)) {
      CHECK_FALSE(fs::exists(folder + "/expected.txt"));
      continue;
    }
    CHECK(to_text(result.pipeline) == expected(folder + "/expected.txt"));
    const auto plan = to_node(result.pipeline);
    const Pipeline read = pipeline_from_node(plan);
    CHECK(to_text(read) == to_text(result.pipeline));
    CHECK(document::write_json(to_node(read)) == document::write_json(plan));
  }
}

TEST_CASE("the examples compile without a word") {
  for (const auto& entry : fs::recursive_directory_iterator(KFRUN_SOURCE_DIR "/examples")) {
    if (entry.path().filename() != "pipeline.yaml") continue;
    INFO(entry.path());
    const auto result = compile(disk(), entry.path().string());
    CHECK(text_of(result.diagnostics) == "");
    CHECK(result.pipeline.dags.size() >= 1);
  }
}

TEST_CASE("a component alone is a pipeline of one task") {
  const auto result = compiled(
      "apiVersion: kfrun/v1\nkind: Component\nname: score\n"
      "inputs: {model: artifact, rate: {type: number, default: 0.5}}\noutputs: {value: number}\n"
      "command: [score, '${{ inputs.model }}', '${{ inputs.rate }}', '${{ outputs.value }}']\n");
  CHECK(text_of(result.diagnostics) == "");
  CHECK(to_text(result.pipeline) ==
        "pipeline score\n"
        "dag score\n"
        "  param model: artifact\n"
        "  param rate: number = 0.5\n"
        "  task score: container\n"
        "    input model: artifact = params.model\n"
        "    input rate: number = params.rate\n"
        "    command: score ${{ inputs.model }} ${{ inputs.rate }} ${{ outputs.value }}\n"
        "    output value: number\n"
        "  output value: number = tasks.score.outputs.value\n");
}

TEST_CASE("one of several pipelines in a file is named behind a #") {
  MemoryFileSystem files;
  const std::string pipeline = "apiVersion: kfrun/v1\nkind: Pipeline\ntasks: {a: {command: [b]}}\nname: ";
  files.add("p.yaml", pipeline + "one\n---\n" + pipeline + "two\n");
  CHECK(compile(files, "p.yaml").pipeline.name == "one");
  CHECK(compile(files, "p.yaml#two").pipeline.name == "two");
  const auto unknown = compile(files, "p.yaml#tow");
  CHECK(text_of(unknown.diagnostics) == "error: p.yaml: nothing here has the name 'tow'\n  hint: did you mean 'two'?\n");
  CHECK(text_of(compile(files, "q.yaml").diagnostics) ==
        "error: q.yaml: there is no such file\n  hint: pipelines in this folder: p.yaml\n");
}

TEST_CASE("cycles are shown as a chain") {
  const auto result = compiled(
      "apiVersion: kfrun/v1\nkind: Pipeline\nname: x\ntasks:\n"
      "  a: {command: [a], after: c}\n  b: {command: ['${{ tasks.a.state }}']}\n  c: {command: [c], when: tasks.b.exit_code == "
      "0}\n"
      "  d: {command: [d, '${{ tasks.a.outputs.x }}']}\n");
  CHECK(text_of(result.diagnostics) ==
        "error: p.yaml:5:3 (tasks.a): tasks need each other: a -> c -> b -> a (each needs the next)\n"
        "error: p.yaml:8:25 (tasks.d.command[1]): task 'a' has no output 'x'\n  hint: 'a' declares no outputs\n");
}

TEST_CASE("places count columns behind wide characters, too") {
  const auto result = compiled(
      "apiVersion: kfrun/v1\nkind: Pipeline\nname: x\ntasks:\n"
      "  a: {command: [\"\xC3\xA9\xC3\xA9\", \"${{ params.x }}\"]}\n");
  REQUIRE(result.diagnostics.size() == 1);
  CHECK(result.diagnostics[0].place.line == 5);
  CHECK(result.diagnostics[0].place.column == 30);  // in bytes
}

TEST_CASE("a pipeline of ten thousand tasks compiles") {
  std::string text = "apiVersion: kfrun/v1\nkind: Pipeline\nname: x\ntasks:\n";
  for (int i = 0; i < 10000; ++i) {
    text += fmt::format("  t{}: {{command: [echo, '${{{{ outputs.o }}}}'], outputs: {{o: integer}}", i);
    text += i == 0 ? "}\n" : fmt::format(", when: tasks.t{}.outputs.o > 3}}\n", i / 2);
  }
  const auto result = compiled(text);
  CHECK(result.diagnostics.empty());
  CHECK(result.pipeline.dags.at(0).tasks.size() == 10000);
}

}  // namespace
}  // namespace kfrun::pipeline
