#include "kustomize/function_plugin.h"

#include <algorithm>

#include "base/files.h"
#include "base/process.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/kyaml_text.h"
#include "kustomize/resource_text.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kIdAnnotation = "kustomize.config.k8s.io/id";
constexpr std::string_view kHashAnnotation = "kustomize.config.k8s.io/needs-hash";
constexpr std::string_view kBehaviorAnnotation = "kustomize.config.k8s.io/behavior";

void set_annotation(Node& object, std::string_view key, std::string value) {
  object.child_mapping("metadata").child_mapping("annotations").set(key, Node::string(std::move(value)));
}

// Takes an annotation off; annotations that are empty then go too.
std::string take_annotation(Node& object, std::string_view key) {
  Node* metadata = object.find("metadata");
  Node* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  if (annotations == nullptr || annotations->find(key) == nullptr) return "";
  std::string value = annotations->text_of(key);
  annotations->remove(key);
  if (annotations->size() == 0) metadata->remove("annotations");
  return value;
}

// The id as a function may look at it.
std::string id_text(const ResId& id) {
  Node node = Node::mapping();
  for (auto [key, value] : {std::pair("group", id.gvk.group), std::pair("kind", id.gvk.kind), std::pair("name", id.name),
                            std::pair("namespace", id.namespace_), std::pair("version", id.gvk.version)}) {
    if (!value.empty()) node.set(key, Node::string(value));
  }
  return document::write_yaml(node);
}

std::vector<Node> items_of(std::vector<Node> documents) {
  std::vector<Node> items;
  for (Node& document : documents) {
    const Node* kind = document.find("kind");
    Node* list = document.find("items");
    bool is_list = kind != nullptr && (kind->text() == "ResourceList" || kind->text() == "List") && list != nullptr;
    if (!is_list) {
      items.push_back(std::move(document));
    } else if (list->is_sequence()) {
      std::move(list->items().begin(), list->items().end(), std::back_inserter(items));
    }
  }
  return items;
}

std::vector<Node> run(const FunctionSpec& spec, const Node& configuration, std::vector<Node> items,
                      const std::string& directory) {
  Node function_config = configuration;
  set_annotation(function_config, "config.kubernetes.io/local-config", "true");
  if (items.empty()) items.push_back(function_config);
  Node list = Node::mapping({{"apiVersion", Node::string("config.kubernetes.io/v1")},
                             {"kind", Node::string("ResourceList")},
                             {"items", Node::sequence(std::move(items))},
                             {"functionConfig", std::move(function_config)}});
  ProcessSpec process;
  process.command = spec.arguments;
  process.command.insert(process.command.begin(), join_path(directory, spec.executable));
  process.directory = directory;
  ProcessResult result = within("couldn't execute function", [&] { return run_process(process, kyaml_text(list)); });
  if (result.exit_code != 0) throw input_error({}, "couldn't execute function: exit status {}", result.exit_code);
  return items_of(document::read_yaml(result.output, spec.executable));
}

// A resource that a function printed: where it comes from may be told by annotations.
Resource printed_resource(Node document) {
  const std::string origin = take_annotation(document, kOriginAnnotation);
  const std::string transformations = take_annotation(document, kTransformationsAnnotation);
  Resource resource(std::move(document));
  if (!origin.empty()) resource.origin = read_origin(origin);
  if (!transformations.empty()) resource.transformations = read_transformations(transformations);
  return resource;
}

