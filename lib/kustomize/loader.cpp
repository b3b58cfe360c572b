#include "kustomize/loader.h"

#include "base/text.h"

namespace kfrun::kustomize {

namespace {

bool is_absolute(std::string_view path) { return !path.empty() && path.front() == '/'; }

// Whether `directory` is `ancestor` or lies below it.
bool is_in(std::string_view directory, std::string_view ancestor) {
  if (ancestor == "/" || directory == ancestor) return true;
  return directory.size() > ancestor.size() && directory.starts_with(ancestor) && directory[ancestor.size()] == '/';
}

// What is called almost so in a folder, if it can be listed.
std::optional<std::string> nearest_name(const FileSystem& files, const std::string& folder, const std::string& name) {
  try {
    return nearest_file(name, files.list(folder));
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Throws what Go's filepath.EvalSymlinks says about the first part of an absolute path that is not there.
[[noreturn]] void throw_unresolved(const FileSystem& files, const std::string& written, const std::string& absolute) {
  std::string resolved = "/";
  for (const auto& part : split(clean_path(absolute), '/')) {
    if (part.empty()) continue;
    const std::string candidate = join_path(resolved, part);
    if (resolved != "/" && !files.is_directory(resolved)) {
      throw make_error(ErrorKind::not_found, "evalsymlink failure on '{}' : not a directory", written);
    }
    const auto next = files.resolve(candidate);
    if (!next) {
      Error error = make_error(ErrorKind::not_found, "evalsymlink failure on '{}' : lstat {}: no such file or directory", written,
                               candidate);
      if (const auto guess = nearest_name(files, resolved, part)) error.hint(fmt::format("did you mean '{}'?", *guess));
      throw error;
    }
    resolved = *next;
  }
  throw make_error(ErrorKind::not_found, "evalsymlink failure on '{}' : no such file or directory", written);
}

// For the system a path ends at a NUL; it would be another one than all checks have seen.
bool has_nul(const std::string& path) { return path.find('\0') != std::string::npos; }

std::string resolved_path(const FileSystem& files, const std::string& path) {
  if (has_nul(path)) {
    throw make_error(ErrorKind::input, "evalsymlink failure on '{}' : lstat {}: invalid argument", path, path);
  }
  if (auto found = files.resolve(path)) return *found;
  const std::string here = files.resolve(".").value_or("/");
  throw_unresolved(files, path, is_absolute(path) ? path : join_path(here, path));
}

std::string confirmed_directory(const FileSystem& files, const std::string& path) {
  if (path.empty()) throw make_error(ErrorKind::input, "directory path cannot be empty");
  std::string found = within("not a valid directory", [&] { return resolved_path(files, path); });
  if (!files.is_directory(found)) throw make_error(ErrorKind::input, "'{}': file is not directory", path);
  return found;
}

std::string root_directory(const FileSystem& files, const std::string& path) {
  return within("must build at directory", [&] { return confirmed_directory(files, path); });
}

bool has_ambiguous_part(const std::string& path) {
  for (const auto& part : split(path, '/')) {
    if (part != "." && part != ".." && part.find("..") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

Loader::Loader(const FileSystem& files, const std::string& path, LoadRestriction restriction, RemoteStore* remote)
    : files_(&files), restriction_(restriction), remote_(remote) {
  if (const auto spec = find_repo_spec(path)) {
    become_clone(*spec);
  } else {
    root_ = root_directory(files, path);
  }
}

Loader::Loader(const Loader* referrer, std::string root)
    : files_(referrer->files_),
      restriction_(referrer->restriction_),
      remote_(referrer->remote_),
      referrer_(referrer),
      root_(std::move(root)) {}

RemoteStore& Loader::remote(const std::string& url) const {
  if (!remote_) throw make_error(ErrorKind::unsupported, "'{}' is remote, and not fetched for this", url);
  return *remote_;
}

void Loader::become_clone(const RepoSpec& spec) {
  std::string directory = remote(spec.raw).clone(spec);
  const std::string path = clean_path(directory + "/" + spec.root_path);
  root_ = resolved_path(*files_, path);
  if (!files_->is_directory(root_)) {
    throw make_error(ErrorKind::input, "'{}' refers to file '{}'; expecting directory", path, file_name_of(root_));
  }
  if (!is_in(root_, directory)) {
    throw make_error(ErrorKind::denied, "\"{}\" refers to directory outside of repo \"{}\"", path, directory);
  }
  restriction_ = LoadRestriction::root_only;
  clone_ = std::make_shared<const Clone>(Clone{spec, std::move(directory)});
}

const Loader::Clone* Loader::containing_clone() const {
  for (const Loader* visited = this; visited; visited = visited->referrer_) {
    if (visited->clone_) return visited->clone_.get();
  }
  return nullptr;
}

void Loader::check_repository_cycle(const RepoSpec& spec) const {
  for (const Loader* visited = this; visited; visited = visited->referrer_) {
    if (visited->clone_ && visited->clone_->spec.raw.starts_with(spec.raw)) {
      throw make_error(ErrorKind::input, "cycle detected: URI '{}' referenced by previous URI '{}'", spec.raw,
                       visited->clone_->spec.raw);
    }
  }
}

void Loader::check_containment(const std::string& root) const {
  const Clone* clone = containing_clone();
  if (!clone || is_in(root, clone->directory)) return;
  throw make_error(
      ErrorKind::denied,
      "security; bases in kustomizations found in cloned git repos must be within the repo, but base '{}' is outside "
      "'{}'",
      root, clone->directory);
}

// A repository that is entered again is no cycle here: kustomize clones it to another directory, and looks at its URL instead.
void Loader::check_cycle(const std::string& root) const {
  for (const Loader* visited = this; visited; visited = visited->clone_ ? nullptr : visited->referrer_) {
    if (is_in(visited->root_, root)) {
      throw make_error(ErrorKind::input, "cycle detected: candidate root '{}' contains visited root '{}'", root, visited->root_);
    }
  }
}

Loader Loader::enter(const std::string& path) const {
  if (path.empty()) throw make_error(ErrorKind::input, "new root cannot be empty");
  if (const auto spec = find_repo_spec(path)) {
    check_repository_cycle(*spec);
    Loader loader(this, "");
    loader.become_clone(*spec);
    return loader;
  }
  if (is_absolute(path)) throw make_error(ErrorKind::input, "new root '{}' cannot be absolute", path);
  if (has_ambiguous_part(path)) {
    throw make_error(ErrorKind::input,
                     "path \"{}\" is ambiguous: resolves to \"{}\" after normalization, which is likely not the intended target; "
                     "check for YAML indentation errors in your kustomization file",
                     path, clean_path(path));
  }
  std::string root = root_directory(*files_, clean_path(join_path(root_, path)));
  check_containment(root);
  check_cycle(root);
  return Loader(this, std::move(root));
}

std::string Loader::locate(const std::string& path) const {
  const std::string full = is_absolute(path) ? path : clean_path(join_path(root_, path));
  if (restriction_ == LoadRestriction::none) {
    if (has_nul(full)) throw make_error(ErrorKind::input, "open {}: invalid argument", full);
    return full;
  }
  std::string found = resolved_path(*files_, full);
  if (files_->is_directory(found)) throw make_error(ErrorKind::input, "'{}' must resolve to a file", full);
  if (!is_in(directory_of(found), root_)) {
    throw make_error(ErrorKind::denied, "security; file '{}' is not in or below '{}'", full, root_)
        .hint("use --load-restrictor LoadRestrictionsNone to read files outside of the kustomization's directory");
  }
  return found;
}

std::string Loader::read(const std::string& path) const {
  if (is_http_url(path)) return remote(path).read(path);
  const std::string found = locate(path);
  if (files_->is_directory(found)) throw make_error(ErrorKind::input, "read {}: is a directory", found);
  try {
    return files_->read(found);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    throw make_error(ErrorKind::not_found, "open {}: no such file or directory", found);
  }
}

std::optional<std::string> Loader::remote_name(const std::string& file) const {
  const Clone* clone = containing_clone();
  if (!clone || !is_in(file, clone->directory)) return std::nullopt;
  std::string name = clone->spec.clone_url() + "/" + file.substr(clone->directory.size());
  if (!clone->spec.ref.empty()) name += "?ref=" + clone->spec.ref;
  return name;
}

}  // namespace kfrun::kustomize
