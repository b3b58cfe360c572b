// Replacements: a value is read from one resource, or given, and written to fields of others (api/filters/replacement).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "document/node.h"
#include "kustomize/identity.h"
#include "kustomize/selector.h"

namespace kfrun::kustomize {

struct FieldOptions {
  std::string delimiter;
  long long index = 0;  // of the part between delimiters; below 0 puts before, beyond the end appends
  bool create = false;
};

struct ReplacementSource {
  ResId id;
  std::string field_path;  // "" is metadata.name
  std::optional<FieldOptions> options;
};

struct ReplacementTarget {
  std::optional<Selector> select;
  std::vector<Selector> reject;
  std::vector<std::string> field_paths;  // none is metadata.name
  FieldOptions options;
};

struct Replacement {
  std::optional<ReplacementSource> source;
  std::optional<std::string> source_value;
  std::vector<ReplacementTarget> targets;
};

// From an entry of `replacements` or a file that holds one.
Replacement read_replacement(const document::Node& node);

// A resource as replacements see it.
struct ReplacementSubject {
  document::Node* document;
  std::vector<ResId> previous;  // ids it had before, oldest first
};

// Applies the replacements in order. Throws Error(input) in kustomize's words.
void apply_replacements(const std::vector<Replacement>& replacements, const std::vector<ReplacementSubject>& subjects);

}  // namespace kfrun::kustomize
