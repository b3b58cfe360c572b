#include "run/kubernetes_pod.h"

#include <algorithm>

#include "base/digest.h"
#include "base/files.h"
#include "base/text.h"
#include "document/writer.h"
#include "run/kubernetes_layout.h"
#include "run/kubernetes_objects.h"
#include "run/kubernetes_override.h"
#include "run/local_kfp.h"
#include "run/record.h"
#include "run/task_scope.h"

namespace kfrun::run {

namespace {

using document::Node;

constexpr std::string_view kLauncherVolume = "kfrun-launcher";
constexpr std::string_view kPlanVolume = "kfrun-plan";
constexpr std::string_view kWorkVolume = "kfrun-work";
constexpr std::string_view kRuntimeVolume = "kfrun-kfp";
constexpr std::string_view kWorkspaceVolume = "kfrun-workspace";
constexpr std::string_view kArchitectureLabel = "kubernetes.io/arch";
constexpr std::string_view kPlanVariable = "KFRUN_PLAN";
constexpr std::size_t kLongestPlanVariable = 16 << 10;
constexpr std::size_t kLongestPlan = 900 << 10;  // a ConfigMap has 1 MiB
// The kubelet cuts all termination messages of a pod to this, in equal parts, and each to 4096.
constexpr std::size_t kMessagesOfPod = 12 << 10;
constexpr std::size_t kMessage = 4096;

Node string(std::string_view text) { return Node::string(std::string(text)); }
Node empty_mapping() { return Node::mapping(document::Mapping{}); }

std::string dns_part(std::string_view text, std::size_t most) {
  std::string part;
  for (const char c : to_lower(text)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (fits || (!part.empty() && part.back() != '-')) part += fits ? c : '-';
  }
  part.resize(std::min(part.size(), most));
  while (part.ends_with('-')) part.pop_back();
  return part.empty() ? "x" : part;
}

// An override may have taken it away.
Node& list_in(Node& parent, std::string_view key) {
  Node* list = parent.find(key);
  return list && list->is_sequence() ? *list : parent.set(key, Node::sequence());
}

// Kubernetes expands $(NAME) in commands and environments; what a task says is meant as it is.
std::string unexpanded(std::string_view text) { return replace_all(std::string(text), "$", "$$"); }

Node unexpanded(const std::vector<std::string>& texts) {
  Node list = Node::sequence();
  for (const auto& text : texts) list.push_back(string(unexpanded(text)));
  return list;
}

// The environment of a container in its order, each name once.
class Environment {
 public:
  void set(std::string_view name, std::string_view value) {
    for (auto& item : list_.items()) {
      if (item.text_of("name") == name) {
        item.set("value", string(unexpanded(value)));
        return;
      }
    }
    list_.push_back(Node::mapping({{"name", string(name)}, {"value", string(unexpanded(value))}}));
  }
  Node take() { return std::move(list_); }

 private:
  Node list_ = Node::sequence();
};

// Whether a command names the file of the executor output.
bool names_results(const pipeline::ContainerTemplate& container) {
  const auto names = [](const pipeline::Expression& word) {
    const auto all = pipeline::references(word);
    return std::find(all.begin(), all.end(), "task.results") != all.end();
  };
  return std::any_of(container.command.begin(), container.command.end(), names) ||
         std::any_of(container.args.begin(), container.args.end(), names);
}

// Makes one pod.
class Planner {
 public:
  Planner(const Work& work, const RunContext& run, const PodOptions& options)
      : work_(work),
        task_(*work.task),
        run_(run),
        options_(options),
        name_(pod_name(run.id, work.id)),
        paths_{[this](const pipeline::Artifact& artifact) { return input_path(artifact); },
               [this](const pipeline::Output& output) { return output_path(output); },
               [this](const pipeline::Output& output) { return output_uri(output); }, std::string(kResultsPath)},
        scope_(task_scope(work_, run_, paths_)) {
    const auto& container = task_.container;
    const auto hands_over = [](const pipeline::Output& output) { return output.type.is_artifact(); };
    writes_artifacts_ = std::any_of(task_.outputs.begin(), task_.outputs.end(), hands_over);
    is_kfp_ = task_.protocol == pipeline::Protocol::kfp;
    plan_.has_launcher = !task_.outputs.empty() || container.script.has_value() || (is_kfp_ && names_results(container));
    const Node* wanted = task_.pod.find_path({"spec", "nodeSelector", kArchitectureLabel});
    plan_.architecture = wanted && wanted->is_string() ? wanted->text() : options.architecture;
    plan_.needs_artifacts = writes_artifacts_ || std::any_of(work_.inputs.begin(), work_.inputs.end(), [](const auto& input) {
                              return pipeline::holds_artifact(input.second);
                            });
  }

