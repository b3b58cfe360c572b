#include "kustomize/helm.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

#include <re2/re2.h>

#include "base/process.h"
#include "base/temporary_directory.h"
#include "base/text.h"
#include "document/json_values.h"
#include "document/merge.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/go_words.h"
#include "kustomize/node_fields.h"
#include "kustomize/resource_map.h"
#include "kustomize/resource_reader.h"
#include "kustomize/schema.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kGeneratedAnnotation = "internal.config.kubernetes.io/helm-generated";
constexpr std::size_t kOutputLimit = 1u << 30;

// kustomize's HelmGlobals and HelmChart.
struct HelmChart {
  std::string chart_home;
  std::string config_home;
  std::string name;
  std::string version;
  std::string repo;
  std::string release_name;
  std::string namespace_;
  std::vector<std::string> additional_values_files;
  std::string values_file;
  Node values_inline;  // a mapping or null
  std::string values_merge;
  bool include_crds = false;
  bool skip_hooks = false;
  std::vector<std::string> api_versions;
  std::string kube_version;
  std::string name_template;
  bool skip_tests = false;
  bool debug = false;
  bool devel = false;
};

std::string text_in(const Node& node, std::string_view field) {
  const Node* value = node.find(field);
  return value && !value->is_null() ? value->text() : std::string();
}

// Numbers become float64, as in the Go map they are read into.
Node values_in(const Node& node) {
  const Node* values = node.find("valuesInline");
  if (!values || !values->is_mapping()) return Node::null();
  return document::from_json_values(document::to_json_values(*values));
}

HelmChart read_chart(const Node& node) {
  HelmChart chart;
  chart.chart_home = text_in(node, "chartHome");
  chart.config_home = text_in(node, "configHome");
  chart.name = text_in(node, "name");
  chart.version = text_in(node, "version");
  chart.repo = text_in(node, "repo");
  chart.release_name = text_in(node, "releaseName");
  chart.namespace_ = text_in(node, "namespace");
  chart.additional_values_files = texts_in(node, "additionalValuesFiles");
  chart.values_file = text_in(node, "valuesFile");
  chart.values_inline = values_in(node);
  chart.values_merge = text_in(node, "valuesMerge");
  chart.include_crds = is_set(node, "includeCRDs");
  chart.skip_hooks = is_set(node, "skipHooks");
  chart.api_versions = texts_in(node, "apiVersions");
  chart.kube_version = text_in(node, "kubeVersion");
  chart.name_template = text_in(node, "nameTemplate");
  chart.skip_tests = is_set(node, "skipTests");
  chart.debug = is_set(node, "debug");
  chart.devel = is_set(node, "devel");
  return chart;
}

// Whether Go leaves a field out that has this value.
bool is_empty(const Node& value) {
  if (!value.is_scalar()) return value.size() == 0;
  return value.is_null() || value.text().empty() || value.as_boolean() == false;
}

// Values never become text while they are merged, so that quotes of the old value say nothing about the new one.
void forget_styles(Node& node) {
  if (node.is_scalar()) {
    node.set_style(document::Style::plain);
  } else if (node.is_sequence()) {
    for (auto& item : node.items()) forget_styles(item);
  } else {
    for (auto& member : node.members()) forget_styles(member.value);
  }
}

std::string absolute_below(const std::string& root, const std::string& path) { return clean_path(join_path(root, path)); }

class HelmGenerator {
 public:
  // Throws for what helm must not get to see.
  HelmGenerator(HelmChart chart, const Loader& loader, const BuildOptions& options)
      : chart_(std::move(chart)), loader_(loader), options_(options) {
    check_names();
    if (chart_.chart_home.empty()) chart_.chart_home = "charts";
    if (chart_.values_file.empty()) {
      chart_.values_file = absolute_below(absolute_below(chart_home(), chart_.name), "values.yaml");
    }
    for (auto& file : chart_.additional_values_files) {
      within("could not load additionalValuesFile", [&] { return loader_.read(file); });
      file = absolute_below(loader_.root(), file);
    }
    check_values_merge();
    temporary_ = std::make_shared<TemporaryDirectory>("kustomize-helm-");
    if (chart_.config_home.empty()) chart_.config_home = temporary_->path() + "/helm";
  }

  std::vector<Resource> generate() const {
    check_helm_version();
    if (!is_chart_there()) {
      if (chart_.repo.empty()) throw make_error(ErrorKind::not_found, "no repo specified for pull, no chart found at ''");
      run_helm(pull_arguments());
    }
    const std::string values_file = write_values();
    return read_output(run_helm(template_arguments(values_file)));
  }