// Puts the function's resources in the place of those with the same id, adds new ones, and drops those it left out.
void take_over(ResourceMap& resources, std::vector<Node> output, const Node& configuration) {
  std::vector<bool> keep(resources.size(), false);
  std::vector<Resource> added;
  for (Node& document : output) {
    take_annotation(document, kIdAnnotation);
    Resource resource = printed_resource(std::move(document));
    const ResId id = resource.current_id();
    auto same = resources.find_current(id);
    bool repeated = (!same.empty() && keep[same.front()]) ||
                    std::any_of(added.begin(), added.end(), [&](const Resource& other) { return other.current_id() == id; });
    if (repeated) {
      throw input_error({}, "plugin api: {}, kind: {}, name: {} generated duplicate resource: {}",
                        configuration.text_of("apiVersion"), configuration.text_of("kind"), metadata_text(configuration, "name"),
                        to_string(id));
    }
    if (same.empty()) {
      added.push_back(std::move(resource));
      continue;
    }
    keep[same.front()] = true;
    Resource& old = resources[same.front()];
    resource.source = old.source;
    resource.referring_vars = old.referring_vars;
    old = std::move(resource);
  }
  resources.keep_only(keep);
  resources.ids_changed();
  for (Resource& resource : added) resources.append(std::move(resource));
}

Node parse_annotation(const std::string& key, const std::string& text) {
  auto documents = document::read_yaml(text, key, document::Schema::go_yaml_v2);
  return documents.empty() ? Node::null() : std::move(documents.front());
}

}  // namespace

std::optional<FunctionSpec> read_function_spec(const Node& configuration) {
  const Node* annotations = configuration.find_path({"metadata", "annotations"});
  if (annotations == nullptr) return std::nullopt;
  for (const char* key : {"config.kubernetes.io/function", "config.k8s.io/function"}) {
    const std::string text = annotations->text_of(key);
    if (text.empty()) continue;
    const Node spec = parse_annotation(key, text);
    FunctionSpec function;
    if (const Node* exec = spec.find("exec")) {
      function.executable = exec->text_of("path");
      if (const Node* arguments = exec->find("args"); arguments != nullptr && arguments->is_sequence()) {
        for (const Node& argument : arguments->items()) function.arguments.push_back(argument.text());
      }
    }
    if (const Node* container = spec.find("container")) {
      function.image = container->text_of("image");
      if (const Node* mounts = container->find("mounts"); mounts != nullptr && mounts->is_sequence()) {
        for (const Node& mount : mounts->items()) function.mount_sources.push_back(mount.text_of("src"));
      }
    }
    return function;
  }
  const std::string image = annotations->text_of("config.kubernetes.io/container");
  if (image.empty()) return std::nullopt;
  return FunctionSpec{"", {}, image, {}};
}

void check_permitted(const FunctionSpec& spec, const Node& configuration) {
  const std::string id = to_string(ResId::of(configuration));
  for (const std::string& source : spec.mount_sources) {
    std::string_view rule = source.starts_with('/')                ? "relative to the current kustomization directory"
                            : clean_path(source).starts_with("..") ? "under the current kustomization directory"
                                                                   : "";
    if (rule.empty()) continue;
    throw input_error({}, "plugin {} with mount path '{}' is not permitted; mount paths must be {}", id, source, rule);
  }
  if (spec.executable.empty()) throw make_error(ErrorKind::unsupported, "plugin {}: functions in containers cannot be run", id);
}

Transform make_function_transformer(const FunctionSpec& spec, const Node& configuration, const std::string& directory) {
  return [=](ResourceMap& resources) {
    std::vector<Node> items;
    for (const Resource& resource : resources) {
      items.push_back(annotated_document(resource));
      set_annotation(items.back(), kIdAnnotation, id_text(resource.current_id()));
    }
    take_over(resources, run(spec, configuration, std::move(items), directory), configuration);
  };
}

std::vector<Resource> generate_by_function(const FunctionSpec& spec, const Node& configuration, const std::string& directory) {
  std::vector<Resource> resources;
  for (Node& document : run(spec, configuration, {}, directory)) {
    const std::string hash = take_annotation(document, kHashAnnotation);
    const std::string behavior = take_annotation(document, kBehaviorAnnotation);
    Resource resource = printed_resource(std::move(document));
    resource.needs_hash = hash == "true";
    resource.behavior = parse_generator_behavior(behavior);
    resources.push_back(std::move(resource));
  }
  return resources;
}

}  // namespace kfrun::kustomize
