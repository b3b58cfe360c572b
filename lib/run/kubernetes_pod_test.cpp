#include "run/kubernetes_pod.h"

#include <set>

#include "base/test.h"
#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"
#include "run/kubernetes_layout.h"

namespace kfrun::run {

namespace {

using document::Node;
using pipeline::TypeKind;

pipeline::Expression text(const std::string& words) { return pipeline::parse_template(words, pipeline::Dialect::native, {}); }

pipeline::Output output(const std::string& name, TypeKind kind) {
  pipeline::Output made;
  made.name = name;
  made.type.kind = kind;
  return made;
}

struct Fixture {
  pipeline::Task task;
  Work work;
  RunContext run{"digits-1", "digits", "lab", "/src"};
  PodOptions options;

  Fixture() {
    task.name = "train";
    task.container.image = text("busybox:1");
    task.container.command = {text("sh"), text("-c"), text("true")};
    work.id = {"train#3/fit", 1};
    work.task = &task;
  }
  PodPlan plan() const { return plan_pod(work, run, options); }
  static Node read(const std::string& yaml) { return document::read_own_yaml(yaml, "pod.yaml"); }
};

std::string text_at(const Node& node, std::initializer_list<std::string_view> path) {
  const Node* found = node.find_path(path);
  return found ? document::write_json(*found) : "absent";
}

const Node& main_of(const PodPlan& plan) {
  for (const auto& container : plan.pod.find_path({"spec", "containers"})->items()) {
    if (container.text_of("name") == "main") return container;
  }
  throw Error(ErrorKind::not_found, "no main container");
}

std::string env_of(const PodPlan& plan, std::string_view name) {
  for (const auto& item : main_of(plan).find("env")->items()) {
    if (item.text_of("name") == name) return item.text_of("value");
  }
  return "absent";
}

}  // namespace

TEST_CASE("names of pods are DNS labels, each attempt's its own") {
  std::set<std::string> names;
  const std::string paths[] = {"train",   "train#1", "train#11",
                               "train/1", "Ünï",     "a/very/deep#12/path/of/an/instance/that/goes/on"};
  for (const auto& path : paths) {
    for (int attempt = 0; attempt < 3; ++attempt) {
      const auto name = pod_name("run-with-a-name-of-30-letters-x", {path, attempt});
      CHECK(name.size() <= 63);
      CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == name.npos);
      CHECK((name.front() != '-' && name.back() != '-' && name.find("--") == name.npos));
      CHECK(names.insert(name).second);
    }
  }
  CHECK(pod_name("digits-1", {"train#3/fit", 1}).starts_with("digits-1-train-3-fit-"));
  CHECK(pod_name("digits-1", {"train", 0}) == pod_name("digits-1", {"train", 0}));
}

TEST_CASE("label values have at most 63 letters that labels may have") {
  CHECK(label_value("check#3/fit") == "check-3-fit");
  CHECK(label_value("#x#") == "x");
  CHECK(label_value("a.b_c-d") == "a.b_c-d");
  CHECK(label_value(std::string(62, 'x') + "##y").size() == 62);
  CHECK(label_value("").empty());
}

TEST_CASE_METHOD(Fixture, "a task that hands nothing over runs as it is") {
  task.container.args = {text("$(HOME) $x")};
  const auto pod = plan();
  CHECK_FALSE(pod.has_launcher);
  CHECK_FALSE(pod.needs_artifacts);
  CHECK(text_at(main_of(pod), {"command"}) == R"(["sh","-c","true"])");
  CHECK(text_at(main_of(pod), {"args"}) == R"(["$$(HOME) $$x"])");
  CHECK(pod.pod.find_path({"spec", "volumes"}) == nullptr);
  CHECK(env_of(pod, "KFRUN_TASK") == "train#3/fit");
  CHECK(env_of(pod, "KFRUN_ATTEMPT") == "1");
  CHECK(env_of(pod, "KFRUN_PLAN") == "absent");
  // Also an image's own entrypoint.
  task.container.command.clear();
  CHECK(main_of(plan()).find("command") == nullptr);
}

