#include "kustomize/plugins.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "document/reader.h"
#include "kustomize/function_plugin.h"
#include "kustomize/generators.h"
#include "kustomize/helm.h"
#include "kustomize/kustomization_shape.h"
#include "kustomize/resource_text.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

struct Context {
  const Node& configuration;
  const Loader& loader;
  const document::MergeSchema& schema;
  const Compat& compat;
};

TextMap text_map(const Node& node, std::string_view field) {
  TextMap values;
  if (const Node* map = node.find(field); map && map->is_mapping()) {
    for (const auto& member : map->members()) values[member.key.text()] = member.value.is_null() ? "" : member.value.text();
  }
  return values;
}

FieldSpecs field_specs(const Node& node) {
  const Node* specs = node.find("fieldSpecs");
  return specs ? read_field_specs(*specs, "fieldSpecs") : FieldSpecs{};
}

FieldSpecs required_field_specs(const Node& node) {
  if (!node.find("fieldSpecs")) throw make_error(ErrorKind::input, "fieldSpecs is not expected to be nil");
  return field_specs(node);
}

// The entry of a kustomization that says the same as a plugin configuration, read as one.
Kustomization as_kustomization(std::string_view field, Node entry) {
  entry = Node::mapping({{field, Node::sequence({std::move(entry)})}});
  return kustomization_of(decode_json_shape(entry, kustomization_shape(), ""));
}

// The fields with these names, found without regard to case, as Go does.
Node only(const Node& node, std::initializer_list<std::string_view> fields) {
  Node made = Node::mapping(document::Mapping{});
  for (const auto field : fields) {
    for (const auto& [key, value] : node.members()) {
      if (to_lower(key.text()) == to_lower(field)) made.set(field, value);
    }
  }
  return made;
}

Transform labels(const Context& context) {
  return transform_labels(text_map(context.configuration, "labels"), field_specs(context.configuration), context.compat);
}

Transform annotations(const Context& context) {
  return transform_annotations(text_map(context.configuration, "annotations"), field_specs(context.configuration),
                               context.compat);
}

Transform name_space(const Context& context) {
  const Node& configuration = context.configuration;
  NamespaceChange change;
  change.name = metadata_text(configuration, "namespace");
  const Node* unset_only = configuration.find("unsetOnly");
  change.unset_only = unset_only && unset_only->as_boolean().value_or(false);
  change.subjects = parse_subject_mode(configuration.text_of("setRoleBindingSubjects"));
  return transform_namespace(std::move(change), field_specs(configuration));
}

Transform prefix(const Context& context) {
  return transform_prefix(context.configuration.text_of("prefix"), required_field_specs(context.configuration), context.compat);
}

Transform suffix(const Context& context) {
  return transform_suffix(context.configuration.text_of("suffix"), required_field_specs(context.configuration), context.compat);
}

Transform prefix_and_suffix(const Context& context) {
  return [first = prefix(context), second = suffix(context)](ResourceMap& resources) {
    first(resources);
    second(resources);
  };
}

Transform patch(const Context& context) {
  const auto made = as_kustomization("patches", only(context.configuration, {"path", "patch", "target", "options"}));
  return transform_patch(LoadedPatch::configured(made.patches.front(), context.configuration, context.loader, context.compat),
                         context.schema);
}

Transform strategic_patch(const Context& context) {
  const auto made = kustomization_of(
      Node::mapping({{"patchesStrategicMerge",
                      context.configuration.find("paths") ? *context.configuration.find("paths") : Node::sequence()}}));
  return transform_patch(LoadedPatch::strategic(made.patches_strategic_merge, context.configuration.text_of("patches"),
                                                context.loader, context.compat),
                         context.schema);
}

Transform json6902_patch(const Context& context) {
  Node entry = only(context.configuration, {"path", "target"});
  if (const Node* operations = context.configuration.find("jsonOp")) entry.set("patch", *operations);
  const auto made = as_kustomization("patchesJson6902", std::move(entry));
  return transform_patch(LoadedPatch::json6902_configured(made.patches_json6902.front(), context.loader, context.compat),
                         context.schema);
}

Transform images(const Context& context) {
  const Node* image = context.configuration.find("imageTag");
  const auto made = as_kustomization("images", image ? *image : Node::mapping(document::Mapping{}));
  return transform_images(made.images, field_specs(context.configuration), context.compat);
}

