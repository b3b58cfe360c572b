#include "kustomize/function_plugin.h"

#include <algorithm>

#include "base/process.h"
#include "document/reader.h"
#include "document/resolve.h"
#include "document/writer.h"
#include "kustomize/go_words.h"
#include "kustomize/kyaml_text.h"
#include "kustomize/resource_reader.h"
#include "kustomize/resource_text.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kIdAnnotation = "kustomize.config.k8s.io/id";
constexpr std::string_view kHashAnnotation = "kustomize.config.k8s.io/needs-hash";
constexpr std::string_view kBehaviorAnnotation = "kustomize.config.k8s.io/behavior";

constexpr std::size_t kOutputLimit = 1u << 30;

struct Function {
  const FunctionSpec& spec;
  const Node& configuration;
  const std::string& directory;
  const BuildOptions& options;
};

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

// A text of an annotation as kyaml sets it: in single quotes when it would be read as something else.
void annotate(Node& object, std::string_view key, const std::string& value) {
  const bool is_text = document::resolve_plain(value, document::Schema::go_yaml_v3) == document::Tag::string;
  const auto style = is_text ? document::Style::plain : document::Style::single_quoted;
  object.child_mapping("metadata").child_mapping("annotations").set(key, Node::scalar(value, document::Tag::string, style));
}

// As kustomize hands it over: written for people and read again.
Node as_written(const Node& object) {
  auto documents = document::read_yaml(document::write_yaml(object), "");
  return documents.empty() ? Node() : std::move(documents.front());
}

// By these a function's input and output are matched; nobody sees them afterwards.
constexpr std::string_view kIndexAnnotations[] = {"config.kubernetes.io/index", "internal.config.kubernetes.io/index",
                                                  "internal.config.kubernetes.io/annotations-migration-resource-id"};
constexpr std::string_view kNumberAnnotations[] = {"internal.config.kubernetes.io/id", "config.k8s.io/id"};

std::string resource_list(std::vector<Node> items, Node function_config) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const auto key : kIndexAnnotations) annotate(items[i], key, std::to_string(i));
    for (const auto key : kNumberAnnotations) annotate(items[i], key, std::to_string(i + 1));
  }
  return kyaml_text(Node::mapping({{"apiVersion", Node::string("config.kubernetes.io/v1")},
                                   {"kind", Node::string("ResourceList")},
                                   {"items", Node::sequence(std::move(items))},
                                   {"functionConfig", std::move(function_config)}}));
}

std::vector<Node> run_command(const ProcessSpec& process, const std::string& input) {
  const std::string& program = process.command.front();
  if (const auto fault = start_fault_words(program, process.directory); !fault.empty()) {
    throw make_error(ErrorKind::not_found, "{}", fault);
  }
  const ProcessResult result = run_process(process, input, std::nullopt, kOutputLimit);
  std::vector<Node> documents = within(std::string(kMalformedYaml), [&] { return document::read_yaml(result.output, program); });
  if (result.exit_code != 0) throw make_error(ErrorKind::failed, "{}", exit_words(result));
  return unwrapped_lists(std::move(documents));
}

// What comes out when `items` go in.
std::vector<Node> run(const Function& function, std::vector<Node> items) {
  Node function_config = as_written(function.configuration);
  annotate(function_config, "config.kubernetes.io/local-config", "true");
  if (items.empty()) items.push_back(function_config);
  return within("couldn't execute function", [&] {
    const auto command = function_command(function.spec, function.directory, function.options);
    if (!command) return items;
    return run_command(*command, resource_list(std::move(items), std::move(function_config)));
  });
}

// A resource that a function printed: where it comes from may be told by annotations.
Resource printed_resource(Node document) {
  for (const auto key : kIndexAnnotations) take_annotation(document, key);
  for (const auto key : kNumberAnnotations) take_annotation(document, key);
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

}  // namespace

Transform make_function_transformer(const FunctionSpec& spec, const Node& configuration, const std::string& directory,
                                    const BuildOptions& options) {
  return [=, &options](ResourceMap& resources) {
    std::vector<Node> items;
    for (const Resource& resource : resources) {
      Node document = annotated_document(resource);
      set_annotation(document, kIdAnnotation, id_text(resource.current_id()));
      items.push_back(as_written(document));
    }
    std::vector<Node> output;
    try {
      output = run({spec, configuration, directory, options}, std::move(items));
    } catch (const Error& error) {
      throw Error(error.kind(), std::string(error.what()) + " ", error.place());  // kustomize tells the output too: there is none
    }
    take_over(resources, std::move(output), configuration);
  };
}

std::vector<Resource> generate_by_function(const FunctionSpec& spec, const Node& configuration, const std::string& directory,
                                           const BuildOptions& options) {
  std::vector<Resource> resources;
  for (Node& document : run({spec, configuration, directory, options}, {})) {
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
