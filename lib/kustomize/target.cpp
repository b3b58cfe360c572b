#include "kustomize/target.h"

#include <algorithm>

#include "document/reader.h"
#include "kustomize/resource_reader.h"

namespace kfrun::kustomize {

namespace {

// Threads besides the caller's; more than a few only wait for each other's memory.
unsigned helpers() { return std::min(std::max(std::thread::hardware_concurrency(), 1u), 8u) - 1; }

// Where the manifest at `file` is, seen from the directory of the build.
std::string seen_from(const std::string& root, const std::string& file) {
  return file.starts_with(root + "/") ? file.substr(root.size() + 1) : file;
}

}  // namespace

BuildContext::BuildContext(const FileSystem& file_system, const BuildOptions& build_options)
    : files(file_system),
      options(build_options),
      remote(build_options),
      manifests_(file_system, helpers(), *build_options.compat) {}

void BuildContext::warn(std::string text) {
  if (options.on_warning) options.on_warning(text);
  warnings.push_back(std::move(text));
}

std::shared_ptr<const KustomizationFile> BuildContext::read_file(const Loader& loader, std::vector<std::string>& found_warnings) {
  auto& known = kustomizations_[loader.root()];
  if (known) return known;
  std::vector<std::pair<std::string, std::string>> found;  // name and text
  for (const auto& name : kustomization_file_names()) {
    if (!files.is_file(join_path(loader.root(), name))) continue;
    try {
      found.emplace_back(name, loader.read(name));
    } catch (const Error&) {
      continue;
    }
  }
  if (found.empty()) {
    throw make_error(ErrorKind::not_found,
                     "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'",
                     loader.root());
  }
  if (found.size() > 1) throw make_error(ErrorKind::input, "Found multiple kustomization files under: {}\n", loader.root());
  const auto& [name, text] = found.front();
  auto content = read_kustomization(text, join_path(loader.root(), name), loader.root(), found_warnings, *options.compat);
  known = std::make_shared<const KustomizationFile>(KustomizationFile{name, std::move(content), found_warnings});
  return known;
}

Target BuildContext::load(Loader loader) {
  std::vector<std::string> found_warnings;
  std::shared_ptr<const KustomizationFile> file;
  try {
    file = read_file(loader, found_warnings);
  } catch (const Error&) {
    for (auto& warning : found_warnings) warn(std::move(warning));
    throw;
  }
  for (const auto& warning : file->warnings) warn(warning);
  if (root_.empty()) root_ = loader.root();
  return {std::move(loader), std::shared_ptr<const Kustomization>(file, &file->content), file->name, {}, {}};
}

void BuildContext::read_ahead(const Target& target) {
  if (helpers() > 0) expect_manifests(target.loader, *target.kustomization);
}

void BuildContext::expect_manifests(const Loader& loader, const Kustomization& kustomization) {
  auto visit = [&](const std::string& path, bool may_be_file) {
    if (is_remote(path)) return;
    try {
      if (!files.is_directory(join_path(loader.root(), path))) {
        if (may_be_file) manifests_.expect(loader.locate(path), path);
        return;
      }
      const Loader below = loader.enter(path);
      std::vector<std::string> ignored;
      expect_manifests(below, read_file(below, ignored)->content);
    } catch (const Error&) {
      // The build itself will meet the fault in its place.
    }
  };
  for (const auto& path : kustomization.resources) visit(path, true);
  for (const auto& path : kustomization.components) visit(path, false);
}

std::vector<Resource> BuildContext::read_manifest(const Loader& loader, const std::string& path) {
  if (is_http_url(path)) return read_resource_file(loader.read(path), path, path, *options.compat);
  const std::string file = loader.locate(path);
  if (files.is_directory(file)) throw make_error(ErrorKind::input, "read {}: is a directory", file);
  if (!files.resolve(file)) throw make_error(ErrorKind::not_found, "open {}: no such file or directory", file);
  auto resources = manifests_.take(file, path);
  for (auto& resource : resources) resource.source = loader.remote_name(file).value_or(seen_from(root_, file));
  return resources;
}

void BuildContext::note_kinds(const std::vector<Resource>& resources) {
  if (schema_is_set_ || builtin_was_wanted_) return;
  builtin_was_wanted_ = std::any_of(resources.begin(), resources.end(), [](const Resource& resource) {
    return scope_of(resource.document.text_of("apiVersion"), resource.kind()) == Scope::unknown;
  });
}

void BuildContext::use_open_api(const Target& target, bool is_root) {
  const auto& field = target.kustomization->openapi;
  const auto path = field.find("path");
  const std::string text = path == field.end() ? std::string() : target.loader.read(path->second);
  if (schema_is_set_ && !is_root) return;
  const auto version = field.find("version");
  if (path != field.end()) {
    if (version != field.end()) {
      throw make_error(ErrorKind::input, "builtin version and custom schema provided, cannot use both");
    }
    schema = OpenApiSchema(builtin_was_read_     ? OpenApiSchema::Builtin::included
                           : builtin_was_wanted_ ? OpenApiSchema::Builtin::over_added
                                                 : OpenApiSchema::Builtin::left_out);
    for (const auto& openapi : document::read_yaml(text, path->second, document::Schema::go_yaml_v2)) schema.add(openapi);
    schema_is_set_ = true;
  } else if (version != field.end() && !version->second.empty()) {
    if (version->second != "v1.21.2") throw make_error(ErrorKind::input, "the specified OpenAPI version is not built in");
    schema_is_set_ = true;
  }
}

}  // namespace kfrun::kustomize
