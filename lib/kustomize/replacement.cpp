#include "kustomize/replacement.h"

#include <algorithm>

#include "kustomize/field_path.h"
#include "kustomize/replacement_value.h"
#include "kustomize/setters.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kDefaultFieldPath = "metadata.name";

std::string to_string(const ReplacementSource& source) {
  std::string text = to_string(source.id);
  if (!source.field_path.empty()) text += ":" + source.field_path;
  const auto& options = source.options;
  if (options && (!options->delimiter.empty() || options->create)) {
    text += fmt::format(":{}({}), create={}", options->delimiter, options->index, options->create);
  }
  return text;
}

std::string field_path_of(const ReplacementSource& source) {
  return source.field_path.empty() ? std::string(kDefaultFieldPath) : source.field_path;
}

// The resources with the ids they have now and had before. Written ids leave open whether they are cluster-scoped.
class Subjects {
 public:
  explicit Subjects(const std::vector<ReplacementSubject>& subjects) : subjects_(subjects), ids_(subjects.size()) {
    for (std::size_t i = 0; i < subjects.size(); ++i) refresh(i);
  }

  std::size_t size() const { return subjects_.size(); }
  Node& document(std::size_t i) const { return *subjects_[i].document; }
  const std::vector<ResId>& ids(std::size_t i) const { return ids_[i]; }
  // After a change of the document, which may have been one of its name.
  void refresh(std::size_t i) {
    const Node& document = *subjects_[i].document;
    auto [group, version] = split_api_version(document.text_of("apiVersion"));
    ids_[i] = {
        ResId{{group, version, document.text_of("kind")}, metadata_text(document, "name"), metadata_text(document, "namespace")}};
    for (const ResId& previous : subjects_[i].previous) {
      ids_[i].push_back({{group, version, previous.gvk.kind}, previous.name, previous.namespace_});
    }
  }

 private:
  const std::vector<ReplacementSubject>& subjects_;
  std::vector<std::vector<ResId>> ids_;
};

const Node& find_source(const Subjects& subjects, const ReplacementSource& source) {
  const Node* found = nullptr;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const auto& ids = subjects.ids(i);
    if (std::none_of(ids.begin(), ids.end(), [&](const ResId& id) { return id.is_selected_by(source.id); })) continue;
    if (found != nullptr) throw input_error({}, "multiple matches for selector {}", to_string(source));
    found = &subjects.document(i);
  }
  if (found == nullptr) throw input_error({}, "nothing selected by {}", to_string(source));
  return *found;
}

bool is_missing(const Node* node) { return node == nullptr || node->is_null() || (!node->is_scalar() && node->size() == 0); }

Node value_of(const Replacement& replacement, const Subjects& subjects) {
  if (replacement.source && replacement.source_value) {
    throw input_error({}, "value and resource selectors are mutually exclusive");
  }
  if (replacement.source_value) return untagged_scalar(*replacement.source_value);
  const ReplacementSource& source = *replacement.source;
  const Node& resource = find_source(subjects, source);
  std::string path = field_path_of(source);
  const Node* field = within("error looking up replacement source", [&] { return look_up(resource, split_field_path(path)); });
  if (is_missing(field)) {
    throw input_error({}, "fieldPath `{}` is missing for replacement source {}", path, to_string(source.id));
  }
  return refined_value(*field, source.options);
}

// A target with its expressions compiled.
class TargetMatcher {
 public:
  explicit TargetMatcher(const ReplacementTarget& target) : select_(*target.select) {
    for (const Selector& selector : target.reject) reject_.emplace_back(selector);
  }

  bool selects(const Node& document, const std::vector<ResId>& ids) const {
    if (!has_labels(select_, document)) return false;
    for (const SelectorMatcher& reject : reject_) {
      bool by_labels = !reject.selector().annotation_selector.empty() || !reject.selector().label_selector.empty();
      if (by_labels && has_labels(reject, document)) return false;
    }
    for (const SelectorMatcher& reject : reject_) {
      if (!reject.selector().id.empty() && has_id(reject, ids)) return false;
    }
    return has_id(select_, ids);
  }

 private:
  static bool has_labels(const SelectorMatcher& matcher, const Node& document) {
    bool annotations = matcher.matches_annotations(document);
    return matcher.matches_labels(document) && annotations;
  }
  static bool has_id(const SelectorMatcher& matcher, const std::vector<ResId>& ids) {
    return std::any_of(ids.begin(), ids.end(), [&](const ResId& id) {
      return matcher.matches_gvk(id.gvk) && matcher.matches_name(id.name) && matcher.matches_namespace(id.namespace_);
    });
  }

  SelectorMatcher select_;
  std::vector<SelectorMatcher> reject_;
};

void apply_to_target(const ReplacementTarget& target, const Node& value, Subjects& subjects) {
  if (!target.select) throw input_error({}, "target must specify resources to select");
  TargetMatcher matcher = within("error creating target selector", [&] { return TargetMatcher(target); });
  const std::vector<std::string> name_only{std::string(kDefaultFieldPath)};
  const auto& paths = target.field_paths.empty() ? name_only : target.field_paths;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    if (!matcher.selects(subjects.document(i), subjects.ids(i))) continue;
    for (const std::string& path : paths) write_to_path(subjects.document(i), value, path, target.options);
    subjects.refresh(i);
  }
}

FieldOptions read_options(const Node& node) {
  FieldOptions options;
  options.delimiter = node.text_of("delimiter");
  if (const Node* index = node.find("index")) options.index = index->as_integer().value_or(0);
  if (const Node* create = node.find("create")) options.create = create->as_boolean().value_or(false);
  return options;
}

bool is_given(const Node* node) { return node != nullptr && !node->is_null(); }

ReplacementTarget read_target(const Node& node) {
  ReplacementTarget target;
  if (const Node* select = node.find("select"); is_given(select)) target.select = read_selector(*select);
  if (const Node* reject = node.find("reject"); is_given(reject) && reject->is_sequence()) {
    for (const Node& item : reject->items()) target.reject.push_back(read_selector(item));
  }
  if (const Node* paths = node.find("fieldPaths"); is_given(paths) && paths->is_sequence()) {
    for (const Node& path : paths->items()) target.field_paths.push_back(path.text());
  }
  if (const Node* options = node.find("options"); is_given(options)) target.options = read_options(*options);
  return target;
}

}  // namespace

Replacement read_replacement(const Node& node) {
  Replacement replacement;
  if (const Node* source = node.find("source"); is_given(source)) {
    replacement.source = ReplacementSource{read_res_id(*source), source->text_of("fieldPath"), std::nullopt};
    if (const Node* options = source->find("options"); is_given(options)) replacement.source->options = read_options(*options);
  }
  if (const Node* value = node.find("sourceValue"); is_given(value)) replacement.source_value = value->text();
  if (const Node* targets = node.find("targets"); is_given(targets) && targets->size() > 0) {
    for (const Node& target : targets->items()) replacement.targets.push_back(read_target(target));
  }
  return replacement;
}

void apply_replacements(const std::vector<Replacement>& replacements, const std::vector<ReplacementSubject>& subjects) {
  Subjects known(subjects);
  for (const Replacement& replacement : replacements) {
    if ((!replacement.source && !replacement.source_value) || replacement.targets.empty()) {
      throw input_error({}, "replacements must specify a source and at least one target");
    }
    // A copy: the source may be among the targets.
    const Node value = value_of(replacement, known);
    for (const ReplacementTarget& target : replacement.targets) apply_to_target(target, value, known);
  }
}

}  // namespace kfrun::kustomize
