#include "kustomize/transform_namespace.h"

#include "kustomize/setters.h"

namespace kfrun::kustomize {

using document::Node;
using document::Tag;

namespace {

bool is_role_binding(const std::string& kind) { return kind == "RoleBinding" || kind == "ClusterRoleBinding"; }

bool has_value(const Node& node) { return node.is_scalar() && !node.is_null() && !node.text().empty(); }

void set_namespace(Node& node, const NamespaceChange& change) {
  if (change.unset_only && has_value(node)) return;
  set_scalar(node, change.name, Tag::string);
}

bool follows(const Node& subject, SubjectMode mode) {
  return mode == SubjectMode::all_service_accounts ? subject.text_of("kind") == "ServiceAccount"
                                                   : subject.text_of("name") == "default";
}

void set_subjects(Node& binding, const NamespaceChange& change) {
  Node* subjects = binding.find("subjects");
  if (change.subjects == SubjectMode::none || subjects == nullptr || subjects->is_null()) return;
  require_kind(*subjects, document::NodeKind::sequence);
  within("setting namespace on (cluster)role binding subjects", [&] {
    for (Node& subject : subjects->items()) {
      require_kind(subject, document::NodeKind::mapping);
      if (!subject.is_mapping() || !follows(subject, change.subjects)) continue;
      if (subject.find("namespace") == nullptr) subject.set("namespace", Node::scalar("", Tag::null));
      set_namespace(*subject.find("namespace"), change);
    }
  });
}

// What the steps before have done by their own rules.
bool is_done_elsewhere(const FieldSpec& spec, const std::string& api_version, bool role_binding) {
  if (spec.path == "metadata/namespace") return true;
  if (spec.path == "metadata/name" && api_version != "v1") return true;
  return role_binding && is_role_binding(spec.gvk.kind) && spec.path == "subjects/namespace";
}

void set_at_field_specs(Node& object, const NamespaceChange& change, const FieldSpecs& specs, bool role_binding) {
  const std::string api_version = object.text_of("apiVersion");
  bool at_scalar = true;
  try {
    for (const FieldSpec& spec : specs) {
      if (is_done_elsewhere(spec, api_version, role_binding)) continue;
      apply_field_spec(object, spec, NewField::scalar, [&](Node& node) {
        at_scalar = node.is_scalar();
        set_namespace(node, change);
      });
    }
  } catch (Error& error) {
    error.within(at_scalar ? "namespace transformation failed" : "namespace field specs must target scalar nodes");
    throw;
  }
}

}  // namespace

SubjectMode parse_subject_mode(const std::string& text) {
  if (text.empty() || text == "defaultOnly") return SubjectMode::default_only;
  if (text == "allServiceAccounts") return SubjectMode::all_service_accounts;
  if (text == "none") return SubjectMode::none;
  throw input_error({},
                    "invalid value \"{}\" for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or "
                    "\"allServiceAccounts\"",
                    text);
}

void transform_namespace(Node& object, const NamespaceChange& change, const FieldSpecs& specs) {
  static const FieldSpec kNamespace({}, "metadata/namespace", true);
  Gvk gvk = Gvk::of(object);
  if (!gvk.cluster_scoped) {
    apply_field_spec(object, kNamespace, NewField::scalar, [&](Node& node) { set_namespace(node, change); });
  }
  bool role_binding = is_role_binding(gvk.kind);
  if (role_binding) set_subjects(object, change);
  set_at_field_specs(object, change, specs, role_binding);
}

}  // namespace kfrun::kustomize
