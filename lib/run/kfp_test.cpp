// Compiled pipelines of Kubeflow from the compiler to pods and outputs.
#include <filesystem>

#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "pipeline/kfp/claim.h"
#include "pipeline/pipeline.h"
#include "run/checked_input.h"
#include "run/executor_output.h"
#include "run/kubernetes_message.h"
#include "run/kubernetes_pod.h"
#include "run/kubernetes_resource.h"
#include "run/local_kfp.h"
#include "run/task_scope.h"

namespace kfrun::run {

namespace {

using document::Node;

// Whether everything that is expected is in `found`: members of mappings; items of lists wherever they stand.
bool holds(const Node& found, const Node& expected) {
  if (expected.is_mapping()) {
    return found.is_mapping() && std::all_of(expected.members().begin(), expected.members().end(), [&](const auto& member) {
             const Node* own = found.find(member.key.text());
             return own && holds(*own, member.value);
           });
  }
  if (!expected.is_sequence()) return found.is_scalar() && found.text() == expected.text();
  return found.is_sequence() && std::all_of(expected.items().begin(), expected.items().end(), [&](const Node& item) {
           return std::any_of(found.items().begin(), found.items().end(), [&](const Node& own) { return holds(own, item); });
         });
}

EngineOptions engine_options() {
  EngineOptions options;
  options.run_id = "r";
  options.run_name = "n";
  options.workspace = "/w";
  options.cache = false;
  return options;
}

Value any_value(const pipeline::Output& output) {
  switch (output.type.kind) {
    case pipeline::TypeKind::artifact:
      return pipeline::make_artifact({"pvc://kfrun-artifacts/store/ab/a", output.type.artifact_type, "ab", {}, output.name});
    case pipeline::TypeKind::integer:
      return Value::integer(1);
    default:
      return Value::string("<output " + output.name + ">");
  }
}

// The pods that a run makes whose tasks all succeed, by path of the instance.
std::map<std::string, Node> pods_of(const std::string& file) {
  auto compiled = pipeline::compile(disk(), file);
  REQUIRE_FALSE(has_errors(compiled.diagnostics));
  const auto pipeline = std::make_shared<const pipeline::Pipeline>(std::move(compiled.pipeline));
  Engine engine(pipeline, pipeline::bind_arguments(*pipeline, {}), engine_options());
  std::map<std::string, Node> pods;
  engine.apply(RunStarted{});
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (const auto& command : engine.next()) {
      const auto* start = std::get_if<StartAttempt>(&command);
      if (!start) continue;
      pods[start->work.id.instance] = plan_pod(start->work, {"r", "n", "default", ""}, {}).pod;
      Outcome outcome;
      for (const auto& output : start->work.task->outputs) outcome.outputs[output.name] = any_value(output);
      engine.apply(AttemptEnded{start->work.id, {}, outcome});
      goes_on = true;
    }
  }
  CHECK(engine.state() == State::succeeded);
  return pods;
}

pipeline::Output output_of(const std::string& name, pipeline::TypeKind kind) {
  pipeline::Output output;
  output.name = name;
  output.type.kind = kind;
  return output;
}

}  // namespace

TEST_CASE("pods have the fields that kfp-kubernetes asks for") {
  namespace fs = std::filesystem;
  if (!fs::exists(corpus("kfp/cases"))) {
    WARN("skipped: there is no corpus of compiled pipelines");
    return;
  }
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(corpus("kfp/cases"))) {
    const std::string folder = entry.path();
    const Node expectation = document::read_json(disk().read(folder + "/expected.json"), folder);
    const Node* expected = expectation.find("expected_pod_fields");
    if (!expected || document::write_json(*expected).find("k8s_op") != std::string::npos) continue;
    INFO(folder);
    auto pods = pods_of(folder + "/pipeline.yaml");
    for (const auto& [path, fields] : expected->members()) {
      INFO(path.text());
      REQUIRE(pods.count(path.text()) == 1);
      Node& pod = pods.at(path.text());
      INFO(document::write_json(pod, {.indent = 1}));
      CHECK(holds(*pod.find("spec"), *fields.find("spec")));
      CHECK(holds(*pod.find("metadata"), *fields.find("metadata")));
      CHECK(holds(pod.find_path({"spec", "containers"})->items()[0], *fields.find("main")));
      ++compared;
    }
  }
  CHECK(compared >= 4);
}

