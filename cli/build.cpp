// Verb `build`: what kustomize build does, byte for byte. Flags, warnings and file names are kustomize's.
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/screen.h"
#include "cli/verbs.h"
#include "document/writer.h"
#include "kube/fetch.h"
#include "kustomize/explain.h"
#include "kustomize/identity.h"
#include "kustomize/kustomize.h"

namespace kfrun::cli {

namespace {

Error illegal_value(std::string_view flag, const std::string& value, std::string_view legal) {
  return usage_error("illegal flag value --{} {}; legal values: [{}]", flag, value, legal);
}

kustomize::LoadRestriction load_restriction(const std::string& word) {
  if (word == "LoadRestrictionsRootOnly" || word.empty()) return kustomize::LoadRestriction::root_only;
  if (word == "LoadRestrictionsNone") return kustomize::LoadRestriction::none;
  throw illegal_value("load-restrictor", word, "LoadRestrictionsRootOnly LoadRestrictionsNone");
}

std::optional<kustomize::Order> order(const std::string& word) {
  if (word.empty()) return std::nullopt;
  if (word == "legacy") return kustomize::Order::legacy;
  if (word == "none") return kustomize::Order::none;
  throw illegal_value("reorder", word, "legacy none");
}

void print_line(const std::string& line) { std::fputs((line + "\n").c_str(), stderr); }

// The time as Go's log puts it before its lines.
std::string log_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y/%m/%d %H:%M:%S ", &local)};
}

kustomize::BuildOptions build_options(const BuildFlags& flags) {
  kustomize::BuildOptions options;
  options.load_restriction = load_restriction(flags.load_restrictor);
  options.reorder = order(flags.reorder);
  if (!flags.compat.empty()) options.compat = &kustomize::find_release(flags.compat);
  options.managed_by_label = flags.enable_managed_by_label;
  options.enable_plugins = flags.enable_alpha_plugins;
  options.enable_exec = flags.enable_exec;
  options.enable_helm = flags.enable_helm;
  options.helm_command = flags.helm_command;
  options.helm_api_versions = flags.helm_api_versions;
  options.helm_kube_version = flags.helm_kube_version;
  options.helm_debug = flags.helm_debug;
  options.function_network = flags.network;
  options.function_mounts = flags.mounts;
  options.function_environment = flags.environment;
  options.function_as_current_user = flags.as_current_user;
  options.on_function_output = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  options.log_stamp = log_stamp;
  options.on_warning = print_line;
  options.fetch = [](const std::string& url) {
    auto fetched = kube::fetch(url);
    return kustomize::HttpAnswer{fetched.status, std::move(fetched.body)};
  };
  return options;
}

void print_deprecations(const BuildFlags& flags) {
  if (!flags.reorder.empty())
    print_line("Flag --reorder has been deprecated, use the new 'sortOptions' field in kustomization.yaml instead.");
  if (flags.enable_managed_by_label) {
    print_line(
        "Flag --enable-managedby-label has been deprecated, The flag `enable-managedby-label` has been deprecated. Use the "
        "`managedByLabel` option in the `buildMetadata` field instead.");
  }
}

// Into the file itself, as kustomize does, so that devices and links are written through.
void write_into(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw make_error(ErrorKind::failed, "writing {}: {}", path, std::strerror(errno));
}

// "apps_v1_deployment_web.yaml", behind the namespace where there are several.
void write_folder(const std::string& folder, const kustomize::BuildResult& result) {
  std::set<std::string> namespaces;
  for (const auto& resource : result.resources) {
    const auto id = kustomize::ResId::of(resource.document);
    if (id.effective_namespace() != kustomize::kNoNamespace) namespaces.emplace(id.effective_namespace());
  }
  for (const auto& resource : result.resources) {
    const auto id = kustomize::ResId::of(resource.document);
    std::vector<std::string> parts;
    if (namespaces.size() > 1 && id.effective_namespace() != kustomize::kNoNamespace)
      parts.emplace_back(id.effective_namespace());
    for (const auto& part : {id.gvk.group, id.gvk.version, id.gvk.kind}) {
      if (!part.empty()) parts.push_back(part);
    }
    parts.push_back(id.name + ".yaml");
    write_into(join_path(folder, to_lower(join(parts, "_"))), document::write_yaml(resource.document));
  }
}

int explain(const BuildFlags& flags, const kustomize::BuildOptions& options) {
  if (!flags.output.empty() && flags.output != "json" && flags.output != "yaml") {
    throw usage_error("--explain prints text, or with -o json or -o yaml a document; '-o {}' is none of them", flags.output);
  }
  const auto fields = kustomize::explain(disk(), flags.directory, options, flags.explain);
  if (flags.output.empty()) {
    print(kustomize::to_text(fields));
  } else {
    print(kustomize::to_node(fields), flags.output == "json" ? OutputFormat::json : OutputFormat::yaml);
  }
  return kDone;
}

int build(const BuildFlags& flags) {
  const auto options = build_options(flags);
  print_deprecations(flags);
  if (!flags.explain.empty()) return explain(flags, options);
  // The trees are left to the end of the process, which is quicker than to free each node.
  static const auto* const kept = new kustomize::BuildResult(kustomize::build(disk(), flags.directory, options));
  const auto& result = *kept;
  if (flags.output.empty()) {
    print(kustomize::to_yaml(result));
    return kDone;
  }
  if (disk().is_directory(flags.output)) {
    write_folder(flags.output, result);
    return kDone;
  }
  if (flags.output == "yaml" || flags.output == "json" || flags.output == "name" || flags.output == "wide")
    print_warning(fmt::format("-o names a file, as in kustomize: writing to './{}'", flags.output));
  write_into(flags.output, kustomize::to_yaml(result));
  return kDone;
}

}  // namespace

int run(const BuildFlags& flags) {
  try {
    return build(flags);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) throw;
    print_kustomize_error(error);
    return kWorkFailed;
  }
}

}  // namespace kfrun::cli
