// URLs that name a git repository, and what in it, in all the ways kustomize reads them: https, http, ssh and file, scp's
// "user@host:path", and "github.com/org/repo". Where the repository ends and the path in it begins is told by "//", "_git/" or
// ".git", or else by the second '/'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace kfrun::kustomize {

struct RepoSpec {
  std::string raw;        // as it was written
  std::string host;       // "https://github.com/", "git@github.com:", "file://"
  std::string repo_path;  // "org/repo"
  std::string root_path;  // of the kustomization, in the repository; "" is its top
  std::string ref;        // a branch, a tag or a commit; "" is the default branch
  bool submodules = true;
  Duration timeout = std::chrono::seconds(27);  // of each git command

  // What git clones.
  std::string clone_url() const { return host + repo_path; }
};

// Throws Error(input) in kustomize's words for what is no such URL: then it is a path.
RepoSpec parse_repo_spec(std::string_view url);
// The same; nothing when it is a path.
std::optional<RepoSpec> find_repo_spec(std::string_view url);

// Whether the obsolete prefix "git::" stands before a URL; it changes nothing, and kustomize warns of it.
bool has_forced_git_prefix(std::string_view url);
inline constexpr const char* kForcedGitWarning =
    "Warning: Forcing the git protocol using the 'git::' URL prefix is not supported. Kustomize currently strips this invalid "
    "prefix, but will stop doing so in a future release. Please remove the 'git::' prefix from your configuration.";

// Whether a path is the URL of a file that is read by HTTP.
bool is_http_url(std::string_view path);

}  // namespace kfrun::kustomize
