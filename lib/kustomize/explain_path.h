// What --explain is asked about, and the fields of a resource that it names.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "document/node.h"
#include "kustomize/identity.h"

namespace kfrun::kustomize {

struct ExplainQuery {
  std::string kind;
  std::string namespace_;  // "" for any
  std::string name;        // "" for any
  std::vector<std::string> steps;
};

// Throws Error(usage).
ExplainQuery parse_explain_query(const std::string& text);

struct FoundField {
  std::string path;  // in full: "spec.containers[name=a].image"
  const document::Node* node;
};
std::vector<FoundField> find_fields(const document::Node& root, const std::vector<std::string>& steps);

// How far the steps lead at least in this tree, and the names that stand where they end; for hints.
std::pair<std::size_t, std::vector<std::string>> names_at_end(const document::Node& root, const std::vector<std::string>& steps);

}  // namespace kfrun::kustomize
