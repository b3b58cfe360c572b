#include "kustomize/kustomization.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "document/reader.h"
#include "kustomize/kustomization_shape.h"
#include "kustomize/node_fields.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kVersion = "kustomize.config.k8s.io/v1beta1";
constexpr std::string_view kComponentVersion = "kustomize.config.k8s.io/v1alpha1";

struct Deprecation {
  std::string_view field;
  std::string_view successor;
  bool experimental;
};
constexpr std::array<Deprecation, 6> kDeprecations = {{{"bases", "resources", false},
                                                       {"commonLabels", "labels", false},
                                                       {"imageTags", "images", false},
                                                       {"patchesJson6902", "patches", false},
                                                       {"patchesStrategicMerge", "patches", false},
                                                       {"vars", "replacements", true}}};

std::vector<std::string> texts(const Node& node, std::string_view field) {
  std::vector<std::string> values;
  if (const Node* list = node.find(field)) {
    for (const auto& item : list->items()) values.push_back(item.text());
  }
  return values;
}

TextMap text_map(const Node& node, std::string_view field) {
  TextMap values;
  if (const Node* map = node.find(field)) {
    for (const auto& member : map->members()) values[member.key.text()] = member.value.text();
  }
  return values;
}

template <typename Read>
auto list_of(const Node& node, std::string_view field, Read read) {
  std::vector<decltype(read(node))> values;
  if (const Node* list = node.find(field)) {
    for (const auto& item : list->items()) values.push_back(read(item));
  }
  return values;
}

LabelSet read_label(const Node& node) {
  LabelSet label;
  label.pairs = text_map(node, "pairs");
  label.include_selectors = is_set(node, "includeSelectors");
  label.include_templates = is_set(node, "includeTemplates");
  label.include_volume_claim_templates = is_set(node, "includeVolumeClaimTemplates");
  if (const Node* fields = node.find("fields")) label.fields = read_field_specs(*fields, "Label.labels.fields");
  return label;
}

Patch read_patch(const Node& node) {
  Patch patch{node.text_of("path"), node.text_of("patch"), {}, {}};
  if (const Node* target = node.find("target")) patch.target = read_selector(*target);
  if (const Node* options = node.find("options")) {
    patch.options = PatchOptions{is_set(*options, "allowNameChange"), is_set(*options, "allowKindChange")};
  }
  return patch;
}

ImageChange read_image(const Node& node) {
  ImageChange image;
  image.name = node.text_of("name");
  image.new_name = node.text_of("newName");
  image.new_tag = node.text_of("newTag");
  image.digest = node.text_of("digest");
  image.tag_suffix = node.text_of("tagSuffix");
  return image;
}

Replica read_replica(const Node& node) {
  const Node* count = node.find("count");
  return {node.text_of("name"), count ? count->as_integer().value_or(0) : 0};
}

Var read_var(const Node& node) {
  Var var;
  var.name = node.text_of("name");
  if (const Node* target = node.find("objref")) {
    var.target = read_res_id(*target);
    var.written = var.target.gvk;
    const auto api_version = target->text_of("apiVersion");
    const auto parts = split(api_version, '/');
    if (!api_version.empty() && parts.size() == 2) var.target.gvk.group = parts[0];
    if (!api_version.empty() && parts.size() <= 2) var.target.gvk.version = parts.back();
  }
  if (const Node* path = node.find_path({"fieldref", "fieldPath"})) var.field_path = path->text();
  return var;
}

GeneratorOptions read_options(const Node& node) {
  return {text_map(node, "labels"), text_map(node, "annotations"), is_set(node, "disableNameSuffixHash"),
          is_set(node, "immutable")};
}

