// A file system that is asked about each path once. During a build the same directories are resolved again and again.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/files.h"

namespace kfrun::kustomize {

// Must not outlive `files`. Files must not come or go meanwhile. Texts are not kept.
class CachedFileSystem : public FileSystem {
 public:
  explicit CachedFileSystem(const FileSystem& files) : files_(files) {}

  std::string read(const std::string& path) const override { return files_.read(path); }
  std::vector<std::string> list(const std::string& path) const override { return files_.list(path); }
  bool is_file(const std::string& path) const override;
  bool is_directory(const std::string& path) const override;
  std::optional<std::string> resolve(const std::string& path) const override;
  std::optional<bool> is_link(const std::string& path) const override { return files_.is_link(path); }

 private:
  template <typename Value>
  using Answers = std::unordered_map<std::string, Value>;
  template <typename Value, typename Ask>
  Value answer(Answers<Value>& answers, const std::string& path, Ask ask) const;
  std::optional<std::string> resolve_from_folder(const std::string& path) const;

  const FileSystem& files_;
  mutable std::mutex mutex_;
  mutable Answers<bool> is_file_;
  mutable Answers<bool> is_directory_;
  mutable Answers<std::optional<std::string>> resolved_;
};

}  // namespace kfrun::kustomize
