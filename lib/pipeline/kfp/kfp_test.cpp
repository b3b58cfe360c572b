#include "base/test.h"

#include <filesystem>

#include "document/writer.h"
#include "pipeline/kfp/kfp.h"

namespace kfrun::pipeline {

namespace {

CompileResult compiled(const std::string& text) {
  MemoryFileSystem files;
  files.add("p.yaml", text);
  return compile(files, "p.yaml");
}

// A pipeline of one container task `say` whose input `x` is `input`, and whose only argument is `word`.
std::string saying(const std::string& word, const std::string& input = "runtimeValue: {constant: 3.0}") {
  return R"(
pipelineInfo: {name: p}
components:
  comp-say:
    executorLabel: exec-say
    inputDefinitions: {parameters: {x: {parameterType: NUMBER_INTEGER}, y: {parameterType: STRING, isOptional: true}}}
    outputDefinitions: {parameters: {out: {parameterType: STRING}}, artifacts: {a: {artifactType: {schemaTitle: system.Model}}}}
deploymentSpec:
  executors: {exec-say: {container: {image: i, command: [echo], args: [)" +
         word + R"(]}}}
root:
  inputDefinitions: {parameters: {n: {parameterType: NUMBER_INTEGER, defaultValue: 2.0}}}
  dag:
    tasks:
      say:
        componentRef: {name: comp-say}
        inputs: {parameters: {x: {)" +
         input + "}}}\n";
}

const Task& only_task(const CompileResult& result) {
  for (const auto& one : result.diagnostics) INFO(to_string(one));
  REQUIRE_FALSE(has_errors(result.diagnostics));
  return result.pipeline.dags.at(0).tasks.at(0);
}

std::string argument(const std::string& word) { return to_string(only_task(compiled(saying(word))).container.args.at(0)); }
std::string binding(const std::string& input) { return to_string(only_task(compiled(saying("x", input))).inputs.at(0).binding); }

}  // namespace

TEST_CASE("placeholders of a command become names of the task") {
  CHECK(argument("\"{{$.inputs.parameters['x']}}\"") == "kfp_text(inputs.x)");
  CHECK(argument("\"-n={{$.inputs.parameters['x']}}!\"") == R"(concat("-n=", kfp_text(inputs.x), "!"))");
  CHECK(argument("\"{{$.outputs.parameters['out'].output_file}}\"") == "kfp_text(outputs.out)");
  CHECK(argument("\"{{$.outputs.artifacts['a'].path}}\"") == "kfp_text(outputs.a)");
  CHECK(argument("\"{{$.pipeline_job_uuid}}\"") == "kfp_text(run.id)");
  CHECK(argument("\"{{$.inputs.parameters['other']}} {{ x }}\"") == R"("{{$.inputs.parameters['other']}} {{ x }}")");
  CHECK(argument("'{{$}}'").starts_with(R"(to_json({"inputs": {"parameterValues": compact({"x": inputs.x, "y": inputs.y})})"));
}

TEST_CASE("Concat and IfPresent become texts and words that may be none") {
  CHECK(argument(R"('{"Concat": ["-n=", "{{$.inputs.parameters[''x'']}}"]}')") ==
        R"(spread([concat("-n=", kfp_text(inputs.x))]))");
  CHECK(argument(R"('{"IfPresent": {"InputName": "y", "Then": ["-y", "{{$.inputs.parameters[''y'']}}"]}}')") ==
        R"(spread(inputs.y != null ? ["-y", kfp_text(inputs.y)] : []))");
  CHECK(argument(R"('{"Concat": ["a", {"IfPresent": {"InputName": "y", "Then": "b", "Else": "c"}}]}')") ==
        R"(spread([concat("a", inputs.y != null ? "b" : "c")]))");
}

TEST_CASE("the workspace is a claim's spec with the patch over it") {
  const auto result = compiled(saying("x") + R"(
---
platforms: {kubernetes: {pipelineConfig: {workspace: {size: 2Gi, kubernetes: {pvcSpecPatch: {accessModes: [ReadWriteMany]}}}}}}
)");
  CHECK(document::write_json(result.pipeline.workspace) ==
        R"({"accessModes":["ReadWriteMany"],"resources":{"requests":{"storage":"2Gi"}}})");
}

TEST_CASE("whole numbers of a constant are integers") {
  const auto result = compiled(saying("x"));
  const auto& task = only_task(result);
  CHECK(task.inputs.at(0).binding == Expression::constant(Value::integer(3)));
  CHECK(result.pipeline.dags.at(0).params.at(0).default_value == Value::integer(2));
  CHECK(task.protocol == Protocol::kfp);
  CHECK_FALSE(task.cache);  // only where the file says so
}

TEST_CASE("what a selector takes is found in the value's text") {
  CHECK(binding("componentInputParameter: n, parameterExpressionSelector: 'parseJson(string_value)[\"k\"]'") ==
        R"(from_json(kfp_text(params.n))["k"])");
}

TEST_CASE("a quote inside a text of a condition is a part of the text, as the SDK writes it") {
  const auto condition = [](const std::string& text) { return to_string(parse_expression(text, Dialect::kfp, Place{})); };
  CHECK(condition("x == 'it's'") == R"(x == "it's")");
  CHECK(condition("x == 'it's' && y != ''") == R"(x == "it's" and y != "")");
  CHECK(condition("'a'' == x") == R"("a'" == x)");
  CHECK(condition("!('the 'b' c' == x)") == R"(not "the 'b' c" == x)");
  CHECK(condition("'a' in x") == R"("a" in x)");
  CHECK(condition("x['a'] == 'b'") == R"(x["a"] == "b")");
  CHECK_THROWS_AS(condition("x == 'it's"), Error);
}

TEST_CASE("an input of the DAG around that is not there is refused with task and input") {
  const auto result = compiled(saying("x", "componentInputParameter: item-subvar-a"));
  REQUIRE(has_errors(result.diagnostics));
  CHECK_THAT(result.diagnostics[0].message, ContainsSubstring("task say: input 'x' takes 'item-subvar-a'"));
  CHECK(result.diagnostics[0].place.line > 0);
}

TEST_CASE("faults of a compiled pipeline name what is missing") {
  const auto message = [](const std::string& text) {
    const auto result = compiled(text);
    return result.diagnostics.empty() ? std::string() : result.diagnostics[0].message;
  };
  const std::string whole = saying("x");
  const auto without = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    return text.replace(text.find(from), from.size(), to);
  };
  CHECK_THAT(message(without("componentRef: {name: comp-say}", "componentRef: {name: comp-x}")), ContainsSubstring("'comp-x'"));
  CHECK_THAT(message(without("exec-say: {container", "exec-x: {container")), ContainsSubstring("'exec-say'"));
  CHECK_THAT(message(without("inputs: {parameters: {x", "inputs: {parameters: {z")), ContainsSubstring("input 'x' has no value"));
  CHECK_THAT(message(without("pipelineInfo: {name: p}", "pipelineInfo: {}")), ContainsSubstring("no name"));
  CHECK_THAT(message(without("        componentRef", "        dependentTasks: [say]\n        componentRef")),
             ContainsSubstring("wait for one another: say"));
  CHECK_THAT(message(saying("x", "taskOutputParameter: {producerTask: t, outputParameterKey: o}")),
             ContainsSubstring("no task 't'"));
}

TEST_CASE("every compiled pipeline of the corpus is read, or refused with a reason, and its plan is complete") {
  namespace fs = std::filesystem;
  if (!fs::exists(corpus("kfp/cases"))) {
    WARN("skipped: there is no corpus of compiled pipelines");
    return;
  }
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(corpus("kfp"))) {
    const auto name = entry.path().filename().string();
    const bool is_expectation =
        name == "expected.json" || name == "case.json" || entry.path().parent_path().filename() == "expected";
    const auto extension = entry.path().extension();
    if (entry.is_regular_file() && !is_expectation && (extension == ".yaml" || extension == ".json"))
      files.push_back(entry.path());
  }
  REQUIRE(files.size() > 100);
  for (const auto& file : files) {
    INFO(file);
    const auto result = compile(disk(), file);
    const bool is_bad = file.find("/bad-ir-") != std::string::npos;
    for (const auto& one : result.diagnostics) UNSCOPED_INFO(to_string(one));
    CHECK(has_errors(result.diagnostics) == is_bad);
    if (is_bad) continue;
    const auto plan = to_node(result.pipeline);
    CHECK(document::write_json(to_node(pipeline_from_node(plan))) == document::write_json(plan));
  }
}

}  // namespace kfrun::pipeline