TEST_CASE_METHOD(Fixture, "a lost node is borne as long as the task says, or its pod") {
  CHECK(plan().pod.find_path({"spec", "tolerations"}) == nullptr);
  task.node_loss_wait = std::chrono::milliseconds(2500);
  const std::string unreachable =
      R"({"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":3}])";
  CHECK(text_at(plan().pod, {"spec", "tolerations"}) ==
        R"([{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":3},)" +
            unreachable);
  task.pod = document::read_json(R"({"spec":{"tolerations":[{"key":"node.kubernetes.io/not-ready"}]}})", "pod");
  CHECK(text_at(plan().pod, {"spec", "tolerations"}) == R"([{"key":"node.kubernetes.io/not-ready"},)" + unreachable);
}

TEST_CASE_METHOD(Fixture, "a pod is restricted, labelled, owned") {
  options.owner_name = "kfrun-digits-1";
  options.owner_uid = "u1";
  task.timeout = std::chrono::milliseconds(1500);
  task.container.limits["memory"] = "1Gi";
  const auto pod = plan().pod;
  CHECK(text_at(pod, {"metadata", "labels"}) ==
        R"({"app.kubernetes.io/managed-by":"kfrun","kfrun.dev/run":"digits-1","kfrun.dev/task":"train-3-fit"})");
  CHECK(text_at(pod, {"metadata", "annotations", kPathAnnotation}) == R"("train#3/fit")");
  CHECK(text_at(pod, {"metadata", "ownerReferences"}) ==
        R"([{"apiVersion":"v1","kind":"ConfigMap","name":"kfrun-digits-1","uid":"u1"}])");
  CHECK(text_at(pod, {"spec", "activeDeadlineSeconds"}) == "2");
  CHECK(text_at(pod, {"spec", "restartPolicy"}) == R"("Never")");
  CHECK(text_at(pod, {"spec", "securityContext", "runAsNonRoot"}) == "true");
  CHECK(text_at(pod, {"spec", "securityContext", "seccompProfile", "type"}) == R"("RuntimeDefault")");
  CHECK(text_at(pod, {"spec", "automountServiceAccountToken"}) == "false");
  const auto& main = pod.find_path({"spec", "containers"})->items()[0];
  CHECK(text_at(main, {"securityContext"}) == R"({"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}})");
  CHECK(text_at(main, {"resources"}) == R"({"limits":{"memory":"1Gi"}})");
}

TEST_CASE_METHOD(Fixture, "what hands something over is wrapped by the launcher, with a plan") {
  task.outputs = {output("count", TypeKind::integer), output("table", TypeKind::artifact)};
  task.outputs[0].default_value = Value::integer(0);
  task.outputs[1].file_name = "table.csv";
  task.container.args = {text("${{ outputs.count }}"), text("${{ outputs.table }}")};
  const auto pod = plan();
  CHECK(pod.has_launcher);
  CHECK(pod.needs_artifacts);
  const auto name = pod_name(run.id, work.id);
  CHECK(text_at(main_of(pod), {"command"}) == R"(["/kfrun/bin/launcher","--","sh","-c","true"])");
  CHECK(text_at(main_of(pod), {"args"}) ==
        fmt::format(R"(["/kfrun/work/outputs/count","/kfrun/artifacts/work/{}/table.d/table.csv"])", name));
  const auto instructions = document::read_json(env_of(pod, "KFRUN_PLAN"), "plan");
  CHECK(text_at(instructions, {"outputs"}) ==
        fmt::format(R"([{{"name":"count","path":"/kfrun/work/outputs/count","optional":true}},)"
                    R"({{"name":"table","path":"/kfrun/artifacts/work/{}/table.d/table.csv","artifact":true}}])",
                    name));
  CHECK(text_at(instructions, {"store"}) == R"("/kfrun/artifacts/store")");
  CHECK(text_at(instructions, {"messageLimit"}) == "4096");
  CHECK(
      text_at(pod.pod, {"spec", "volumes"}) ==
      R"([{"name":"kfrun-launcher","configMap":{"name":"kfrun-launcher-amd64","defaultMode":365}},{"name":"kfrun-work","emptyDir":{}},)"
      R"({"name":"kfrun-artifacts","persistentVolumeClaim":{"claimName":"kfrun-artifacts"}}])");
  CHECK(pod.plan_config_map.is_null());
}

