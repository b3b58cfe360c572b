#include "kustomize/accumulator.h"

#include <map>
#include <mutex>

#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/crd_config.h"
#include "kustomize/observer.h"
#include "kustomize/passes.h"
#include "kustomize/resource_reader.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kValidatedBy = "validated-by";

// One for each release that is built with.
SharedConfig default_config(const Compat& compat) {
  static std::map<const Compat*, SharedConfig> shared;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  auto& config = shared[&compat];
  if (!config) config = std::make_shared<const TransformerConfig>(default_transformer_config(compat));
  return config;
}

// Merging is not the same from nothing as from the default: what `other` has of narrow kinds first keeps its wider specs out, or
// does not go together with them. Only the default alone can be merged with itself without looking.
void merge_config(SharedConfig& config, const SharedConfig& other, const Compat& compat) {
  const SharedConfig standard = default_config(compat);
  if (!other || (config == standard && other == config)) return;
  if (!config && other == standard) {
    config = other;
    return;
  }
  auto merged = config ? std::make_shared<TransformerConfig>(*config) : std::make_shared<TransformerConfig>();
  merged->merge(*other);
  config = std::move(merged);
}

class Accumulator {
 public:
  Accumulator(Target& target, BuildContext& context) : target_(target), context_(context) {}

  void accumulate_into(Accumulated& all) {
    const Kustomization& kustomization = *target_.kustomization;
    within("accumulating resources", [&] { add_resources(all, kustomization.resources); });
    add_configurations(all);
    run_generators(all);
    within("accumulating components", [&] { add_components(all); });
    run_transformers(all);
    run_validators(all);
    merge_vars(all.vars, kustomization.vars, all.resources);
  }

 private:
  void add_resources(Accumulated& all, const std::vector<std::string>& paths) {
    for (const auto& path : paths) {
      std::optional<Error> as_file = add_file(all, path);
      if (!as_file) continue;
      if (is_http_refusal(*as_file)) throw *as_file;
      add_base(all, path, *as_file);
    }
  }

  // Adds the resources of a file; the error when it is none, or not a good one.
  std::optional<Error> add_file(Accumulated& all, const std::string& path) {
    try {
      std::vector<Resource> resources = within(fmt::format("accumulating resources from '{}'", path), [&] {
                                          return ResourceMap(context_.read_manifest(target_.loader, path));
                                        }).all();
      if (target_.origin) {
        const Origin origin = target_.origin->below(path);
        for (auto& resource : resources) resource.origin = origin;
      }
      context_.note_kinds(resources);
      within(fmt::format("merging resources from '{}'", path), [&] {
        for (auto& resource : resources) all.resources.append(std::move(resource));
      });
      observe({"resources", -1, path, &target_}, all.resources);
      return std::nullopt;
    } catch (const Error& error) {
      return error;
    }
  }

  void add_base(Accumulated& all, const std::string& path, const Error& as_file) {
    const std::string attempt = fmt::format("accumulation err='{}'", as_file.what());
    std::optional<Loader> loader;
    try {
      loader.emplace(enter(path));
    } catch (Error& error) {
      // A file of malformed text is a file; that it is no directory would only distract.
      if (is_malformed(as_file) && error.kind() != ErrorKind::timed_out) throw as_file;
      for (const auto& hint : as_file.hints()) {
        if (error.hints().empty()) error.hint(hint);
      }
      error.at(as_file.place());
      error.within(attempt);
      throw;
    }
    within(attempt, [&] { add_directory(all, std::move(*loader), path, false); });
  }

  Loader enter(const std::string& path) {
    if (has_forced_git_prefix(path)) context_.log(kForcedGitWarning);
    return target_.loader.enter(path);
  }

  void add_components(Accumulated& all) {
    for (const auto& path : target_.kustomization->components) {
      std::optional<Loader> loader;
      try {
        loader.emplace(enter(path));
      } catch (const Error& error) {
        throw Error(error.kind(), "loader.New " + quoted(error.what()), error.place());
      }
      try {
        add_directory(all, std::move(*loader), path, true);
      } catch (const Error& error) {
        throw Error(error.kind(), "accumulateDirectory: " + quoted(error.what()), error.place());
      }
    }
  }