Transform replicas(const Context& context) {
  const Node* replica = context.configuration.find("replica");
  const auto made = as_kustomization("replicas", replica ? *replica : Node::mapping(document::Mapping{}));
  return transform_replicas(made.replicas.front(), field_specs(context.configuration));
}

Transform replacements(const Context& context) {
  const Node* entries = context.configuration.find("replacements");
  return transform_replacements(load_replacements(entries ? *entries : Node(), context.loader));
}

Transform values(const Context& context) {
  ValueAdd plugin = read_value_add(context.configuration);
  plugin.value = trim(plugin.value);
  if (plugin.value.empty()) plugin.value = file_name_of(context.loader.root());
  if (!plugin.target_file_path.empty()) {
    const auto documents =
        document::read_yaml(context.loader.read(plugin.target_file_path), plugin.target_file_path, document::Schema::go_yaml_v2);
    const Node* targets = documents.empty() ? nullptr : documents.front().find("targets");
    if (targets) {
      for (auto& target : read_value_add_targets(*targets)) plugin.targets.push_back(std::move(target));
    }
  }
  check_value_add(plugin);
  return transform_values(std::move(plugin));
}

Transform hashes(const Context& context) {
  return [&compat = context.compat](ResourceMap& resources) { add_hashes(resources, compat); };
}

struct BuiltinTransformer {
  std::string_view kind;
  Transform (*configure)(const Context&);
};
constexpr std::array<BuiltinTransformer, 14> kTransformers = {{{"AnnotationsTransformer", annotations},
                                                               {"HashTransformer", hashes},
                                                               {"ImageTagTransformer", images},
                                                               {"LabelTransformer", labels},
                                                               {"NamespaceTransformer", name_space},
                                                               {"PatchJson6902Transformer", json6902_patch},
                                                               {"PatchStrategicMergeTransformer", strategic_patch},
                                                               {"PatchTransformer", patch},
                                                               {"PrefixSuffixTransformer", prefix_and_suffix},
                                                               {"PrefixTransformer", prefix},
                                                               {"ReplacementTransformer", replacements},
                                                               {"ReplicaCountTransformer", replicas},
                                                               {"SuffixTransformer", suffix},
                                                               {"ValueAddTransformer", values}}};
constexpr std::array<std::string_view, 4> kGenerators = {"ConfigMapGenerator", "IAMPolicyGenerator", "SecretGenerator",
                                                         "HelmChartInflationGenerator"};

bool is_generator(const std::string& kind) {
  return std::find(kGenerators.begin(), kGenerators.end(), kind) != kGenerators.end();
}

bool is_transformer(const std::string& kind) {
  return std::any_of(kTransformers.begin(), kTransformers.end(),
                     [&](const auto& transformer) { return transformer.kind == kind; });
}

bool is_builtin(const Resource& configuration) {
  const Gvk gvk = configuration.gvk();
  return gvk.group.empty() && gvk.version == "builtin";
}

// The program that a configuration names; programs run only when the user said so.
FunctionSpec permitted_function(const Resource& configuration, const BuildOptions& options) {
  const ResId id = configuration.original_id();
  if (!options.enable_plugins) {
    throw input_error({}, "external plugins disabled; unable to load external plugin '{}'", id.gvk.kind);
  }
  auto spec = within("loader", [&] { return read_function_spec(configuration.document); });
  if (!spec) {
    throw make_error(ErrorKind::unsupported, "plugin {}: of external plugins only functions can be run", to_string(id));
  }
  check_mounts(*spec, configuration.document);
  return *std::move(spec);
}

GeneratorArguments generator_arguments(const Node& configuration, std::string_view field) {
  Node entry = only(configuration, {"name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"});
  if (field == "configMapGenerator") entry.remove("type");
  const auto made = as_kustomization(field, std::move(entry));
  GeneratorArguments arguments =
      field == "configMapGenerator" ? made.config_map_generators.front() : made.secret_generators.front();
  if (arguments.name.empty()) arguments.name = metadata_text(configuration, "name");
  if (arguments.namespace_.empty()) arguments.namespace_ = metadata_text(configuration, "namespace");
  return arguments;
}