  PodPlan plan() {
    evaluate();
    plan_.pod =
        Node::mapping({{"apiVersion", string("v1")}, {"kind", string("Pod")}, {"metadata", empty_mapping()}, {"spec", spec()}});
    merge_pod_override(plan_.pod, task_.pod, scope_);
    allow_root();
    if (plan_.has_launcher) instruct_launcher();
    if (task_.node_loss_wait) bear_node_loss();
    plan_.input_hash = input_hash();
    add_metadata();
    return std::move(plan_);
  }

 private:
  // Paths.

  std::string input_path(const pipeline::Artifact& artifact) {
    std::string path = mounted_path(artifact.uri);
    if (path.empty() && is_kfp_) return artifact.uri;  // metadata may be all that is wanted of it
    if (path.empty()) {
      throw make_error(ErrorKind::unsupported, "{} is not in the cluster's artifact store, so that a pod cannot read it",
                       artifact.uri)
          .hint("fetch it with a task of its own that writes it as an artifact");
    }
    inputs_.push_back(path);
    return path;
  }

  std::string output_path(const pipeline::Output& output) const {
    if (!output.path.empty()) return output.path;
    const std::string folder =
        output.type.is_artifact() ? fmt::format("{}/{}", kStagingPath, name_) : fmt::format("{}/outputs", kWorkMount);
    const auto& file = output.file_name.empty() ? output.name : output.file_name;
    return file == output.name ? folder + "/" + file : fmt::format("{}/{}.d/{}", folder, output.name, file);
  }

  std::string output_uri(const pipeline::Output& output) const {
    const auto path = output_path(output);
    const std::string mount = std::string(kArtifactMount) + "/";
    return path.starts_with(mount) ? std::string(kArtifactScheme) + path.substr(mount.size()) : "file://" + path;
  }

  // What the task says, evaluated.

  std::string text(const pipeline::Expression& expression) const {
    return pipeline::to_text(pipeline::evaluate(expression, scope_));
  }

  void evaluate() {
    const auto& container = task_.container;
    image_ = text(container.image);
    if (image_.empty()) {
      throw input_error(task_.place, "task {} names no image", task_.name)
          .hint("on a cluster every task needs one: image:, or defaults: {image: ...}");
    }
    command_ = evaluate_texts(container.command, scope_);
    args_ = evaluate_texts(container.args, scope_);
    plan_.needs_workspace = !options_.workspace_claim.empty() && names_workspace();
    if (is_kfp_ && !options_.kfp_runtime_config_map.empty() && runs_kfp_module(command_)) {
      plan_.needs_kfp_runtime = true;
      if (auto changed = without_sdk_installation(command_)) command_ = std::move(*changed);
    }
    if (container.script) {
      script_ = text(*container.script);
      args_.insert(args_.begin(), std::string(kScriptPath));
    }
    if (plan_.has_launcher && command_.empty()) {
      throw input_error(task_.place, "task {} has outputs or a script but no command", task_.name)
          .hint("what is to be handed over needs an explicit command: the image's own entrypoint cannot be wrapped");
    }
    environment_ = environment();
  }

  // As the backend decides who gets it: by the texts of the inputs.
  bool names_workspace() const {
    return std::any_of(work_.inputs.begin(), work_.inputs.end(), [](const auto& input) {
      return pipeline::to_text(input.second).find(kWorkspaceMount) != std::string::npos;
    });
  }

  Node environment() const {
    Environment environment;
    if (plan_.has_launcher) environment.set("TMPDIR", temporary());
    if (plan_.has_launcher && is_kfp_) environment.set("HOME", temporary());  // for pip, whatever the user
    if (plan_.needs_kfp_runtime) environment.set("PYTHONPATH", kRuntimePath);
    for (const auto& [name, value] : task_.container.environment) environment.set(name, text(value));
    environment.set("KFRUN_RUN_ID", run_.id);
    environment.set("KFRUN_TASK", work_.id.instance);
    environment.set("KFRUN_ATTEMPT", std::to_string(work_.id.attempt));
    if (plan_.has_launcher) environment.set("KFRUN_SCRATCH", kWorkMount);
    return environment.take();
  }

  static std::string temporary() { return std::string(kWorkMount) + "/tmp"; }