TEST_CASE("every field of the platform document has its effect on the pod") {
  MemoryFileSystem files;
  files.add("p.yaml", R"(
pipelineInfo: {name: p}
components:
  comp: {executorLabel: exec, inputDefinitions: {parameters: {x: {parameterType: STRING, isOptional: true}}}}
deploymentSpec:
  executors: {exec: {container: {image: i, command: [echo], resources: {resourceCpuLimit: '2', resourceMemoryRequest: "{{$.inputs.parameters['x']}}", memoryLimit: 1.5, accelerator: {resourceType: nvidia.com/gpu, resourceCount: '1'}}}}}
root:
  inputDefinitions: {parameters: {none: {parameterType: STRING, isOptional: true}, tolerations: {parameterType: LIST, isOptional: true, defaultValue: [{key: a}, {key: b}]}}}
  dag: {tasks: {say: {componentRef: {name: comp}, inputs: {parameters: {x: {runtimeValue: {constant: 1Gi}}}}}}}
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec:
          activeDeadlineSeconds: '600'
          configMapAsEnv: [{configMapName: cm, keyToEnv: [{configMapKey: k, envVar: V}], optional: true}]
          configMapAsVolume: [{configMapNameParameter: {runtimeValue: {constant: cm}}, mountPath: /cm}]
          secretAsVolume: [{secretNameParameter: {componentInputParameter: none}, mountPath: /gone}]
          fieldPathAsEnv: [{name: F, fieldPath: metadata.name}]
          emptyDirMounts: [{volumeName: e, mountPath: /e, medium: Memory, sizeLimit: 1Gi}]
          genericEphemeralVolume: [{volumeName: g, mountPath: /g, accessModes: [ReadWriteOnce], size: 5Gi, storageClassName: fast, metadata: {labels: {a: b}}}]
          pvcMount: [{constant: data, mountPath: /d, subPath: s}]
          tolerations: [{tolerationJson: {componentInputParameter: tolerations}}]
          podMetadata: {labels: {l: '${{ 1 }}'}, annotations: {n: v}}
          imagePullPolicy: Always
          imagePullSecret: [{secretName: s}]
          securityContext: {runAsUser: '0', runAsGroup: '3'}
          initContainers: [{name: first, image: busybox, command: [sh], restartPolicy: Always, volumeMounts: [{volumeName: e, mountPath: /e}]}]
)");
  auto compiled = pipeline::compile(files, "p.yaml");
  for (const auto& one : compiled.diagnostics) INFO(to_string(one));
  REQUIRE_FALSE(has_errors(compiled.diagnostics));
  const auto pipeline = std::make_shared<const pipeline::Pipeline>(std::move(compiled.pipeline));
  Engine engine(pipeline, pipeline::bind_arguments(*pipeline, {}), engine_options());
  engine.apply(RunStarted{});
  Node pod;
  for (const auto& command : engine.next()) {
    if (const auto* start = std::get_if<StartAttempt>(&command)) pod = plan_pod(start->work, {"r", "n", "default", ""}, {}).pod;
  }
  const auto expect = [&](const Node& found, const std::string& text) {
    INFO(document::write_json(found, {.indent = 1}));
    INFO(text);
    CHECK(holds(found, document::read_json(text, "expected")));
  };
  const Node& main = pod.find_path({"spec", "containers"})->items()[0];
  expect(main, R"({"env": [{"name": "V", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "k", "optional": true}}},
                           {"name": "F", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]})");
  expect(main,
         R"({"resources": {"limits": {"cpu": "2", "memory": "1.5G", "nvidia.com/gpu": "1"}, "requests": {"memory": "1Gi"}}})");
  expect(main, R"({"imagePullPolicy": "Always", "securityContext": {"runAsUser": 0, "runAsGroup": 3, "runAsNonRoot": false}})");
  expect(
      main,
      R"({"volumeMounts": [{"name": "cm", "mountPath": "/cm"}, {"name": "e", "mountPath": "/e"}, {"name": "g", "mountPath": "/g"},
                                    {"name": "data", "mountPath": "/d", "subPath": "s"}]})");
  expect(
      pod,
      R"({"spec": {"activeDeadlineSeconds": 600, "imagePullSecrets": [{"name": "s"}], "tolerations": [{"key": "a"}, {"key": "b"}],
    "volumes": [{"name": "cm", "configMap": {"name": "cm", "optional": false}}, {"name": "e", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
                {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": "g", "ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteOnce"],
                  "storageClassName": "fast", "resources": {"requests": {"storage": "5Gi"}}}}}}],
    "initContainers": [{"name": "first", "image": "busybox", "command": ["sh"], "restartPolicy": "Always", "volumeMounts": [{"name": "e", "mountPath": "/e"}]}]},
    "metadata": {"labels": {"l": "${{ 1 }}"}, "annotations": {"n": "v"}}})");
  CHECK(document::write_json(pod).find("/gone") == std::string::npos);
}

