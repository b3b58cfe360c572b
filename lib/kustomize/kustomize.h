// From a directory to resources, exactly as `kustomize build` (5.8.2) does it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "document/node.h"
#include "kustomize/compat.h"

namespace kfrun::kustomize {

class BuildObserver;

// Which files a kustomization may read.
enum class LoadRestriction {
  root_only,  // those in or below its own directory
  none,
};

// The order of the output when no `sortOptions` say otherwise.
enum class Order { legacy, none };

// What an HTTP server answered to a GET, redirects followed.
struct HttpAnswer {
  int status = 0;
  std::string body;
};

struct BuildOptions {
  LoadRestriction load_restriction = LoadRestriction::root_only;
  // The deprecated --reorder; nothing means legacy.
  std::optional<Order> reorder;
  // --compat: the release whose output is wanted.
  const Compat* compat = &latest_release();
  // Adds the label app.kubernetes.io/managed-by, as `buildMetadata: [managedByLabel]` does.
  bool managed_by_label = false;
  // --enable-alpha-plugins, --enable-exec, --enable-helm. Nothing is ever executed without them.
  bool enable_plugins = false;
  bool enable_exec = false;
  bool enable_helm = false;
  std::string helm_command = "helm";
  std::vector<std::string> helm_api_versions;
  std::string helm_kube_version;
  bool helm_debug = false;
  // For functions (programs and containers): --network, --mount, -e, --as-current-user. --network-name says nothing, as in
  // kustomize.
  bool function_network = false;
  std::vector<std::string> function_mounts;
  std::vector<std::string> function_environment;
  bool function_as_current_user = false;
  // Called with what functions write to their error output, as it comes.
  std::function<void(std::string_view)> on_function_output;
  // Repositories are cloned by the git program; else they are refused.
  bool enable_git = true;
  // Reads a URL: how remote files come here. It throws Error when no answer came. Without it they are refused.
  std::function<HttpAnswer(const std::string& url)> fetch;
  // Told of every step of the build (observer.h); nothing is done for it when there is none.
  BuildObserver* observer = nullptr;
  // What stands before the warnings that kustomize writes through Go's log: "2026/11/24 23:35:07 "; nothing when it is not set.
  std::function<std::string()> log_stamp;
  // Called for each warning as it is found, also when the build fails afterwards.
  std::function<void(const std::string&)> on_warning;
};

struct BuiltResource {
  document::Node document;
  // The file it was read from, or the kustomization whose generator made it; relative to the directory that was built. For places
  // in messages.
  std::string origin;
};

struct BuildResult {
  std::vector<BuiltResource> resources;
  // Whole lines of stderr, such as "# Warning: 'bases' is deprecated. ...", in the order they were found.
  std::vector<std::string> warnings;
};

// Builds the directory `path` (with links resolved), or what a git URL names (repo_spec.h). Clones are made below $TMPDIR by the
// git program and are gone afterwards. Throws Error with kustomize's words (what() is what it prints behind
// "Error: "), and place and hints where they are known.
BuildResult build(const FileSystem& files, const std::string& path, const BuildOptions& options = {});

// The resources as kustomize prints them: go-yaml v2's form, joined with "---\n"; "" when there are none. Throws Error(input) for
// what cannot be written (control characters, duplicate keys).
std::string to_yaml(const BuildResult& result);

// The release whose behaviour this is.
inline constexpr std::string_view kKustomizeVersion = "v5.8.2";

}  // namespace kfrun::kustomize