GeneratorArguments read_generator(const Node& node) {
  GeneratorArguments arguments;
  arguments.name = node.text_of("name");
  arguments.namespace_ = node.text_of("namespace");
  arguments.behavior = node.text_of("behavior");
  arguments.literals = texts(node, "literals");
  arguments.files = texts(node, "files");
  arguments.envs = texts(node, "envs");
  if (const auto env = node.text_of("env"); !env.empty()) arguments.envs.push_back(env);
  if (const Node* options = node.find("options")) arguments.options = read_options(*options);
  arguments.type = node.text_of("type");
  return arguments;
}

SortOptions read_sort_options(const Node& node) {
  SortOptions options;
  options.order = node.text_of("order");
  if (const Node* legacy = node.find("legacySortOptions")) {
    options.has_legacy = true;
    options.order_first = texts(*legacy, "orderFirst");
    options.order_last = texts(*legacy, "orderLast");
  }
  return options;
}

void warn_of_deprecated(const Node& node, std::vector<std::string>& warnings) {
  for (const auto& deprecation : kDeprecations) {
    if (!node.find(deprecation.field)) continue;
    warnings.push_back(
        fmt::format("# Warning: '{}' is deprecated. Please use '{}' instead.{} Run 'kustomize edit fix' to update your "
                    "Kustomization automatically.",
                    deprecation.field, deprecation.successor, deprecation.experimental ? " [EXPERIMENTAL]" : ""));
  }
}

// helmChartInflationGenerator, the old form, as helmGlobals and helmCharts.
void read_helm(const Node& node, Kustomization& made) {
  if (const Node* globals = node.find("helmGlobals")) made.helm_globals = *globals;
  if (const Node* charts = node.find("helmCharts")) made.helm_charts = *charts;
  const Node* old_charts = node.find("helmChartInflationGenerator");
  if (!old_charts) return;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kNames = {{{"chartName", "name"},
                                                                                           {"chartVersion", "version"},
                                                                                           {"chartRepoUrl", "repo"},
                                                                                           {"values", "valuesFile"},
                                                                                           {"valuesLocal", "valuesInline"},
                                                                                           {"valuesMerge", "valuesMerge"},
                                                                                           {"releaseName", "releaseName"}}};
  Node globals = Node::mapping(document::Mapping{});
  for (const auto& old_chart : old_charts->items()) {
    Node chart = Node::mapping(document::Mapping{});
    for (const auto& [old_name, name] : kNames) {
      if (const Node* value = old_chart.find(old_name)) chart.set(name, *value);
    }
    made.helm_charts.push_back(std::move(chart));
    if (const auto home = old_chart.text_of("helmHome"); !home.empty()) globals.set("configHome", Node::string(home));
    if (const auto home = old_chart.text_of("chartHome"); !home.empty()) globals.set("chartHome", Node::string(home));
  }
  if (made.helm_globals.is_null() && globals.size() > 0) made.helm_globals = std::move(globals);
}

// Whether nothing but kind and apiVersion is set, as Go's comparison with an empty struct sees it.
bool is_empty(const Node& node) {
  // These are moved to their successors before the check, where an empty list counts as none.
  static constexpr std::array<std::string_view, 3> kMoved = {"bases", "imageTags", "helmChartInflationGenerator"};
  return std::all_of(node.members().begin(), node.members().end(), [](const auto& member) {
    const auto& key = member.key.text();
    if (key == "kind" || key == "apiVersion") return true;
    if (member.value.is_scalar()) return member.value.text().empty();
    return member.value.size() == 0 && std::find(kMoved.begin(), kMoved.end(), key) != kMoved.end();
  });
}

// Where an entry of `patches` is a text, the field is what is called patchesStrategicMerge today.
void rename_old_patches(Node& node) {
  const Node* patches = node.find("patches");
  if (!patches || !patches->is_sequence()) return;
  const auto& entries = patches->items();
  if (std::none_of(entries.begin(), entries.end(), [](const Node& entry) { return entry.is_scalar(); })) return;
  for (auto& member : node.members()) {
    if (member.key.text() == "patches") member.key.set_text("patchesStrategicMerge");
  }
}