TEST_CASE("a pod gets the SDK that is handed over, instead of installing it") {
  pipeline::Task task;
  task.name = "f";
  task.protocol = pipeline::Protocol::kfp;
  const auto word = [](const char* text) { return pipeline::Expression::constant(Value::string(text)); };
  task.container.image = word("python:3.11");
  for (const auto* text : {"sh", "-c", "python3 -m pip install 'kfp==2.17.0' && \"$0\" \"$@\"", "sh", "-ec",
                           "python3 -m kfp.dsl.executor_main \"$@\"", "source"}) {
    task.container.command.push_back(word(text));
  }
  Work work;
  work.id = {"f", 0};
  work.task = &task;
  const auto main_of = [](const PodPlan& plan) {
    return document::write_json(plan.pod.find_path({"spec", "containers"})->items()[0]);
  };
  PodOptions options;
  const auto plain = plan_pod(work, {"r", "n", "lab", ""}, options);
  CHECK_FALSE(plain.needs_kfp_runtime);
  CHECK_THAT(main_of(plain), ContainsSubstring("pip install"));
  options.kfp_runtime_config_map = "kfrun-r-kfp";
  const auto plan = plan_pod(work, {"r", "n", "lab", ""}, options);
  CHECK(plan.needs_kfp_runtime);
  CHECK(main_of(plan).find("pip install") == std::string::npos);
  CHECK_THAT(main_of(plan), ContainsSubstring(R"({"name":"PYTHONPATH","value":"/kfrun/kfp/kfp.whl"})"));
  CHECK_THAT(document::write_json(*plan.pod.find_path({"spec", "volumes"})), ContainsSubstring("kfrun-r-kfp"));
}

TEST_CASE("a pod mounts the run's workspace where an input names it") {
  pipeline::Task task;
  task.name = "f";
  task.protocol = pipeline::Protocol::kfp;
  task.container.image = pipeline::Expression::constant(Value::string("i"));
  Work work;
  work.id = {"f", 0};
  work.task = &task;
  PodOptions options;
  options.workspace_claim = "kfrun-r-workspace";
  CHECK_FALSE(plan_pod(work, {"r", "n", "lab", ""}, options).needs_workspace);
  work.inputs["ws"] = Value::string("/kfp-workspace/x");
  const auto plan = plan_pod(work, {"r", "n", "lab", ""}, options);
  CHECK(plan.needs_workspace);
  CHECK_THAT(document::write_json(plan.pod), ContainsSubstring(R"("persistentVolumeClaim":{"claimName":"kfrun-r-workspace"})"));
  CHECK_THAT(document::write_json(plan.pod), ContainsSubstring(R"("mountPath":"/kfp-workspace")"));
}

