// Artifacts of local runs by content: a file or a folder is kept once, whoever made it, read-only, at store/<digest>/<name>.
// A run's removal leaves them, so that cached outputs stay good.
#pragma once

#include <string>

namespace kfrun::run {

// SHA-256 in hex of a file's bytes, or of a folder's sorted paths, kinds and contents (permissions but "executable" and times do
// not count; links count by their target). Throws Error(not_found), Error(input) for what is neither.
std::string content_digest(const std::string& path);

// The path of a "file://" URI or of an absolute path; "" for any other URI.
std::string path_of_uri(const std::string& uri);

class ArtifactStore {
 public:
  explicit ArtifactStore(std::string folder) : folder_(std::move(folder)) {}

  struct Kept {
    std::string uri;  // "file:///.../store/<digest>/<name>"
    std::string digest;
  };
  // Moves a file or folder into the store under its own last name. Throws Error(not_found) when there is none.
  Kept keep(const std::string& path);

 private:
  std::string folder_;
};

}  // namespace kfrun::run