 private:
  // A leading '-' would make helm take a name for a flag.
  void check_names() const {
    if (chart_.name.empty()) throw make_error(ErrorKind::input, "chart name cannot be empty");
    if (chart_.release_name.starts_with('-')) {
      throw make_error(ErrorKind::input, "releaseName must not start with '-', got {}", quoted(chart_.release_name));
    }
    if (chart_.name.starts_with('-')) {
      throw make_error(ErrorKind::input, "chart name must not start with '-', got {}", quoted(chart_.name));
    }
  }

  // Go's %q.
  static std::string quoted(const std::string& text) { return document::write_json(Node::string(text)); }

  void check_values_merge() {
    static constexpr std::array<std::string_view, 3> kLegal = {"merge", "override", "replace"};
    if (chart_.values_merge.empty()) chart_.values_merge = "override";
    if (std::find(kLegal.begin(), kLegal.end(), chart_.values_merge) != kLegal.end()) return;
    throw make_error(ErrorKind::input, "valuesMerge must be one of [merge override replace]");
  }

  // Where the folder of the chart is; charts of a repository have a home of their own for each version.
  std::string chart_home() const {
    const auto& home = chart_.chart_home;
    const std::string absolute = home.starts_with('/') ? home : absolute_below(loader_.root(), home);
    if (chart_.version.empty() || chart_.repo.empty()) return absolute;
    return absolute_below(absolute, fmt::format("{}-{}", chart_.name, chart_.version));
  }

  // helm works with the machine's files, and an earlier chart of this build may just have brought this one.
  bool is_chart_there() const { return disk().is_directory(absolute_below(chart_home(), chart_.name)); }

  std::string run_helm(const std::vector<std::string>& arguments) const {
    ProcessSpec spec;
    spec.command = arguments;
    spec.command.insert(spec.command.begin(), options_.helm_command);
    spec.environment = {{"HELM_CONFIG_HOME", chart_.config_home},
                        {"HELM_CACHE_HOME", chart_.config_home + "/.cache"},
                        {"HELM_DATA_HOME", chart_.config_home + "/.data"}};
    spec.stays_in_group = true;
    ProcessResult result;
    if (const auto fault = start_fault_words(options_.helm_command, {}); !fault.empty())
      throw run_error(arguments, result, fault);
    result = run_process(spec, {}, std::nullopt, kOutputLimit);
    if (result.exit_code != 0) throw run_error(arguments, result, exit_words(result));
    return std::move(result.output);
  }

  Error run_error(const std::vector<std::string>& arguments, const ProcessResult& result, const std::string& cause) const {
    std::string printed = result.error_output;
    if (std::find(arguments.begin(), arguments.end(), "--debug") != arguments.end()) {
      printed = fmt::format(" Helm stack trace:\n{}\nHelm template:\n{}\n", printed, result.output);
    }
    const auto& home = chart_.config_home;
    return make_error(ErrorKind::failed,
                      "{0}: unable to run: '{1} {2}' with env=[HELM_CONFIG_HOME={3} HELM_CACHE_HOME={3}/.cache "
                      "HELM_DATA_HOME={3}/.data] (is '{1}' installed?): {4}",
                      printed, options_.helm_command, join(arguments, " "), home, cause);
  }

  void check_helm_version() const {
    static const re2::RE2 kVersion(R"(v?\d+(\.\d+)+)");
    const std::string printed = run_helm({"version", "--short"});
    re2::StringPiece found;
    if (!kVersion.Match(printed, 0, printed.size(), re2::RE2::UNANCHORED, &found, 1)) {
      throw make_error(ErrorKind::unsupported, "cannot find version string in {}", printed);
    }
    std::string version(found.data(), found.size());
    if (version.front() == 'v') version.erase(0, 1);
    const std::string major = version.substr(0, version.find('.'));
    if (major == "3" || major == "4") return;
    throw make_error(ErrorKind::unsupported, "this plugin requires helm V3 or V4 but got v{}", version);
  }

  std::vector<std::string> pull_arguments() const {
    std::vector<std::string> arguments = {"pull", "--untar", "--untardir", chart_home()};
    if (chart_.repo.starts_with("oci://")) {
      arguments.push_back((chart_.repo.ends_with('/') ? chart_.repo : chart_.repo + "/") + chart_.name);
    } else {
      arguments.insert(arguments.end(), {"--repo", chart_.repo, chart_.name});
    }
    if (!chart_.version.empty()) arguments.insert(arguments.end(), {"--version", chart_.version});
    if (chart_.devel) arguments.emplace_back("--devel");
    return arguments;
  }

