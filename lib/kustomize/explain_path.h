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

// The elements that indexes chose in lists whose elements are told by a key: the number of the step, the path of the element.
using KeyedElements = std::vector<std::pair<std::size_t, std::string>>;

struct FoundField {
  std::string path;  // in full: "spec.containers[name=a].image"
  const document::Node* node = nullptr;
  KeyedElements keyed;
};

// What "containers.0" chooses: the first of the list, or, while it is not known which that will be in the end, each element that
// is told by a key. Elements without one are always chosen by their place.
enum class Indexes { of_place, of_any_keyed };
std::vector<FoundField> find_fields(const document::Node& root, const std::vector<std::string>& steps,
                                    Indexes indexes = Indexes::of_place);
// Whether the elements stand in this tree where the steps' indexes say.
bool is_indexed(const document::Node& root, const std::vector<std::string>& steps, const KeyedElements& keyed);

// How far the steps lead at least in this tree, and the names that stand where they end; for hints.
std::pair<std::size_t, std::vector<std::string>> names_at_end(const document::Node& root, const std::vector<std::string>& steps);

}  // namespace kfrun::kustomize