  // Go's %q.
  static std::string quoted(const std::string& text) { return document::write_json(Node::string(text)); }

  void add_directory(Accumulated& all, Loader loader, const std::string& path, bool is_component) {
    const std::string root = loader.root();
    Target target =
        within(fmt::format("couldn't make target for path '{}'", root), [&] { return context_.load(std::move(loader)); });
    if (target_.origin) target.origin = target_.origin->below(path);
    const auto& name_space = target_.kustomization->namespace_;
    target.outer_namespace = name_space.empty() ? target_.outer_namespace : name_space;
    context_.use_open_api(target, false);
    const auto& kind = target.kustomization->kind;
    if (is_component && kind != "Component") {
      throw make_error(ErrorKind::input, "expected kind 'Component' for path '{}' but got '{}'", root, kind);
    }
    if (!is_component && kind == "Component") {
      throw make_error(ErrorKind::input, "expected kind != 'Component' for path '{}'", root);
    }
    const std::string recursion = fmt::format("recursed accumulation of path '{}'", root);
    const std::string merging = fmt::format("recursed merging from path '{}'", root);
    if (is_component) {
      within(recursion, [&] { Accumulator(target, context_).accumulate_into(all); });
      // kustomize merges the whole into nothing here, which a configuration need not survive as it is.
      within(merging, [&] {
        SharedConfig config;
        merge_config(config, all.config, *context_.options.compat);
        all.config = std::move(config);
      });
      return;
    }
    Accumulated sub = within(recursion, [&] { return accumulate(target, context_); });
    within(merging, [&] {
      all.resources.append_all(std::move(sub.resources));
      merge_config(all.config, sub.config, *context_.options.compat);
      merge_vars(all.vars, sub.vars);
    });
  }

  void add_configurations(Accumulated& all) {
    const Kustomization& kustomization = *target_.kustomization;
    SharedConfig config = default_config(*context_.options.compat);
    for (const auto& path : kustomization.configurations) {
      auto merged = std::make_shared<TransformerConfig>(*config);
      try {
        merged->merge(read_transformer_config(read_document(path)));
      } catch (const Error& error) {
        if (!error.place().file.empty()) throw;
        throw Error(error.kind(), error.what(), {path, error.place().line, error.place().column, error.place().path});
      }
      config = std::move(merged);
    }
    merge_with_text("merging config", all.config, config);
    if (kustomization.crds.empty()) return;
    auto definitions = std::make_shared<TransformerConfig>();
    within("loading CRDs [" + join(kustomization.crds, " ") + "]", [&] {
      for (const auto& path : kustomization.crds) definitions->merge(read_crd_config(read_document(path)));
    });
    merge_with_text("merging CRDs", all.config, definitions);
  }

  // kustomize shows the whole configuration that does not fit.
  void merge_with_text(std::string_view action, SharedConfig& config, const SharedConfig& other) const {
    try {
      merge_config(config, other, *context_.options.compat);
    } catch (Error& error) {
      error.within(fmt::format("{} {}", action, to_string(*other)));
      throw;
    }
  }

  // The first document of a YAML 1.1 file.
  Node read_document(const std::string& path) {
    auto documents = document::read_yaml(target_.loader.read(path), path, document::Schema::go_yaml_v2);
    return documents.empty() ? Node() : std::move(documents.front());
  }

  void run_generators(Accumulated& all) {
    for (auto& generator :
         generator_passes(target_, context_, [this](const auto& entries) { return plugin_configurations(entries); })) {
      std::vector<Resource> made = generator.run();
      for (auto& resource : made) {
        if (generator.origin && !resource.origin) resource.origin = generator.origin;
        if (resource.source.empty()) resource.source = target_.file_name;
      }
      // kustomize prints pointers here: one to the generator, one to its origin.
      within(fmt::format("merging from generator &{{0x0 {}}}", generator.origin ? "0x0" : "<nil>"), [&] {
        for (auto& resource : made) all.resources.absorb(std::move(resource), *context_.options.compat);
      });
      observe({generator.field.empty() ? "generators" : generator.field, generator.entry, {}, &target_}, all.resources);
    }
  }

