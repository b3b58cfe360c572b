#include "kustomize/field_spec.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "base/text.h"
#include "kustomize/setters.h"

namespace kfrun::kustomize {

using document::Node;
using document::NodeKind;
using document::Tag;

namespace {

using Steps = std::span<const std::string>;

// One walk along a path. The steps that are left travel as an argument.
class Walk {
 public:
  Walk(bool create, NewField new_field, const FieldSetter& set) : create_(create), new_field_(new_field), set_(set) {}

  void visit(Node& node, Steps steps) const {
    if (steps.empty()) return set_(node);
    if (node.is_null()) return;
    switch (node.kind()) {
      case NodeKind::sequence:
        return visit_items(node, steps);
      case NodeKind::mapping:
        return visit_field(node, steps);
      case NodeKind::scalar:
        throw input_error({}, "expected sequence or mapping node");
    }
  }

 private:
  void visit_items(Node& sequence, Steps steps) const {
    try {
      for (Node& item : sequence.items()) visit(item, steps);
    } catch (Error& error) {
      error.within(fmt::format("visit traversal on path: [{}]", join({steps.begin(), steps.end()}, " ")));
      throw;
    }
  }

  void visit_field(Node& mapping, Steps steps) const {
    std::string_view name = steps.front();
    bool is_sequence = name.ends_with("[]");
    if (is_sequence) name.remove_suffix(2);
    if (name.empty()) throw input_error({}, "cannot set or create an empty field name");
    name = trim(name);
    if (name == "*") throw input_error({}, "wildcard is not supported in PathGetter").within(fmt::format("fieldName: {}", name));

    bool may_create = create_ && new_field_ != NewField::nothing && !is_sequence;
    bool last = steps.size() == 1;
    Node* field = mapping.find(name);
    if (field == nullptr) {
      if (!may_create) return;
      Node made = last && new_field_ == NewField::scalar ? Node::scalar("", Tag::null) : Node::mapping();
      return visit(set_member(mapping, name, std::move(made)), steps.subspan(1));
    }
    if (field->is_null()) replace_null(*field, may_create, is_sequence, last);
    visit(*field, steps.subspan(1));
  }

  // A null that is to hold something becomes it; a scalar keeps its text, so that `null` can turn into a word.
  void replace_null(Node& field, bool may_create, bool is_sequence, bool last) const {
    if (is_sequence) {
      field = Node::sequence();
    } else if (may_create && last && new_field_ == NewField::scalar) {
      field = Node::scalar(field.text(), Tag::string);
    } else if (may_create) {
      field = Node::mapping();
    }
  }

  bool create_;
  NewField new_field_;
  const FieldSetter& set_;
};

// What field specs select an object by.
struct ObjectKind {
  explicit ObjectKind(const Node& object) : kind(object.text_of("kind")) {
    std::tie(group, version) = split_api_version(object.text_of("apiVersion"));
  }
  std::string kind;
  std::string group;
  std::string version;
};

bool selects(const FieldSpec& spec, const ObjectKind& object) {
  const Gvk& wanted = spec.gvk;
  return (wanted.kind.empty() || wanted.kind == object.kind) && (wanted.group.empty() || wanted.group == object.group) &&
         (wanted.version.empty() || wanted.version == object.version);
}

void walk_field_spec(Node& object, const FieldSpec& spec, NewField new_field, const FieldSetter& set) {
  try {
    Walk(spec.create, new_field, set).visit(object, spec.steps);
  } catch (Error& error) {
    error.within(fmt::format("considering field '{}' of object {}", spec.path, to_string(ResId::of(object))));
    throw;
  }
}

}  // namespace

std::vector<std::string> split_path(std::string_view path, char delimiter) {
  auto parts = split(path, delimiter);
  auto begin = parts.begin();
  if (parts.size() > 1 && parts.front().empty()) ++begin;
  std::vector<std::string> steps;
  for (auto part = begin; part != parts.end(); ++part) {
    if (!steps.empty() && steps.back().ends_with('\\')) {
      steps.back().back() = delimiter;
      steps.back() += *part;
    } else {
      steps.push_back(std::move(*part));
    }
  }
  return steps;
}

FieldSpec::FieldSpec(Gvk selector, std::string path_text, bool create_missing)
    : gvk(std::move(selector)), path(std::move(path_text)), create(create_missing), steps(split_path(path, '/')) {}

void apply_field_spec(Node& object, const FieldSpec& spec, NewField new_field, const FieldSetter& set) {
  if (spec.gvk.empty() || selects(spec, ObjectKind(object))) walk_field_spec(object, spec, new_field, set);
}

void apply_field_specs(Node& object, const FieldSpecs& specs, NewField new_field, const FieldSetter& set) {
  ObjectKind kind(object);
  for (const FieldSpec& spec : specs) {
    if (!selects(spec, kind)) continue;
    walk_field_spec(object, spec, new_field, set);
    bool changes_kind = !spec.steps.empty() && (spec.steps.front() == "kind" || spec.steps.front() == "apiVersion");
    if (changes_kind) kind = ObjectKind(object);
  }
}

void merge_field_spec(FieldSpecs& specs, const FieldSpec& incoming) {
  auto same = std::find_if(specs.begin(), specs.end(), [&](const FieldSpec& spec) {
    return spec.path == incoming.path && spec.gvk.is_selected_by(incoming.gvk);
  });
  if (same == specs.end()) {
    specs.push_back(incoming);
  } else if (same->create != incoming.create) {
    throw input_error({}, "conflicting fieldspecs");
  }
}

void merge_field_specs(FieldSpecs& specs, const FieldSpecs& incoming) {
  for (const FieldSpec& spec : incoming) merge_field_spec(specs, spec);
}

}  // namespace kfrun::kustomize