TEST_CASE_METHOD(Fixture, "artifacts are read where they are, without a launcher") {
  work.inputs["data"] = pipeline::make_artifact({"pvc://kfrun-artifacts/store/ab/t.csv", "", "ab", {}});
  task.container.args = {text("${{ inputs.data }}")};
  const auto pod = plan();
  CHECK_FALSE(pod.has_launcher);
  CHECK(pod.needs_artifacts);
  CHECK(text_at(main_of(pod), {"args"}) == R"(["/kfrun/artifacts/store/ab/t.csv"])");
  CHECK(text_at(main_of(pod), {"volumeMounts"}) ==
        R"([{"name":"kfrun-artifacts","mountPath":"/kfrun/artifacts","readOnly":true}])");
  work.inputs["data"] = pipeline::make_artifact({"file:///home/me/t.csv", "", "", {}});
  CHECK_THROWS_WITH(plan(), ContainsSubstring("file:///home/me/t.csv is not in the cluster's artifact store"));
}

TEST_CASE_METHOD(Fixture, "a script is a file whose path follows the command; a long plan has a ConfigMap") {
  task.container.command = {text("python3")};
  task.container.args = {text("x")};
  task.container.script = pipeline::Expression::constant(Value::string("print('$(HOME)')"));
  auto pod = plan();
  CHECK(text_at(main_of(pod), {"command"}) == R"(["/kfrun/bin/launcher","--","python3"])");
  CHECK(text_at(main_of(pod), {"args"}) == R"(["/kfrun/work/script","x"])");
  CHECK_THAT(env_of(pod, "KFRUN_PLAN"), ContainsSubstring("print('$$(HOME)')"));
  task.container.script = pipeline::Expression::constant(Value::string(std::string(20000, '#')));
  options.owner_uid = "u1";
  pod = plan();
  CHECK(env_of(pod, "KFRUN_PLAN") == "absent");
  CHECK(text_at(main_of(pod), {"command"}) == R"(["/kfrun/bin/launcher","--plan","/kfrun/plan/plan.json","--","python3"])");
  CHECK(pod.plan_config_map.find_path({"metadata", "ownerReferences"}) != nullptr);
  CHECK(document::read_json(pod.plan_config_map.find_path({"data", "plan.json"})->text(), "plan").find("files") != nullptr);
  task.container.script = pipeline::Expression::constant(Value::string(std::string(1 << 20, '#')));
  CHECK_THROWS_AS(plan(), Error);
}

TEST_CASE_METHOD(Fixture, "the user's wishes are merged by name, and cannot take away what kfrun finds its pods by") {
  task.outputs = {output("x", TypeKind::string)};
  task.container.environment.emplace_back("A", text("1"));
  task.pod = read(R"(
metadata: {name: mine, namespace: other, labels: {team: "${{ task.name }}", kfrun.dev/run: mine}}
spec:
  nodeSelector: {disk: ssd}
  securityContext: {runAsUser: 0}
  containers:
    - {name: main, env: [{name: A, value: "2"}, {name: B, value: "3"}], volumeMounts: [{name: data, mountPath: /data}]}
    - {name: beside, image: "busybox:1"}
    - {name: third, image: "busybox:1"}
    - {name: fourth, image: "busybox:1"}
  volumes: [{name: data, emptyDir: {}}]
)");
  const auto pod = plan();
  CHECK(text_at(pod.pod, {"metadata", "name"}) == fmt::format("\"{}\"", pod_name(run.id, work.id)));
  CHECK(pod.pod.find_path({"metadata", "namespace"}) == nullptr);
  CHECK(text_at(pod.pod, {"metadata", "labels", "team"}) == R"("train")");
  CHECK(text_at(pod.pod, {"metadata", "labels", kRunLabel}) == R"("digits-1")");
  CHECK(text_at(pod.pod, {"spec", "nodeSelector"}) == R"({"disk":"ssd"})");
  CHECK(text_at(pod.pod, {"spec", "securityContext", "runAsUser"}) == "0");
  CHECK(text_at(pod.pod, {"spec", "securityContext", "runAsNonRoot"}) == "false");
  CHECK(text_at(pod.pod, {"spec", "securityContext", "fsGroup"}) == "65532");
  CHECK(pod.pod.find_path({"spec", "containers"})->size() == 4);
  CHECK(pod.pod.find_path({"spec", "volumes"})->size() == 3);
  CHECK(env_of(pod, "A") == "2");
  CHECK(env_of(pod, "B") == "3");
  CHECK(main_of(pod).find("volumeMounts")->size() == 3);
  CHECK(text_at(main_of(pod), {"command"}).starts_with(R"(["/kfrun/bin/launcher")"));
  // Four containers share 12 KiB of termination messages.
  CHECK(text_at(document::read_json(env_of(pod, "KFRUN_PLAN"), "plan"), {"messageLimit"}) == "3072");
  task.pod = read("[1]");
  CHECK_THROWS_AS(plan(), Error);
}