  // The pod.

  Node spec() const {
    Node spec = Node::mapping({{"restartPolicy", string("Never")}});
    if (task_.timeout) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(*task_.timeout).count();
      spec.set("activeDeadlineSeconds", Node::integer(std::max<long long>(seconds, 1)));
    }
    spec.set("terminationGracePeriodSeconds", Node::integer(std::chrono::ceil<std::chrono::seconds>(options_.grace).count()));
    spec.set("enableServiceLinks", Node::boolean(false));
    if (!task_.pod.find_path({"spec", "serviceAccountName"})) spec.set("automountServiceAccountToken", Node::boolean(false));
    if (plan_.has_launcher && options_.mixed_architectures) {
      spec.set("nodeSelector", Node::mapping({{kArchitectureLabel, string(plan_.architecture)}}));
    }
    const Node user = Node::integer(options_.user_id);
    spec.set("securityContext", Node::mapping({{"runAsNonRoot", Node::boolean(true)},
                                               {"runAsUser", user},
                                               {"runAsGroup", user},
                                               {"fsGroup", user},
                                               {"fsGroupChangePolicy", string("OnRootMismatch")},
                                               {"seccompProfile", Node::mapping({{"type", string("RuntimeDefault")}})}}));
    Node containers = Node::sequence();
    containers.push_back(container());
    spec.set("containers", std::move(containers));
    Node all_volumes = volumes();
    if (all_volumes.size() > 0) spec.set("volumes", std::move(all_volumes));
    return spec;
  }

  Node container() const {
    Node container = Node::mapping({{"name", string(kMainContainer)}, {"image", string(image_)}});
    // The launcher's own words come with instruct_launcher().
    if (!command_.empty()) container.set("command", unexpanded(command_));
    if (!args_.empty()) container.set("args", unexpanded(args_));
    container.set("env", environment_);
    if (!task_.container.working_directory.empty()) container.set("workingDir", string(task_.container.working_directory));
    for (const auto& [key, quantities] :
         {std::pair("requests", &task_.container.requests), std::pair("limits", &task_.container.limits)}) {
      for (const auto& [resource, quantity] : *quantities) {
        container.child_mapping("resources").child_mapping(key).set(resource, string(quantity));
      }
    }
    Node all_mounts = mounts();
    if (all_mounts.size() > 0) container.set("volumeMounts", std::move(all_mounts));
    container.set("terminationMessagePolicy", string("FallbackToLogsOnError"));
    Node drop = Node::sequence();
    drop.push_back(string("ALL"));
    container.set("securityContext", Node::mapping({{"allowPrivilegeEscalation", Node::boolean(false)},
                                                    {"capabilities", Node::mapping({{"drop", std::move(drop)}})}}));
    return container;
  }

  Node mounts() const {
    Node mounts = Node::sequence();
    const auto mount = [&](std::string_view volume, std::string_view path, bool read_only) {
      Node item = Node::mapping({{"name", string(volume)}, {"mountPath", string(path)}});
      if (read_only) item.set("readOnly", Node::boolean(true));
      mounts.push_back(std::move(item));
    };
    if (plan_.has_launcher) {
      mount(kLauncherVolume, kLauncherMount, true);
      mount(kWorkVolume, kWorkMount, false);
    }
    if (plan_.needs_workspace) mount(kWorkspaceVolume, kWorkspaceMount, false);
    if (plan_.needs_kfp_runtime) mount(kRuntimeVolume, kRuntimeMount, true);
    if (plan_.needs_artifacts) mount(kArtifactClaim, kArtifactMount, !writes_artifacts_);
    return mounts;
  }

  Node volumes() const {
    Node volumes = Node::sequence();
    if (plan_.has_launcher) {
      volumes.push_back(config_map_volume(kLauncherVolume, launcher_config_map_name(options_, plan_.architecture), 0555));
      volumes.push_back(Node::mapping({{"name", string(kWorkVolume)}, {"emptyDir", empty_mapping()}}));
    }
    if (plan_.needs_workspace) {
      volumes.push_back(
          Node::mapping({{"name", string(kWorkspaceVolume)},
                         {"persistentVolumeClaim", Node::mapping({{"claimName", string(options_.workspace_claim)}})}}));
    }
    if (plan_.needs_kfp_runtime) volumes.push_back(config_map_volume(kRuntimeVolume, options_.kfp_runtime_config_map, 0444));
    if (plan_.needs_artifacts) {
      volumes.push_back(Node::mapping(
          {{"name", string(kArtifactClaim)}, {"persistentVolumeClaim", Node::mapping({{"claimName", string(kArtifactClaim)}})}}));
    }
    return volumes;
  }

