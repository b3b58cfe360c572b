// Which fields of which kinds a transformer changes, and the walk along their paths (kyaml's and api's filters/fieldspec).
//
// A path names fields: "spec/template/spec/containers[]/image". A sequence on the way is walked element by element whether or not
// its name ends in "[]"; "[]" only forbids to create it. "\/" is a slash inside a name ("metadata/annotations/a.io\/b").
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"
#include "kustomize/identity.h"

namespace kfrun::kustomize {

// Splits at `delimiter`, keeping escaped ones ("a\.b" is one name); a leading delimiter is dropped.
std::vector<std::string> split_path(std::string_view path, char delimiter);

struct FieldSpec {
  Gvk gvk;  // what it selects; empty parts select all
  std::string path;
  bool create = false;
  std::vector<std::string> steps;  // split_path(path, '/')

  FieldSpec() = default;
  FieldSpec(Gvk selector, std::string path_text, bool create_missing = false);

  bool selects(const Gvk& object) const { return object.is_selected_by(gvk); }
  bool operator==(const FieldSpec& other) const { return gvk == other.gvk && path == other.path && create == other.create; }
};
using FieldSpecs = std::vector<FieldSpec>;

// What the walk makes at the end of the path when the field is missing and the spec says `create`; before the end it makes
// mappings. `nothing` never creates, whatever the spec says.
enum class NewField { nothing, scalar, mapping };

// Changes the node at the end of a path. It may be given a null; a created scalar is a null without text.
using FieldSetter = std::function<void(document::Node&)>;

// Walks every place of `object` that `spec` names, if the spec selects the object's kind. A missing field is skipped or created;
// null on the way ends the walk. Throws Error(input) in kustomize's words: "considering field 'P' of object ID: ...".
void apply_field_spec(document::Node& object, const FieldSpec& spec, NewField new_field, const FieldSetter& set);
void apply_field_specs(document::Node& object, const FieldSpecs& specs, NewField new_field, const FieldSetter& set);

// Adds `incoming` unless a spec with the same path whose kind it selects is there already; throws "conflicting fieldspecs" when
// that one differs in `create`.
void merge_field_spec(FieldSpecs& specs, const FieldSpec& incoming);
void merge_field_specs(FieldSpecs& specs, const FieldSpecs& incoming);

}  // namespace kfrun::kustomize
