// What `edit` and `create` do to a kustomization file. Each change is made of the words of a command line, which are checked at
// once, in kustomize's words; then it is applied to a text.
//
// The effect is kustomize's, but for what is not asked for: it leaves fields in their order, sorts nothing, and moves deprecated
// fields to their successors only where the change concerns them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"
#include "document/node.h"
#include "kustomize/loader.h"

namespace kfrun::kustomize {

// A kustomization while it is edited.
struct Edited {
  document::Node& fields;
  const std::string& file;            // its name
  std::vector<std::string>& remarks;  // what was left as it is, a line each
};
using Change = std::function<void(Edited&)>;

using Words = std::vector<std::string>;

// The kustomization file's name in the current folder. Throws "Missing kustomization file 'kustomization.yaml'.\n", "Found
// multiple kustomization file: [...]\n".
std::string find_kustomization_file(const FileSystem& files);

// The changed text. Throws Error(input) for a text that is no kustomization, and what the change and spliced() throw.
std::string edited_text(std::string_view text, const std::string& file, const Change& change, Words& remarks);

// "postgres=eu.gcr.io/postgres:12", "nginx:1.21", "nginx@sha256:...", "*" for a part that is to stay.
Change set_images(const Words& images);
// "web=3"
Change set_replicas(const Words& replicas);
// A field with one text; "" takes it out.
Change set_field(std::string field, std::string value);
Change set_namespace(const Words& words);
Change set_name_prefix(const Words& words);
Change set_name_suffix(const Words& words);
// "key:value"
Change set_labels(const Words& pairs);
Change set_annotations(const Words& pairs);
Change set_build_metadata(const Words& words);

struct LabelOptions {
  bool force = false;
  bool without_selector = false;
  bool include_templates = false;
};
Change add_labels(const Words& pairs, const LabelOptions& options);
Change add_annotations(const Words& pairs, bool force);
// The paths go into the list `field`; a path that is there is told as "`kind` PATH already in kustomization file".
Change add_paths(std::string field, std::string kind, Words paths);
Change add_bases(const Words& words, const FileSystem& files);
Change add_build_metadata(const Words& words);

struct PatchRequest {
  std::string path;
  std::string patch;
  // of the target
  std::string group;
  std::string version;
  std::string kind;
  std::string name;
  std::string name_space;
  std::string annotation_selector;
  std::string label_selector;
};
Change add_patch(const PatchRequest& request);
Change remove_patch(const PatchRequest& request);

// Those of a list's entries that match a pattern.
Change remove_paths(std::string field, std::string kind, Words patterns);
Change remove_labels(const Words& words, bool ignore_missing);
Change remove_annotations(const Words& words, bool ignore_missing);
Change remove_build_metadata(const Words& words);

enum class MapKind { config_map, secret };
struct MapRequest {
  Words files;
  Words literals;
  std::string env_file;
  std::string type = "Opaque";  // of a Secret
  std::string behavior;
  std::string name_space;
  std::string new_name_space;
  bool disable_name_suffix_hash = false;
};
Change add_map(MapKind kind, const Words& words, MapRequest request, const FileSystem& files, Words& remarks);
Change set_map(MapKind kind, const Words& words, MapRequest request, const FileSystem& files);
Change remove_maps(MapKind kind, const Words& words, std::string name_space);

// Deprecated fields to their successors, and the type written out.
Change fix(const FileSystem& files);
// Texts by path.
using FileTexts = std::map<std::string, std::string>;
// Vars to replacements, after fix(). The files where vars stand get placeholders for them: their new texts go to `changed`, to be
// written when the whole change has succeeded. kustomize takes the replacements that were there out; here they stay.
Change convert_vars(const FileSystem& files, FileTexts& changed);

// Paths for patterns; a pattern without a match is told, as kustomize's log does.
Words expand_patterns(const FileSystem& files, const Words& patterns, Words& remarks);
// The same for resources and components, where what matches nothing must be a remote one: else "X has no match: ...".
Words expand_resources(const FileSystem& files, const Words& patterns);

// "a:b,c:d"
std::vector<std::pair<std::string, std::string>> split_pairs(const Words& pairs, std::string_view kind);

}  // namespace kfrun::kustomize
