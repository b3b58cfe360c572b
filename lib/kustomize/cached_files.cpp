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
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = resolved_.find(path); known != resolved_.end()) return known->second;
  }
  const bool is_clean = path.size() > 1 && path.front() == '/' && clean_path(path) == path;
  const auto found = is_clean ? resolve_from_folder(path) : files_.resolve(path);
  const std::lock_guard lock(mutex_);
  return resolved_.try_emplace(path, found).first->second;
}

// The system asks about every part of a path; most of the folders are known here already.
std::optional<std::string> CachedFileSystem::resolve_from_folder(const std::string& path) const {
  const auto folder = resolve(directory_of(path));
  if (!folder) return std::nullopt;
  std::string found = join_path(*folder, file_name_of(path));
  const auto is_link = files_.is_link(found);
  if (!is_link) return std::nullopt;
  return *is_link ? files_.resolve(found) : std::optional<std::string>(std::move(found));
}

}  // namespace kfrun::kustomize
