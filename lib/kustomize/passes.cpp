#include "kustomize/passes.h"

#include "document/writer.h"
#include "kustomize/generators.h"
#include "kustomize/helm.h"
#include "kustomize/plugins.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

// What a transformer is configured from.
struct Source {
  const Target& target;
  const Kustomization& kustomization;
  const TransformerConfig& config;
  BuildContext& context;
};

using Transforms = std::vector<Transform>;

Transforms strategic_patches(const Source& source) {
  const auto& patches = source.kustomization.patches_strategic_merge;
  if (patches.empty()) return {};
  return {transform_patch(LoadedPatch::strategic(patches, source.target.loader, *source.context.options.compat),
                          source.context.schema)};
}

Transforms patches(const Source& source) {
  Transforms transforms;
  for (const auto& patch : source.kustomization.patches) {
    transforms.push_back(
        transform_patch(LoadedPatch::any(patch, source.target.loader, *source.context.options.compat), source.context.schema));
  }
  return transforms;
}

Transforms json6902_patches(const Source& source) {
  Transforms transforms;
  for (const auto& patch : source.kustomization.patches_json6902) {
    transforms.push_back(transform_patch(LoadedPatch::json6902(patch, source.target.loader, *source.context.options.compat),
                                         source.context.schema));
  }
  return transforms;
}

Transforms name_space(const Source& source) {
  if (source.kustomization.namespace_.empty()) return {};
  return {transform_namespace(NamespaceChange{source.kustomization.namespace_}, source.config.namespace_)};
}

Transforms prefix(const Source& source) {
  if (source.kustomization.name_prefix.empty()) return {};
  return {transform_prefix(source.kustomization.name_prefix, source.config.name_prefix, *source.context.options.compat)};
}

Transforms suffix(const Source& source) {
  if (source.kustomization.name_suffix.empty()) return {};
  return {transform_suffix(source.kustomization.name_suffix, source.config.name_suffix, *source.context.options.compat)};
}

// The entries of `labels`, then commonLabels, which counts even when it is empty.
Transforms labels(const Source& source) {
  const auto& kustomization = source.kustomization;
  const Compat& compat = *source.context.options.compat;
  if (kustomization.labels.empty() && kustomization.common_labels.empty()) return {};
  Transforms transforms;
  for (const auto& entry : kustomization.labels) {
    transforms.push_back(transform_labels(entry.pairs, label_fields(entry, source.config), compat));
  }
  transforms.push_back(transform_labels(kustomization.common_labels, source.config.common_labels, compat));
  return transforms;
}

Transforms annotations(const Source& source) {
  if (source.kustomization.common_annotations.empty()) return {};
  return {transform_annotations(source.kustomization.common_annotations, source.config.common_annotations,
                                *source.context.options.compat)};
}

Transforms replicas(const Source& source) {
  Transforms transforms;
  for (const auto& replica : source.kustomization.replicas) {
    transforms.push_back(transform_replicas(replica, source.config.replicas));
  }
  return transforms;
}

Transforms images(const Source& source) {
  if (source.kustomization.images.empty()) return {};
  return {transform_images(source.kustomization.images, source.config.images, *source.context.options.compat)};
}

Transforms replacements(const Source& source) {
  if (source.kustomization.replacements.size() == 0) return {};
  const Node configuration = Node::mapping({{"replacements", source.kustomization.replacements}});
  auto loaded = within(
      fmt::format("trouble configuring builtin ReplacementTransformer with config: `\n{}`", document::write_yaml(configuration)),
      [&] { return load_replacements(source.kustomization.replacements, source.target.loader); });
  return {transform_replacements(std::move(loaded))};
}

struct TransformerRow {
  std::string_view kind;  // of kustomize's plugin
  std::string_view field;
  bool by_entry;  // a transform for each entry of the field, else one for all
  Transforms (*configure)(const Source&);
};
// The order in which a kustomization's fields take effect.
constexpr TransformerRow kTransformers[] = {{"PatchStrategicMergeTransformer", "patchesStrategicMerge", false, strategic_patches},
                                            {"PatchTransformer", "patches", true, patches},
                                            {"NamespaceTransformer", "namespace", false, name_space},
                                            {"PrefixTransformer", "namePrefix", false, prefix},
                                            {"SuffixTransformer", "nameSuffix", false, suffix},
                                            {"LabelTransformer", "labels", true, labels},
                                            {"AnnotationsTransformer", "commonAnnotations", false, annotations},
                                            {"PatchJson6902Transformer", "patchesJson6902", true, json6902_patches},
                                            {"ReplicaCountTransformer", "replicas", true, replicas},
                                            {"ImageTagTransformer", "images", false, images},
                                            {"ReplacementTransformer", "replacements", false, replacements}};

