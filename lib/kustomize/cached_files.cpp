#include "kustomize/cached_files.h"

namespace kfrun::kustomize {

template <typename Value, typename Ask>
Value CachedFileSystem::answer(Answers<Value>& answers, const std::string& path, Ask ask) const {
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = answers.try_emplace(path);
  if (is_new) entry->second = ask();
  return entry->second;
}

bool CachedFileSystem::is_file(const std::string& path) const {
  return answer(is_file_, path, [&] { return files_.is_file(path); });
}

bool CachedFileSystem::is_directory(const std::string& path) const {
  return answer(is_directory_, path, [&] { return files_.is_directory(path); });
}

std::optional<std::string> CachedFileSystem::resolve(const std::string& path) const {
  return answer(resolved_, path, [&] { return files_.resolve(path); });
}

}  // namespace kfrun::kustomize