TEST_CASE("claims are made and removed without a pod") {
  pipeline::Task task;
  task.name = "createpvc";
  task.outputs = {output_of("name", pipeline::TypeKind::string)};
  for (const auto* name : {"access_modes", "pvc_name_suffix", "size", "storage_class_name"}) {
    pipeline::Input input;
    input.name = name;
    task.inputs.push_back(input);
  }
  pipeline::make_claim(pipeline::claim_kind("argostub/createpvc"), task);
  CHECK(task.kind == pipeline::TaskKind::resource);
  Work work;
  work.id = {"createpvc", 0};
  work.task = &task;
  work.inputs = {{"access_modes", Value::sequence({Value::string("ReadWriteOnce")})},
                 {"pvc_name_suffix", Value::string("-data")},
                 {"size", Value::string("1Gi")},
                 {"storage_class_name", Value::null()}};
  const RunContext run{"r-1", "n", "lab", ""};
  const auto made = resource_request(work, run);
  CHECK(made.name == "r-1-createpvc-0-data");
  CHECK(made.request.method == "POST");
  CHECK(document::write_json(*made.object.find("spec")) ==
        R"({"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}})");
  kube::Reply reply;
  reply.status = 201;
  CHECK(outcome_of_resource(work, run, made.name, reply, {}).outputs.at("name") == Value::string(made.name));
  reply.status = 409;  // made by an earlier process for the same attempt, or somebody else's
  CHECK(outcome_of_resource(work, run, made.name, reply, made.object).failure == FailureClass::none);
  CHECK(outcome_of_resource(work, {"r-2", "n", "lab", ""}, made.name, reply, made.object).failure == FailureClass::configuration);

  pipeline::Task removal;
  removal.name = "deletepvc";
  pipeline::make_claim(pipeline::ClaimKind::remove, removal);
  work.task = &removal;
  work.inputs = {{"pvc_name", Value::string("x")}};
  const auto removed = resource_request(work, run);
  CHECK(removed.request.method == "DELETE");
  CHECK_THAT(removed.request.path, ContainsSubstring("/namespaces/lab/persistentvolumeclaims/x"));
}

TEST_CASE("checked inputs stand back behind defaults, become texts, and must be of their type") {
  const auto input = [](pipeline::TypeKind kind, bool optional = false) {
    pipeline::Input made;
    made.name = "x";
    made.type.kind = kind;
    made.optional = optional;
    made.checked = true;
    return made;
  };
  const auto text = [](const Value& value) { return document::write_json(value); };
  using enum pipeline::TypeKind;
  CHECK(text(checked_input(input(string), Value::number(2.0))) == R"("2")");
  CHECK(text(checked_input(input(string), Value::number(1e-7))) == R"("0.0000001")");
  CHECK(text(checked_input(input(string), document::read_json(R"({"b": 1, "a": [true]})", ""))) == R"("{\"a\":[true],\"b\":1}")");
  CHECK(checked_input(input(integer), Value::number(5.0)).is_integer());
  CHECK_THROWS_AS(checked_input(input(integer), Value::string("5")), Error);
  CHECK_THROWS_AS(checked_input(input(list), Value::string("[]")), Error);
  CHECK_THROWS_AS(checked_input(input(string), Value::null()), Error);
  CHECK(checked_input(input(string, true), Value::null()).is_null());
  auto with_default = input(string);
  with_default.default_value = Value::string("d");
  with_default.allowed = {Value::string("d"), Value::string("e")};
  CHECK(checked_input(with_default, Value::null()) == Value::string("d"));
  CHECK_THROWS_AS(checked_input(with_default, Value::string("f")), Error);
}

TEST_CASE("the executor output wins over files and adds metadata") {
  pipeline::Task task;
  task.protocol = pipeline::Protocol::kfp;
  task.outputs = {output_of("n", pipeline::TypeKind::integer), output_of("s", pipeline::TypeKind::string),
                  output_of("m", pipeline::TypeKind::artifact)};
  PodMessage message;
  message.kind = PodMessage::Kind::outputs;
  message.body = document::read_json(
      R"({"parameters": {"n": "1", "s": "as it is\n", "kfrun-results": "{\"parameterValues\": {\"n\": 2}, \"artifacts\": {\"m\": {\"artifacts\": [{\"uri\": \"/x\", \"metadata\": {\"acc\": 0.5}}]}}}"}})",
      "");
  auto outputs = outputs_of_message(task, message);
  CHECK(outputs.at("n") == Value::integer(2));
  CHECK(outputs.at("s") == Value::string("as it is\n"));
  CHECK(document::write_json(pipeline::as_artifact(outputs.at("m"))->metadata) == R"({"acc":0.5})");
  message.body = document::read_json(R"({"parameters": {"n": "1"}})", "");
  CHECK_THROWS_AS(outputs_of_message(task, message), Error);
}