Resource gke_service_account(const Node& configuration) {
  const auto cloud = configuration.text_of("cloud");
  if (cloud != "gke") throw make_error(ErrorKind::input, "cloud provider {} not supported yet", cloud);
  auto text = [&](std::string_view object, std::string_view field) {
    const Node* value = configuration.find_path({object, field});
    return value ? value->text() : std::string();
  };
  const auto account =
      fmt::format("{}@{}.iam.gserviceaccount.com", text("serviceAccount", "name"), text("serviceAccount", "projectId"));
  Node metadata = Node::mapping({{"annotations", Node::mapping({{"iam.gke.io/gcp-service-account", Node::string(account)}})},
                                 {"name", Node::string(text("kubernetesService", "name"))}});
  if (const auto name = text("kubernetesService", "namespace"); !name.empty()) metadata.set("namespace", Node::string(name));
  return Resource(Node::mapping(
      {{"apiVersion", Node::string("v1")}, {"kind", Node::string("ServiceAccount")}, {"metadata", std::move(metadata)}}));
}

}  // namespace

Transform configure_transformer(const Resource& configuration, const Loader& loader, const document::MergeSchema& schema,
                                const BuildOptions& options) {
  if (!is_builtin(configuration)) {
    return make_function_transformer(permitted_function(configuration, options), annotated_document(configuration), loader.root(),
                                     options);
  }
  const auto kind = configuration.kind();
  const auto builtin = std::find_if(kTransformers.begin(), kTransformers.end(), [&](const auto& t) { return t.kind == kind; });
  if (builtin == kTransformers.end()) {
    if (is_generator(kind)) {
      throw make_error(ErrorKind::input, "plugin {} not a transformer", to_string(configuration.original_id()));
    }
    throw make_error(ErrorKind::input, "unable to load builtin {}", to_string(configuration.gvk()));
  }
  return within(fmt::format("plugin {} fails configuration", to_string(configuration.original_id())), [&] {
    return builtin->configure({configuration.document, loader, schema, *options.compat});
  });
}

std::function<std::vector<Resource>()> configure_generator(const Resource& configuration, const Loader& loader,
                                                           const BuildOptions& options) {
  return within("failed to load generator", [&]() -> std::function<std::vector<Resource>()> {
    const Node& document = configuration.document;
    if (!is_builtin(configuration)) {
      return [spec = permitted_function(configuration, options), shown = annotated_document(configuration), root = loader.root(),
              &options] { return generate_by_function(spec, shown, root, options); };
    }
    const auto kind = configuration.kind();
    if (kind == "ConfigMapGenerator" || kind == "SecretGenerator") {
      const auto generated = kind == "SecretGenerator" ? GeneratedKind::secret : GeneratedKind::config_map;
      auto arguments = within(fmt::format("plugin {} fails configuration", to_string(configuration.original_id())), [&] {
        return generator_arguments(document, kind == "SecretGenerator" ? "secretGenerator" : "configMapGenerator");
      });
      return [generated, arguments, &loader, &compat = *options.compat] {
        std::vector<Resource> made;
        made.push_back(generate(generated, arguments, loader, compat));
        return made;
      };
    }
    if (kind == "IAMPolicyGenerator") return [document] { return std::vector<Resource>{gke_service_account(document)}; };
    if (kind == "HelmChartInflationGenerator") {
      return within(fmt::format("plugin {} fails configuration", to_string(configuration.original_id())),
                    [&] { return configure_helm(document, loader, options); });
    }
    if (is_transformer(kind)) {
      throw make_error(ErrorKind::input, "plugin {} not a generator", to_string(configuration.original_id()));
    }
    throw make_error(ErrorKind::input, "unable to load builtin {}", to_string(configuration.gvk()));
  });
}

std::vector<Replacement> load_replacements(const Node& entries, const Loader& loader) {
  std::vector<Replacement> replacements;
  if (!entries.is_sequence()) return replacements;
  for (const auto& entry : entries.items()) {
    const auto path = entry.text_of("path");
    if (path.empty()) {
      replacements.push_back(read_replacement(entry));
      continue;
    }
    const Node* targets = entry.find("targets");
    if (entry.find("source") || (targets && targets->size() > 0)) {
      throw make_error(ErrorKind::input, "cannot specify both path and inline replacement");
    }
    const auto documents = document::read_yaml(loader.read(path), path, document::Schema::go_yaml_v2);
    const Node content = documents.empty() ? Node() : documents.front();
    if (content.is_sequence()) {
      for (const auto& item : content.items()) replacements.push_back(read_replacement(item));
    } else if (content.is_mapping()) {
      replacements.push_back(read_replacement(content));
    } else {
      throw make_error(ErrorKind::input, "unsupported replacement type encountered within replacement path: {}",
                       content.is_null() ? "invalid" : "string");
    }
  }
  return replacements;
}

}  // namespace kfrun::kustomize