  static Node config_map_volume(std::string_view volume, std::string_view config_map, int mode) {
    return Node::mapping({{"name", string(volume)},
                          {"configMap", Node::mapping({{"name", string(config_map)}, {"defaultMode", Node::integer(mode)}})}});
  }

  // A task that asks to be root need not say so twice.
  void allow_root() {
    Node* main = find_container(plan_.pod, kMainContainer);
    if (!main) throw input_error(task_.place, "pod: the container '{}' must not be removed", kMainContainer);
    for (Node* owner : {plan_.pod.find("spec"), main}) {
      Node* context = owner->find("securityContext");
      if (context && context->text_of("runAsUser") == "0") context->set("runAsNonRoot", Node::boolean(false));
    }
  }

  // A node that is out of touch loses its pods after that time, not after Kubernetes' five minutes; what the task says itself
  // holds.
  void bear_node_loss() {
    Node& tolerations = list_in(*plan_.pod.find("spec"), "tolerations");
    for (const auto* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
      const auto& items = tolerations.items();
      if (std::any_of(items.begin(), items.end(), [&](const Node& item) { return item.text_of("key") == key; })) continue;
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(*task_.node_loss_wait).count();
      tolerations.push_back(Node::mapping({{"key", string(key)},
                                           {"operator", string("Exists")},
                                           {"effect", string("NoExecute")},
                                           {"tolerationSeconds", Node::integer(seconds)}}));
    }
  }

  // The launcher.

  std::size_t message_limit() const {
    std::size_t containers = 0;
    for (const auto* list : {"containers", "initContainers"}) {
      if (const Node* found = plan_.pod.find_path({"spec", list})) containers += found->size();
    }
    return std::min(kMessage, kMessagesOfPod / std::max<std::size_t>(containers, 1));
  }

  Node launcher_plan() const {
    std::vector<std::string> directories{temporary()};
    if (is_kfp_) directories.emplace_back(directory_of(kResultsPath));
    Node plan = Node::mapping({{"directories", Node::strings(directories)}});
    if (script_) {
      Node files = Node::sequence();
      files.push_back(Node::mapping({{"path", string(kScriptPath)}, {"text", string(*script_)}}));
      plan.set("files", std::move(files));
    }
    if (!inputs_.empty()) plan.set("inputs", Node::strings(inputs_));
    Node outputs = Node::sequence();
    for (const auto& output : task_.outputs) {
      Node item = Node::mapping({{"name", string(output.name)}, {"path", string(output_path(output))}});
      if (output.type.is_artifact()) item.set("artifact", Node::boolean(true));
      if (output.type.kind == pipeline::TypeKind::artifact_list) item.set("list", Node::boolean(true));
      if (output.default_value || is_kfp_) item.set("optional", Node::boolean(true));
      outputs.push_back(std::move(item));
    }
    if (is_kfp_) {
      outputs.push_back(Node::mapping({{"name", string(kResultsOutput)},
                                       {"path", string(kResultsPath)},
                                       {"optional", Node::boolean(true)},
                                       {"results", Node::boolean(true)}}));
    }
    plan.set("outputs", std::move(outputs));
    if (writes_artifacts_) {
      plan.set("store", string(kStorePath));
      plan.set("staging", string(fmt::format("{}/{}", kStagingPath, name_)));
    }
    plan.set("messageLimit", Node::integer(static_cast<long long>(message_limit())));
    return plan;
  }

  void instruct_launcher() {
    Node* main = find_container(plan_.pod, kMainContainer);
    const auto text = document::write_json(launcher_plan());
    Node command = Node::strings({std::string(kLauncherPath)});
    if (text.size() <= kLongestPlanVariable) {
      list_in(*main, "env").push_back(Node::mapping({{"name", string(kPlanVariable)}, {"value", string(unexpanded(text))}}));
    } else {
      hand_plan_over(*main, text);
      command.push_back(string("--plan"));
      command.push_back(string(kPlanPath));
    }
    command.push_back(string("--"));
    if (const Node* own = main->find("command"); own && own->is_sequence()) {
      for (const auto& word : own->items()) command.push_back(word);
    }
    main->set("command", std::move(command));
  }

