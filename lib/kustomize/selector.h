// Which resources a patch or a replacement is meant for.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "document/node.h"
#include "kustomize/identity.h"
#include "kustomize/label_selector.h"

namespace kfrun::kustomize {

// What a user wrote. Group, version, kind, name and namespace are regular expressions that must match as a whole.
struct Selector {
  ResId id;
  std::string annotation_selector;
  std::string label_selector;
};

// A compiled Selector. An empty part matches all.
class SelectorMatcher {
 public:
  // Throws Error(input) in Go's words for a bad expression ("error parsing regexp: ..."). Label and annotation selectors are
  // parsed when they are first needed, because kustomize complains about them only then.
  explicit SelectorMatcher(Selector selector);
  ~SelectorMatcher();
  SelectorMatcher(SelectorMatcher&&) noexcept;
  SelectorMatcher& operator=(SelectorMatcher&&) noexcept;

  const Selector& selector() const { return selector_; }
  // The only name that matches; nothing when the selector leaves it open, or has an expression.
  const std::optional<std::string>& only_name() const;
  bool matches_gvk(const Gvk& gvk) const;
  bool matches_name(std::string_view name) const;
  bool matches_namespace(std::string_view name) const;
  bool matches_annotations(const document::Node& resource) const;
  bool matches_labels(const document::Node& resource) const;

 private:
  struct Patterns;
  Selector selector_;
  std::unique_ptr<Patterns> patterns_;
};

// From {group, version, kind, name, namespace, annotationSelector, labelSelector}; other members are left to the caller.
Selector read_selector(const document::Node& node);
// The id part alone.
ResId read_res_id(const document::Node& node);

}  // namespace kfrun::kustomize
