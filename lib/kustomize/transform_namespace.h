// The namespace of a build: metadata.namespace of what is not cluster-scoped, the name of Namespace objects, subjects of role
// bindings, and the places of the field specs (APIService, conversion webhooks).
#pragma once

#include <string>

#include "document/node.h"
#include "kustomize/field_spec.h"

namespace kfrun::kustomize {

// Which subjects of (cluster) role bindings follow: those named "default", every service account, or none.
enum class SubjectMode { default_only, all_service_accounts, none };

struct NamespaceChange {
  std::string name;
  bool unset_only = false;  // leave what has a namespace
  SubjectMode subjects = SubjectMode::default_only;
};

// "defaultOnly" (or ""), "allServiceAccounts", "none"; throws "invalid value "x" for setRoleBindingSubjects: ..." for others.
SubjectMode parse_subject_mode(const std::string& text);

void transform_namespace(document::Node& object, const NamespaceChange& change, const FieldSpecs& specs);

}  // namespace kfrun::kustomize