TEST_CASE("outputs are read as the launcher of Kubeflow reads them") {
  const auto read = [](pipeline::TypeKind kind, const std::string& text) {
    return document::write_json(parse_kfp_output(output_of("x", kind), text));
  };
  using enum pipeline::TypeKind;
  CHECK(read(string, " a\n") == R"(" a\n")");
  CHECK(read(integer, " 5\n") == "5");
  CHECK(read(boolean, "T\n") == "true");
  CHECK(read(boolean, "0") == "false");
  CHECK(read(boolean, "False") == "false");
  CHECK(read(mapping, "{\"a\": 1}") == R"({"a":1})");
  CHECK_THROWS_AS(read(boolean, "yes"), Error);
  CHECK_THROWS_AS(read(list, "{}"), Error);
}

TEST_CASE("the installation of the SDK is left out, what a component asks for itself stays") {
  const std::string launch = "python3 -m kfp.dsl.executor_main \"$@\"";
  const auto changed = [&](const std::string& script) {
    return without_sdk_installation({"sh", "-c", script, "sh", "-ec", launch, "source", "--x"})
        .value_or(std::vector<std::string>{});
  };
  const std::vector<std::string> bare{"sh", "-ec", launch, "source", "--x"};
  CHECK(changed("\nfi\n\nX=1 python3 -m pip install --quiet 'kfp==2.17.0' '--no-deps' 'typing-extensions>=3.7.4,<5; a<\"3.9\"' "
                "&& \"$0\" \"$@\"\n") == bare);
  CHECK(changed("python3 -m pip install 'pandas' && python3 -m pip install 'kfp==2.1' && \"$0\" \"$@\"").at(2) ==
        "python3 -m pip install 'pandas' && \"$0\" \"$@\"");
  CHECK(changed("python3 -m pip install 'kfp-kubernetes' && \"$0\" \"$@\"").size() == 8);
  CHECK_FALSE(without_sdk_installation({"sh", "-c", "python3 -m pip install 'kfp'", "sh", "-ec", "python3 main.py"}));
}

TEST_CASE("a spread word is as many words as it has items") {
  const auto scope = [](std::string_view) { return std::optional<Value>(Value::null()); };
  const auto word = [](const std::string& text) { return pipeline::parse_expression(text, pipeline::Dialect::native, Place{}); };
  CHECK(evaluate_texts({word("'a'"), word("spread(['b', 2])"), word("spread(x)"), word("spread('c')"), word("['d']")}, scope) ==
        std::vector<std::string>{"a", "b", "2", "c", "[\"d\"]"});
}

}  // namespace kfrun::run
