// What a build takes from elsewhere, each only once: clones of git repositories and the files of URLs.
#pragma once

#include <list>
#include <map>
#include <string>

#include "base/temporary_directory.h"
#include "kustomize/kustomize.h"
#include "kustomize/repo_spec.h"

namespace kfrun::kustomize {

// To be used from one thread. The clones are gone with it.
class RemoteStore {
 public:
  // `options` outlives it.
  explicit RemoteStore(const BuildOptions& options) : options_(options) {}

  // The folder (absolute, links resolved) that the repository was cloned to, with nothing of its history. The same URL and ref
  // give the same folder. Throws in kustomize's words: "failed to run '/usr/bin/git fetch ...': ...", "hit 27s timeout running
  // ...", the latter as Error(timed_out).
  const std::string& clone(const RepoSpec& spec);
  // The text of a file. Throws "HTTP Error: status code 404 (Not Found)", but "URL is a git repository" when the URL can also
  // be read as one.
  const std::string& read(const std::string& url);

 private:
  const BuildOptions& options_;
  std::list<TemporaryDirectory> directories_;
  std::map<std::string, std::string> clones_;  // by URL, ref and whether there are submodules
  std::map<std::string, HttpAnswer> files_;    // by URL
};

// Whether an error is a server's refusal of a file: then there is no use in taking the URL for a repository.
bool is_http_refusal(const Error& error);

}  // namespace kfrun::kustomize
