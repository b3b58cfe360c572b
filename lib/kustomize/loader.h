// The root directory of one kustomization, and what may be read from there.
#pragma once

#include <memory>
#include <string>

#include "base/files.h"
#include "kustomize/kustomize.h"

namespace kfrun::kustomize {

class Loader {
 public:
  // The directory a build starts at. Throws "must build at directory: ...".
  Loader(const FileSystem& files, const std::string& path, LoadRestriction restriction);

  // The absolute directory, links resolved.
  const std::string& root() const { return root_; }
  // The loader of a base or component at `path` below or beside this one; it remembers where it came from, and must not outlive
  // this one. Throws "must build at directory: ...", "cycle detected: ...".
  Loader enter(const std::string& path) const;
  // The text of a file; `path` is relative to root(). Throws "security; file 'A' is not in or below 'B'", "evalsymlink failure
  // ...".
  std::string read(const std::string& path) const;
  // The absolute path read() would read. Throws as read() does, except for what only reading shows.
  std::string locate(const std::string& path) const;

 private:
  Loader(const Loader* referrer, std::string root);

  const FileSystem* files_;
  LoadRestriction restriction_;
  const Loader* referrer_ = nullptr;
  std::string root_;
};

}  // namespace kfrun::kustomize