  // The documents that `generators`, `transformers` or `validators` name or hold.
  ResourceMap plugin_configurations(const std::vector<std::string>& entries) {
    Accumulated configurations;
    std::vector<std::string> paths;
    for (const auto& entry : entries) {
      std::vector<Resource> inline_resources;
      try {
        inline_resources = read_resources(entry, target_.file_name, *context_.options.compat);
      } catch (const Error&) {
        paths.push_back(entry);
        continue;
      }
      for (auto& resource : inline_resources) {
        if (target_.origin) resource.origin = target_.origin->below(target_.file_name);
        configurations.resources.append(std::move(resource));
      }
    }
    add_resources(configurations, paths);
    return std::move(configurations.resources);
  }

  void run_transformers(Accumulated& all) {
    const auto passes = transformer_passes(target_, *all.config, context_,
                                           [this](const auto& entries) { return plugin_configurations(entries); });
    for (const auto& pass : passes) {
      pass.run(all.resources);
      if (pass.origin) note_transformation(all.resources, pass);
      all.resources.remove_empty();
      observe({pass.field, pass.entry, pass.what, &target_}, all.resources);
    }
    const Kustomization& kustomization = *target_.kustomization;
    if (!kustomization.patches.empty() || !kustomization.patches_strategic_merge.empty()) context_.note_patches();
  }

  static void note_transformation(ResourceMap& resources, const Pass& pass) {
    for (auto& resource : resources) {
      for (int i = 0; i < pass.count; ++i) {
        if (resource.origin) {
          resource.transformations.push_back(*pass.origin);
        } else {
          resource.origin = pass.origin;
        }
      }
    }
  }

  void run_validators(Accumulated& all) {
    if (target_.kustomization->validators.empty()) return;
    for (const auto& pass : plugin_passes(plugin_configurations(target_.kustomization->validators), target_, context_)) {
      ResourceMap copy = all.resources;
      pass.run(copy);
      within("validator shouldn't modify the resource map", [&] { check_same(all.resources, copy); });
    }
  }

  void observe(const BuildStep& step, ResourceMap& resources) const {
    if (context_.options.observer) context_.options.observer->after(step, resources);
  }

  // The label by which a validator may say that it was there is no change.
  static void check_same(const ResourceMap& before, ResourceMap& after) {
    if (before.size() != after.size()) throw make_error(ErrorKind::input, "lists have different number of entries");
    for (std::size_t i = 0; i < before.size(); ++i) {
      const auto same = after.find_current(before[i].current_id());
      const std::string id = to_string(before[i].current_id());
      if (same.empty()) throw make_error(ErrorKind::input, "id in self missing from other; id: {}", id);
      if (same.size() > 1) throw make_error(ErrorKind::input, "id in self matches {} in other; id: {}", same.size(), id);
      Node& document = after[same.front()].document;
      if (!before[i].document.find_path({"metadata", "labels", kValidatedBy})) remove_label(document, kValidatedBy);
      if (document != before[i].document) throw make_error(ErrorKind::input, "nodes unequal: {}", id);
    }
  }

  static void remove_label(Node& document, std::string_view key) {
    Node* metadata = document.find("metadata");
    Node* labels = metadata ? metadata->find("labels") : nullptr;
    if (!labels || !labels->is_mapping() || !labels->find(key)) return;
    labels->remove(key);
    if (labels->size() == 0) metadata->remove("labels");
  }

  Target& target_;
  BuildContext& context_;
};

}  // namespace

Accumulated accumulate(Target& target, BuildContext& context) {
  Accumulated all;
  Accumulator(target, context).accumulate_into(all);
  return all;
}

}  // namespace kfrun::kustomize