  void hand_plan_over(Node& main, const std::string& text) {
    if (text.size() > kLongestPlan) {
      throw input_error(task_.place, "task {}: its script and lists are {} bytes, more than a ConfigMap takes", task_.name,
                        text.size());
    }
    plan_.plan_config_map = Node::mapping({{"apiVersion", string("v1")},
                                           {"kind", string("ConfigMap")},
                                           {"metadata", Node::mapping({{"name", string(name_)}})},
                                           {"immutable", Node::boolean(true)},
                                           {"data", Node::mapping({{"plan.json", string(text)}})}});
    own(plan_.plan_config_map.child_mapping("metadata"));
    list_in(*plan_.pod.find("spec"), "volumes").push_back(config_map_volume(kPlanVolume, name_, 0444));
    list_in(main, "volumeMounts")
        .push_back(
            Node::mapping({{"name", string(kPlanVolume)}, {"mountPath", string(kPlanMount)}, {"readOnly", Node::boolean(true)}}));
  }

  // What decides the attempt's outcome: not which kfrun made the pod of it.
  std::string input_hash() const {
    Node outputs = Node::sequence();
    for (const auto& output : task_.outputs) {
      outputs.push_back(Node::mapping({{"name", string(output.name)}, {"type", string(to_string(output.type.kind))}}));
    }
    const Node all = Node::mapping({{"image", string(image_)},
                                    {"command", Node::strings(command_)},
                                    {"args", Node::strings(args_)},
                                    {"env", environment_},
                                    {"script", script_ ? string(*script_) : Node::null()},
                                    {"inputs", to_node(work_.inputs)},
                                    {"outputs", std::move(outputs)},
                                    {"pod", task_.pod}});
    return sha256_hex(document::write_json(all, {.sort_keys = true}));
  }

  void own(Node& metadata) const {
    const Node labels = run_labels(run_.id);
    for (const auto& label : labels.members()) metadata.child_mapping("labels").set(label.key.text(), label.value);
    if (!options_.owner_uid.empty()) metadata.set("ownerReferences", owned_by(options_.owner_name, options_.owner_uid));
  }

  void add_metadata() {
    Node& metadata = plan_.pod.child_mapping("metadata");
    metadata.set("name", string(name_));
    metadata.remove("namespace");
    own(metadata);
    metadata.child_mapping("labels").set(kTaskLabel, string(label_value(work_.id.instance)));
    Node& annotations = metadata.child_mapping("annotations");
    annotations.set(kPathAnnotation, string(work_.id.instance));
    annotations.set(kAttemptAnnotation, string(std::to_string(work_.id.attempt)));
    annotations.set(kInputHashAnnotation, string(plan_.input_hash));
    annotations.set(kLauncherAnnotation, string(plan_.has_launcher ? "true" : "false"));
    annotations.set("kubectl.kubernetes.io/default-container", string(kMainContainer));
    if (task_.once) list_in(metadata, "finalizers").push_back(string(kFinalizer));
  }

  const Work& work_;
  const pipeline::Task& task_;
  const RunContext& run_;
  const PodOptions& options_;
  const std::string name_;
  const TaskPaths paths_;
  const pipeline::Scope scope_;
  bool is_kfp_ = false;
  bool writes_artifacts_ = false;
  PodPlan plan_;
  std::string image_;
  std::vector<std::string> command_, args_;
  std::optional<std::string> script_;
  Node environment_;
  std::vector<std::string> inputs_;  // artifacts that the command line names
};

}  // namespace

std::string pod_name(const std::string& run, const AttemptId& id) {
  const std::string key = run + '\0' + id.instance + '\0' + std::to_string(id.attempt);
  return fmt::format("{}-{}-{}", dns_part(run, 30), dns_part(id.instance, 20), base32(sha256(key)).substr(0, 10));
}

std::string label_value(std::string_view text) {
  constexpr std::size_t most = 63;
  const auto is_alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  std::string value;
  for (const char c : text) value += is_alphanumeric(c) || c == '-' || c == '_' || c == '.' ? c : '-';
  value.resize(std::min(value.size(), most));
  while (!value.empty() && !is_alphanumeric(value.back())) value.pop_back();
  const auto first = std::find_if(value.begin(), value.end(), is_alphanumeric);
  return std::string(first, value.end());
}

std::string launcher_config_map_name(const PodOptions& options, std::string_view architecture) {
  return fmt::format("{}-{}", options.launcher_config_map, architecture);
}

PodPlan plan_pod(const Work& work, const RunContext& run, const PodOptions& options) {
  return Planner(work, run, options).plan();
}

}  // namespace kfrun::run
