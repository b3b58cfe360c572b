// The root directory of one kustomization, here or in the clone of a repository, and what may be read from there.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/files.h"
#include "kustomize/kustomize.h"
#include "kustomize/remote_store.h"

namespace kfrun::kustomize {

class Loader {
 public:
  // The directory a build starts at, or the URL of a repository. Throws "must build at directory: ...", and what cloning throws.
  // `remote` must outlive all loaders that come of this one; without it what is remote is refused.
  Loader(const FileSystem& files, const std::string& path, LoadRestriction restriction, RemoteStore* remote = nullptr);

  // The absolute directory, links resolved.
  const std::string& root() const { return root_; }
  // The loader of a base or component at `path` below or beside this one, or of a repository at a URL; it remembers where it came
  // from, and must not outlive this one. Throws "must build at directory: ...", "cycle detected: ...", "security; ...".
  Loader enter(const std::string& path) const;
  // The text of a file; `path` is relative to root(), or a URL. Throws "security; file 'A' is not in or below 'B'", "evalsymlink
  // failure ...", "HTTP Error: ...".
  std::string read(const std::string& path) const;
  // The absolute path read() would read, when `path` is no URL. Throws as read() does, except for what only reading shows.
  std::string locate(const std::string& path) const;
  // How people know a file of locate() that lies in a clone: "https://github.com/org/repo//path?ref=v1"; nothing for others.
  std::optional<std::string> remote_name(const std::string& file) const;

 private:
  struct Clone {
    RepoSpec spec;
    std::string directory;
  };

  Loader(const Loader* referrer, std::string root);
  RemoteStore& remote(const std::string& url) const;
  void become_clone(const RepoSpec& spec);
  // The clone that this directory lies in.
  const Clone* containing_clone() const;
  void check_repository_cycle(const RepoSpec& spec) const;
  void check_containment(const std::string& root) const;
  void check_cycle(const std::string& root) const;

  const FileSystem* files_;
  LoadRestriction restriction_;
  RemoteStore* remote_;  // may be null
  const Loader* referrer_ = nullptr;
  std::shared_ptr<const Clone> clone_;  // whose directory was entered here
  std::string root_;
};

// Whether a path names something that is not on this machine, unless there is a file of that very name.
inline bool is_remote(const std::string& path) { return is_http_url(path) || find_repo_spec(path); }

}  // namespace kfrun::kustomize
