#include "kustomize/selector.h"

#include <optional>

#include "kustomize/expression.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

// An expression that must match all of a text; empty matches everything.
class Pattern {
 public:
  explicit Pattern(const std::string& text) {
    if (text.empty()) return;
    // Most selectors are plain names.
    if (text.find_first_of("\\.+*?()|[]{}^$") == std::string::npos) {
      plain_ = text;
    } else {
      expression_ = compile_expression("^(?:" + text + ")$");
    }
  }
  bool matches(std::string_view text) const {
    if (plain_) return *plain_ == text;
    if (expression_ == nullptr) return true;
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression_);
  }

  const std::optional<std::string>& plain() const { return plain_; }

 private:
  std::unique_ptr<RE2> expression_;
  std::optional<std::string> plain_;
};

bool matches_map(std::optional<LabelSelector>& parsed, const std::string& text, const Node& resource, std::string_view field) {
  if (text.empty()) return true;
  if (!parsed) parsed.emplace(text);
  const Node* map = resource.find_path({"metadata", field});
  return parsed->matches([&](const std::string& key) -> std::optional<std::string> {
    const Node* value = map == nullptr ? nullptr : map->find(key);
    return value == nullptr ? std::nullopt : std::optional(value->text());
  });
}

}  // namespace

struct SelectorMatcher::Patterns {
  Pattern group;
  Pattern version;
  Pattern kind;
  Pattern name;
  Pattern namespace_;
  std::optional<LabelSelector> annotations;
  std::optional<LabelSelector> labels;
};

SelectorMatcher::SelectorMatcher(Selector selector) : selector_(std::move(selector)) {
  const ResId& id = selector_.id;
  patterns_ = std::make_unique<Patterns>(Patterns{Pattern(id.gvk.group), Pattern(id.gvk.version), Pattern(id.gvk.kind),
                                                  Pattern(id.name), Pattern(id.namespace_), std::nullopt, std::nullopt});
}
SelectorMatcher::~SelectorMatcher() = default;
SelectorMatcher::SelectorMatcher(SelectorMatcher&&) noexcept = default;
SelectorMatcher& SelectorMatcher::operator=(SelectorMatcher&&) noexcept = default;

const std::optional<std::string>& SelectorMatcher::only_name() const { return patterns_->name.plain(); }
bool SelectorMatcher::matches_gvk(const Gvk& gvk) const {
  return patterns_->group.matches(gvk.group) && patterns_->version.matches(gvk.version) && patterns_->kind.matches(gvk.kind);
}
bool SelectorMatcher::matches_name(std::string_view name) const { return patterns_->name.matches(name); }
bool SelectorMatcher::matches_namespace(std::string_view name) const { return patterns_->namespace_.matches(name); }

bool SelectorMatcher::matches_annotations(const Node& resource) const {
  return matches_map(patterns_->annotations, selector_.annotation_selector, resource, "annotations");
}
bool SelectorMatcher::matches_labels(const Node& resource) const {
  return matches_map(patterns_->labels, selector_.label_selector, resource, "labels");
}

ResId read_res_id(const Node& node) {
  Gvk gvk{node.text_of("group"), node.text_of("version"), node.text_of("kind")};
  return {std::move(gvk), node.text_of("name"), node.text_of("namespace")};
}

Selector read_selector(const Node& node) {
  return {read_res_id(node), node.text_of("annotationSelector"), node.text_of("labelSelector")};
}

}  // namespace kfrun::kustomize
