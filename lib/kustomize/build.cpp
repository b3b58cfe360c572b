#include <algorithm>
#include <exception>
#include <map>
#include <system_error>
#include <thread>

#include "document/writer.h"
#include "kustomize/accumulator.h"
#include "kustomize/cached_files.h"
#include "kustomize/kustomize.h"
#include "kustomize/name_references.h"
#include "kustomize/observer.h"
#include "kustomize/order.h"
#include "kustomize/repo_spec.h"
#include "kustomize/resource_reader.h"
#include "kustomize/resource_text.h"
#include "kustomize/setters.h"
#include "kustomize/transformers.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kLocalConfig = "config.kubernetes.io/local-config";
// So many resources are worth a thread that writes them.
constexpr std::size_t kWorthAThread = 50;
constexpr std::string_view kManagedBy = "app.kubernetes.io/managed-by";

// What kustomize keeps in annotations during a build.
bool is_build_annotation(std::string_view key) {
  constexpr std::string_view kPrefix = "internal.config.kubernetes.io/";
  static constexpr std::string_view kNames[] = {"previousKinds",
                                                "previousNames",
                                                "prefixes",
                                                "suffixes",
                                                "previousNamespaces",
                                                "allowNameChange",
                                                "allowKindChange",
                                                "refBy",
                                                "generatorBehavior",
                                                "needsHashSuffix",
                                                "path",
                                                "index",
                                                "seqindent",
                                                "id",
                                                "annotations-migration-resource-id",
                                                "helm-generated"};
  if (key == "config.kubernetes.io/path" || key == "config.kubernetes.io/index" || key == "config.k8s.io/id") return true;
  if (!key.starts_with(kPrefix)) return false;
  key.remove_prefix(kPrefix.size());
  return std::find(std::begin(kNames), std::end(kNames), key) != std::end(kNames);
}

// Local configuration serves the build and is no part of its result.
void remove_local(ResourceMap& resources) {
  std::vector<bool> keep(resources.size());
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const Node& object = resources[i].document;
    if (resources[i].name().empty() || resources[i].kind().empty()) check_metadata(annotated_document(resources[i]));
    const Node* annotations = object.find_path({"metadata", "annotations"});
    const Node* local = annotations ? annotations->find(kLocalConfig) : nullptr;
    keep[i] = !local || local->text() == "false";
  }
  if (std::find(keep.begin(), keep.end(), false) != keep.end()) resources.keep_only(keep);
}

// Annotations come out as strings, without those of the build, and not at all when none are left.
void finish_annotations(Resource& resource, bool show_origins, bool show_transformations) {
  Node& metadata = resource.document.child_mapping("metadata");
  std::map<std::string, std::string> texts;
  if (const Node* annotations = metadata.find("annotations"); annotations && annotations->is_mapping()) {
    for (const auto& member : annotations->members()) {
      if (!is_build_annotation(member.key.text())) texts[member.key.text()] = member.value.text();
    }
  }
  texts.erase(std::string(kOriginAnnotation));
  texts.erase(std::string(kTransformationsAnnotation));
  if (show_origins && resource.origin) texts[std::string(kOriginAnnotation)] = origin_text(*resource.origin);
  if (show_transformations && !resource.transformations.empty()) {
    texts[std::string(kTransformationsAnnotation)] = transformations_text(resource.transformations);
  }
  metadata.remove("annotations");
  if (texts.empty()) return;
  Node& annotations = metadata.set("annotations", Node::mapping(document::Mapping{}));
  for (auto& [key, text] : texts) annotations.members().push_back({untagged_scalar(key), Node::string(text)});
}

void warn_of_unused(const std::vector<std::string>& names, BuildContext& context) {
  if (names.empty()) return;
  std::string text = "well-defined vars that were never replaced: ";
  for (const auto& name : names) text += (&name == &names.front() ? "" : ",") + name;
  context.log(text);
}

BuildResult build_target(Target& target, BuildContext& context) {
  Accumulated all = accumulate(target, context);
  const auto observe = [&](std::string what) {
    if (context.options.observer) context.options.observer->after({"", -1, std::move(what), &target}, all.resources);
  };
  add_hashes(all.resources, *context.options.compat);
  observe("name suffix by content");
  fix_name_references(all.resources, all.config->name_references);
  observe("name references");
  warn_of_unused(resolve_vars(all.resources, all.vars, all.config->var_references), context);
  observe("vars");
  if (context.options.compat->drops_local_config) remove_local(all.resources);
  const Kustomization& kustomization = *target.kustomization;
  if (kustomization.sort_options && context.options.reorder) {
    context.log(
        "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag ('--reorder'). Using the "
        "kustomization file over the CLI flag.");
  }
  sort_resources(all.resources, kustomization.sort_options, context.options.reorder, *context.options.compat);
  if (context.options.managed_by_label || kustomization.has_build_metadata("managedByLabel")) {
    transform_labels({{std::string(kManagedBy), fmt::format("kustomize-{}", kKustomizeVersion)}},
                     {FieldSpec({}, "metadata/labels", true)}, *context.options.compat)(all.resources);
  }
  const bool show_origins = kustomization.has_build_metadata("originAnnotations");
  const bool show_transformations = kustomization.has_build_metadata("transformerAnnotations");
  if (context.options.compat->memory_in_annotations) {
    for (auto& resource : all.resources) finish_annotations(resource, show_origins, show_transformations);
  }
  observe(std::string(kOutputStep));
  BuildResult result;
  result.resources.reserve(all.resources.size());
  for (auto& resource : all.resources) {
    result.resources.push_back({std::move(resource.document), std::move(resource.source)});
  }
  return result;
}

}  // namespace

BuildResult build(const FileSystem& files, const std::string& path, const BuildOptions& options) {
  const CachedFileSystem cached(files);
  BuildContext context(cached, options);
  if (has_forced_git_prefix(path)) context.log(kForcedGitWarning);
  Target target = context.load(Loader(cached, path, options.load_restriction, &context.remote));
  context.read_ahead(target);
  context.use_open_api(target, true);
  if (!target.kustomization->build_metadata.empty()) target.origin = Origin{};
  BuildResult result = build_target(target, context);
  result.warnings = std::move(context.warnings);
  return result;
}

std::string to_yaml(const BuildResult& result) {
  // Blocks of resources are written by several threads and joined in order.
  const std::size_t count = result.resources.size();
  const std::size_t threads =
      std::min<std::size_t>({std::max(std::thread::hardware_concurrency(), 1u), 8, count / kWorthAThread + 1});
  std::vector<std::string> texts(threads);
  std::vector<std::exception_ptr> faults(threads);
  auto write = [&](std::size_t block) {
    try {
      for (std::size_t i = count * block / threads; i < count * (block + 1) / threads; ++i) {
        if (i > 0) texts[block] += "---\n";
        document::append_yaml(texts[block], result.resources[i].document);
      }
    } catch (...) {
      faults[block] = std::current_exception();
    }
  };
  std::vector<std::thread> helpers;
  for (std::size_t block = 1; block < threads; ++block) {
    try {
      helpers.emplace_back(write, block);
    } catch (const std::system_error&) {
      write(block);  // the system allows no more threads
    }
  }
  write(0);
  for (auto& helper : helpers) helper.join();
  for (const auto& fault : faults) {
    if (fault) std::rethrow_exception(fault);
  }
  std::string text = std::move(texts.front());
  for (std::size_t block = 1; block < threads; ++block) text += texts[block];
  return text;
}

}  // namespace kfrun::kustomize