void check_type(const Kustomization& made, const std::string& root) {
  std::vector<std::string> faults;
  if (made.kind != "Kustomization" && made.kind != "Component") faults.emplace_back("kind should be Kustomization or Component");
  const auto required = made.is_component() ? kComponentVersion : kVersion;
  if (made.api_version != required) faults.push_back(fmt::format("apiVersion for {} should be {}", made.kind, required));
  if (faults.empty()) return;
  throw make_error(ErrorKind::input, "Failed to read kustomization file under {}:\n{}", root, join(faults, "\n"));
}

}  // namespace

Kustomization kustomization_of(const Node& node) {
  Kustomization made;
  made.kind = node.text_of("kind");
  if (made.kind.empty()) made.kind = "Kustomization";
  made.api_version = node.text_of("apiVersion");
  if (made.api_version.empty()) made.api_version = made.is_component() ? kComponentVersion : kVersion;
  made.openapi = text_map(node, "openapi");
  made.name_prefix = node.text_of("namePrefix");
  made.name_suffix = node.text_of("nameSuffix");
  made.namespace_ = node.text_of("namespace");
  made.common_labels = text_map(node, "commonLabels");
  made.labels = list_of(node, "labels", read_label);
  made.common_annotations = text_map(node, "commonAnnotations");
  made.patches_strategic_merge = texts(node, "patchesStrategicMerge");
  made.patches_json6902 = list_of(node, "patchesJson6902", read_patch);
  made.patches = list_of(node, "patches", read_patch);
  made.images = list_of(node, "images", read_image);
  for (auto& image : list_of(node, "imageTags", read_image)) made.images.push_back(std::move(image));
  made.replicas = list_of(node, "replicas", read_replica);
  made.vars = list_of(node, "vars", read_var);
  if (const Node* options = node.find("sortOptions")) made.sort_options = read_sort_options(*options);
  made.resources = texts(node, "resources");
  for (auto& base : texts(node, "bases")) made.resources.push_back(std::move(base));
  made.components = texts(node, "components");
  made.crds = texts(node, "crds");
  made.config_map_generators = list_of(node, "configMapGenerator", read_generator);
  made.secret_generators = list_of(node, "secretGenerator", read_generator);
  if (const Node* options = node.find("generatorOptions")) made.generator_options = read_options(*options);
  made.configurations = texts(node, "configurations");
  made.generators = texts(node, "generators");
  made.transformers = texts(node, "transformers");
  made.validators = texts(node, "validators");
  made.build_metadata = texts(node, "buildMetadata");
  if (const Node* replacements = node.find("replacements")) made.replacements = *replacements;
  read_helm(node, made);
  return made;
}

bool Kustomization::has_build_metadata(std::string_view option) const {
  return std::find(build_metadata.begin(), build_metadata.end(), option) != build_metadata.end();
}

const std::vector<std::string>& kustomization_file_names() {
  static const std::vector<std::string> names = {"kustomization.yaml", "kustomization.yml", "Kustomization"};
  return names;
}

Kustomization read_kustomization(std::string_view text, const std::string& file, const std::string& root,
                                 std::vector<std::string>& warnings, const Compat& compat) {
  const Node node = within("invalid Kustomization", [&] {
    auto documents = document::read_yaml(text, file, document::Schema::go_yaml_v2);
    if (compat.patches_may_be_paths && !documents.empty()) rename_old_patches(documents.front());
    Node decoded = documents.empty() ? Node() : decode_json_shape(documents.front(), kustomization_shape(), file);
    return decoded.is_null() ? Node::mapping(document::Mapping{}) : decoded;
  });
  if (compat.warns_of_deprecated) warn_of_deprecated(node, warnings);
  if (is_empty(node)) throw make_error(ErrorKind::input, "kustomization.yaml is empty").at({file, 0, 0, ""});
  Kustomization made = kustomization_of(node);
  check_type(made, root);
  return made;
}

}  // namespace kfrun::kustomize