std::optional<Origin> builtin_origin(const Target& target, std::string_view kind) {
  if (!target.origin) return std::nullopt;
  Origin origin;
  origin.repo = target.origin->repo;
  origin.ref = target.origin->ref;
  origin.configured_in = target.origin->below(target.file_name).path;
  origin.configured_by.api_version = "builtin";
  origin.configured_by.kind = kind;
  return origin;
}

std::optional<Origin> plugin_origin(const Resource& configuration) {
  if (!configuration.origin) return std::nullopt;
  return configured_by(*configuration.origin, configuration.document);
}

void add_generators(const Target& target, const Compat& compat, GeneratedKind kind, std::vector<GeneratorPass>& passes) {
  const bool is_secret = kind == GeneratedKind::secret;
  const auto& kustomization = *target.kustomization;
  const auto origin = builtin_origin(target, is_secret ? "SecretGenerator" : "ConfigMapGenerator");
  int entry = 0;
  for (auto arguments : is_secret ? kustomization.secret_generators : kustomization.config_map_generators) {
    arguments.options = merged_options(std::move(arguments.options), kustomization.generator_options);
    passes.push_back({[kind, arguments = std::move(arguments), &target, &compat] {
                        std::vector<Resource> made;
                        made.push_back(generate(kind, arguments, target.loader, compat));
                        return made;
                      },
                      origin, is_secret ? "secretGenerator" : "configMapGenerator", entry++});
  }
}

// kustomize hands a chart the namespace itself, because its NamespaceTransformer leaves what helm made alone.
void add_helm_charts(const Target& target, const BuildContext& context, std::vector<GeneratorPass>& passes) {
  const auto& kustomization = *target.kustomization;
  if (!kustomization.helm_charts.is_sequence()) return;
  const auto& name_space = kustomization.namespace_.empty() ? target.outer_namespace : kustomization.namespace_;
  const auto origin = builtin_origin(target, "HelmChartInflationGenerator");
  for (const auto& chart : kustomization.helm_charts.items()) {
    const Node configuration = helm_configuration(kustomization.helm_globals, chart, name_space);
    passes.push_back({within(fmt::format("trouble configuring builtin HelmChartInflationGenerator with config: `\n{}`",
                                         document::write_yaml(configuration)),
                             [&] { return configure_helm(configuration, target.loader, context.options); }),
                      origin});
  }
}

}  // namespace

std::vector<GeneratorPass> generator_passes(const Target& target, BuildContext& context, const ReadConfigurations& read) {
  std::vector<GeneratorPass> passes;
  add_generators(target, *context.options.compat, GeneratedKind::config_map, passes);
  add_generators(target, *context.options.compat, GeneratedKind::secret, passes);
  add_helm_charts(target, context, passes);
  if (target.kustomization->generators.empty()) return passes;
  within("loading generator plugins", [&] {
    for (const auto& configuration : read(target.kustomization->generators)) {
      passes.push_back({configure_generator(configuration, target.loader, context.options), plugin_origin(configuration)});
    }
  });
  return passes;
}

std::vector<Pass> plugin_passes(const ResourceMap& configurations, const Target& target, BuildContext& context) {
  std::vector<Pass> passes;
  for (const auto& configuration : configurations) {
    passes.push_back(
        {configure_transformer(configuration, target.loader, context.schema, context.options), plugin_origin(configuration)});
    passes.back().what = to_string(configuration.original_id());
  }
  return passes;
}

std::vector<Pass> transformer_passes(const Target& target, const TransformerConfig& config, BuildContext& context,
                                     const ReadConfigurations& read) {
  const Source source{target, *target.kustomization, config, context};
  std::vector<Pass> passes;
  for (const auto& row : kTransformers) {
    const auto origin = builtin_origin(target, row.kind);
    int entry = 0;
    for (auto& transform : row.configure(source)) {
      passes.push_back({std::move(transform), origin, 1, row.field, row.by_entry ? entry++ : -1, {}});
    }
    // What follows the entries of `labels` is commonLabels.
    if (row.configure == labels && entry > 0) {
      passes.back().field = "commonLabels";
      passes.back().entry = -1;
    }
    // All images are changed in one step.
    if (row.configure == images && !passes.empty() && !target.kustomization->images.empty()) {
      passes.back().count = static_cast<int>(target.kustomization->images.size());
    }
  }
  if (target.kustomization->transformers.empty()) return passes;
  for (auto& pass : plugin_passes(read(target.kustomization->transformers), target, context)) {
    pass.field = "transformers";
    passes.push_back(std::move(pass));
  }
  return passes;
}

}  // namespace kfrun::kustomize