  std::vector<std::string> template_arguments(const std::string& values_file) const {
    std::vector<std::string> arguments = {"template"};
    auto add_pair = [&](const char* flag, const std::string& value) {
      if (!value.empty()) arguments.insert(arguments.end(), {flag, value});
    };
    arguments.push_back(chart_.release_name.empty() ? "--generate-name" : chart_.release_name);
    arguments.push_back(absolute_below(chart_home(), chart_.name));
    add_pair("--namespace", chart_.namespace_);
    add_pair("--name-template", chart_.name_template);
    add_pair("-f", values_file);
    for (const auto& file : chart_.additional_values_files) arguments.insert(arguments.end(), {"-f", file});
    for (const auto& version : chart_.api_versions) arguments.insert(arguments.end(), {"--api-versions", version});
    add_pair("--kube-version", chart_.kube_version);
    if (chart_.include_crds) arguments.emplace_back("--include-crds");
    if (chart_.skip_tests) arguments.emplace_back("--skip-tests");
    if (chart_.skip_hooks) arguments.emplace_back("--no-hooks");
    if (chart_.debug) arguments.emplace_back("--debug");
    if (chart_.devel) arguments.emplace_back("--devel");
    return arguments;
  }

  // The file that helm gets: the chart's values or those the user put in their place, together with the inline ones.
  std::string write_values() const {
    std::string text;
    if (chart_.values_inline.size() == 0) {
      text = loader_.read(chart_.values_file);
    } else if (chart_.values_merge == "replace") {
      text = document::write_yaml(chart_.values_inline);
    } else {
      text = document::write_yaml(merged_values());
    }
    const std::string path = absolute_below(temporary_->path(), chart_.name + "-kustomize-values.yaml");
    within("failed to write values file", [&] { write_file(path, text); });
    return path;
  }

  // `override`: the inline values win; `merge`: the file's do.
  Node merged_values() const {
    const std::string text = loader_.read(chart_.values_file);
    auto documents =
        within("could not parse values file into rnode", [&] { return document::read_yaml(text, chart_.values_file); });
    if (documents.empty()) throw make_error(ErrorKind::input, "could not parse values file into rnode: EOF");
    Node file_values = std::move(documents.front());
    Node inline_values = chart_.values_inline;
    forget_styles(file_values);
    forget_styles(inline_values);
    const bool inline_wins = chart_.values_merge == "override";
    Node& target = inline_wins ? file_values : inline_values;
    const auto result = within("could not merge values", [&] {
      return document::merge_strategic(target, inline_wins ? inline_values : file_values, OpenApiSchema());
    });
    return result == document::MergeResult::deleted ? Node::mapping(document::Mapping{}) : std::move(target);
  }

  // kustomize reads what it cannot take a second time, in another way, and then tells that way's fault.
  static std::vector<Resource> read_output(const std::string& output) {
    std::vector<Resource> resources;
    try {
      resources = std::move(ResourceMap(read_resources(output, "helm's output")).all());
    } catch (Error& error) {
      error.within(is_malformed(error) ? "error reading helm output" : "could not parse rnode slice into resource map");
      throw;
    }
    for (auto& resource : resources) {
      resource.document.child_mapping("metadata").child_mapping("annotations").set(kGeneratedAnnotation, Node::string("true"));
    }
    return resources;
  }

  HelmChart chart_;
  const Loader& loader_;
  const BuildOptions& options_;
  std::shared_ptr<TemporaryDirectory> temporary_;  // for helm's home and the values
};

}  // namespace

Node helm_configuration(const Node& globals, const Node& chart, const std::string& default_namespace) {
  Node configuration = Node::mapping(document::Mapping{});
  for (const Node* fields : {&globals, &chart}) {
    if (!fields->is_mapping()) continue;
    const Node values = document::yaml_to_json(*fields);
    for (const auto& member : values.members()) {
      if (!is_empty(member.value)) configuration.set(member.key.text(), member.value);
    }
  }
  if (!configuration.find("namespace") && !default_namespace.empty()) {
    configuration.set("namespace", Node::string(default_namespace));
  }
  return configuration;
}

std::function<std::vector<Resource>()> configure_helm(const Node& configuration, const Loader& loader,
                                                      const BuildOptions& options) {
  if (!options.enable_helm) throw make_error(ErrorKind::unsupported, "must specify --enable-helm");
  if (options.helm_command.empty()) throw make_error(ErrorKind::usage, "must specify --helm-command");
  HelmChart chart = read_chart(configuration);
  if (chart.kube_version.empty()) chart.kube_version = options.helm_kube_version;
  if (chart.api_versions.empty()) chart.api_versions = options.helm_api_versions;
  chart.debug = chart.debug || options.helm_debug;
  return [generator = HelmGenerator(std::move(chart), loader, options)] { return generator.generate(); };
}

}  // namespace kfrun::kustomize
