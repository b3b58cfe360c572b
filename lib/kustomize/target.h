// What a build knows while it runs, and the kustomizations it comes across.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kustomize/kustomization.h"
#include "kustomize/kustomize.h"
#include "kustomize/loader.h"
#include "kustomize/origin.h"
#include "kustomize/read_ahead.h"
#include "kustomize/schema.h"

namespace kfrun::kustomize {

// A kustomization file as it was read.
struct KustomizationFile {
  std::string name;  // kustomization.yaml
  Kustomization content;
  std::vector<std::string> warnings;
};

// A kustomization that is loaded, and where it stands.
struct Target {
  Loader loader;
  std::shared_ptr<const Kustomization> kustomization;
  std::string file_name;
  std::optional<Origin> origin;  // only when buildMetadata is asked for
  std::string outer_namespace;   // `namespace` of the nearest kustomization above that has one
};

// What a whole build shares.
class BuildContext {
 public:
  BuildContext(const FileSystem& files, const BuildOptions& options);

  // Finds and reads the kustomization file of a directory, and tells its warnings. Throws "unable to find one of ...", "Found
  // multiple kustomization files ...".
  Target load(Loader loader);
  // Takes the `openapi` field of a kustomization into account; the root replaces what was set, others only set it first.
  void use_open_api(const Target& target, bool is_root);
  // To be told of what kustomize asks the builtin definitions for: then a custom document does not take their place. They are
  // read to patch something, and wanted for the scope of a kind that is not known.
  void note_patches() { builtin_was_read_ = true; }
  void note_kinds(const std::vector<Resource>& resources);
  // Begins to read the manifests that `target` and what lies below it name. Faults show when they are taken.
  void read_ahead(const Target& target);
  // The resources of a manifest; `path` as the kustomization at `loader` writes it.
  std::vector<Resource> read_manifest(const Loader& loader, const std::string& path);
  void warn(std::string text);
  // A warning that kustomize writes through Go's log, which puts the time before it.
  void log(const std::string& text) { warn((options.log_stamp ? options.log_stamp() : std::string()) + text); }

  const FileSystem& files;
  const BuildOptions& options;
  RemoteStore remote;
  std::vector<std::string> warnings;
  // How lists merge: the builtin kinds, until the first kustomization with `openapi` says otherwise.
  OpenApiSchema schema;

 private:
  std::shared_ptr<const KustomizationFile> read_file(const Loader& loader, std::vector<std::string>& warnings);
  void expect_manifests(const Loader& loader, const Kustomization& kustomization);

  std::string root_;  // of the build
  ReadAhead manifests_;
  std::map<std::string, std::shared_ptr<const KustomizationFile>> kustomizations_;  // by directory
  bool schema_is_set_ = false;
  bool builtin_was_read_ = false;
  bool builtin_was_wanted_ = false;
};

}  // namespace kfrun::kustomize
