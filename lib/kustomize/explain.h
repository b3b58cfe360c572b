// Which layer set a field: `build --explain Deployment/web:spec.replicas`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "document/node.h"
#include "kustomize/identity.h"
#include "kustomize/kustomize.h"

namespace kfrun::kustomize {

// One thing that set, changed or removed a field.
struct FieldChange {
  std::string by;  // "read", "patches[0]", "namePrefix", "name references"
  // Where it stands: the value in its manifest or patch, else the entry in the kustomization. Files are relative to the folder
  // that was built.
  Place place;
  std::optional<document::Node> from;  // nothing: it was not there
  std::optional<document::Node> to;    // nothing: it was removed
};

struct ExplainedField {
  ResId id;                             // in the output
  std::string path;                     // "spec.template.spec.containers[name=web].image"
  std::optional<document::Node> value;  // nothing: removed on the way
  std::vector<FieldChange> chain;       // in the order it happened
};

// Builds and follows the fields that `query` names: KIND[/[NAMESPACE/]NAME]:FIELD, or kustomize's id
// (Deployment.v1.apps/web.prod). Names are those of the output or any former ones. FIELD has the terms of replacements
// (spec.containers.[name=web].image, *, ports.0) or of field specs (spec/containers/image, which walks all elements); a bracket
// may follow its list without a dot. An index is that of the final build: its element is followed by its key where it has one,
// else by its place. Throws what build() throws; Error(usage) for a query that is none; Error(not_found) with
// hints for what is not there.
std::vector<ExplainedField> explain(const FileSystem& files, const std::string& path, const BuildOptions& options,
                                    const std::string& query);

// For people: a line for the field, one per change.
std::string to_text(const std::vector<ExplainedField>& fields);
// For scripts: [{resource: {apiVersion, kind, name, namespace}, path, value, chain: [{by, file, line, column, from, to}]}]; what
// is not known or not there is left out.
document::Node to_node(const std::vector<ExplainedField>& fields);

}  // namespace kfrun::kustomize