TEST_CASE_METHOD(Fixture, "lists that an override takes away are there again for what kfrun needs") {
  task.once = true;
  task.container.script = pipeline::Expression::constant(Value::string(std::string(20000, '#')));
  task.pod = read(R"(
metadata: {finalizers: mine}
spec: {volumes: null, containers: [{name: main, env: null, volumeMounts: null}]}
)");
  const auto pod = plan();
  CHECK(text_at(pod.pod, {"metadata", "finalizers"}) == R"(["kfrun.dev/unrecorded"])");
  CHECK(pod.pod.find_path({"spec", "volumes"})->size() == 1);
  CHECK(main_of(pod).find("volumeMounts")->size() == 1);
  task.container.script = pipeline::Expression::constant(Value::string("#"));
  CHECK(main_of(plan()).find("env")->size() == 1);
}

TEST_CASE_METHOD(Fixture, "tasks that cannot be pods are refused with what to do") {
  task.container.image = text("");
  CHECK_THROWS_WITH(plan(), ContainsSubstring("names no image"));
  task.container.image = text("busybox:1");
  task.container.command.clear();
  task.outputs = {output("x", TypeKind::string)};
  CHECK_THROWS_WITH(plan(), ContainsSubstring("no command"));
}

TEST_CASE_METHOD(Fixture, "the input hash is of the work, not of how its pod is made") {
  const auto hash = plan().input_hash;
  CHECK(hash.size() == 64);
  options.owner_uid = "other";
  options.user_id = 1000;
  CHECK(plan().input_hash == hash);
  work.inputs["n"] = Value::integer(2);
  CHECK(plan().input_hash != hash);
  work.inputs.clear();
  task.container.args = {text("x")};
  CHECK(plan().input_hash != hash);
}

TEST_CASE_METHOD(Fixture, "the launcher is the one for the nodes that the pod may run on") {
  task.outputs = {output("x", TypeKind::string)};
  options.architecture = "arm64";
  CHECK(plan().architecture == "arm64");
  CHECK(plan().pod.find_path({"spec", "nodeSelector"}) == nullptr);
  options.mixed_architectures = true;
  CHECK(text_at(plan().pod, {"spec", "nodeSelector"}) == R"({"kubernetes.io/arch":"arm64"})");
  task.pod = read("spec: {nodeSelector: {kubernetes.io/arch: amd64}}");
  CHECK(plan().architecture == "amd64");
  CHECK(text_at(plan().pod, {"spec", "nodeSelector"}) == R"({"kubernetes.io/arch":"amd64"})");
}

TEST_CASE_METHOD(Fixture, "the pod of a `once` task is held until its result is recorded") {
  CHECK(plan().pod.find_path({"metadata", "finalizers"}) == nullptr);
  task.once = true;
  CHECK(text_at(plan().pod, {"metadata", "finalizers"}) == R"(["kfrun.dev/unrecorded"])");
}

}  // namespace kfrun::run
