// One Kubernetes object on its way through a build, and what kustomize remembers about it. kustomize keeps that memory in
// internal annotations of the object; here it stands beside the document, so that nothing is parsed twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"
#include "kustomize/identity.h"
#include "kustomize/origin.h"

namespace kfrun::kustomize {

// What a generated ConfigMap or Secret does to one of the same id.
enum class GeneratorBehavior { unspecified, create, replace, merge };
GeneratorBehavior parse_generator_behavior(std::string_view text);
std::string_view to_string(GeneratorBehavior behavior);

// A former name of a resource. The apiVersion of the whole former id is always today's.
struct PreviousName {
  std::string name;
  std::string namespace_;  // effective: "default" for none, "_non_namespaceable_" for cluster-scoped kinds
  std::string kind;
  bool operator==(const PreviousName&) const = default;
};

class Resource {
 public:
  Resource() = default;
  // Takes over what internal annotations of the document say; the end of a build removes them.
  explicit Resource(document::Node object);

  document::Node document;

  std::vector<PreviousName> previous_names;  // oldest first
  std::vector<std::string> name_prefixes;    // in the order they were added: innermost first
  std::vector<std::string> name_suffixes;
  GeneratorBehavior behavior = GeneratorBehavior::unspecified;
  bool needs_hash = false;         // its name gets the hash of its content at the root
  bool allow_name_change = false;  // for patches: may change the name of what they patch
  bool allow_kind_change = false;
  std::vector<std::string> referring_vars;  // names of the vars that read from it
  std::string source;                       // where it comes from, for messages

  // The number by which an observer of the build knows it again; 0 without one.
  std::uint32_t trace = 0;
  // For buildMetadata; only filled in when it is asked for.
  std::optional<Origin> origin;
  std::vector<Origin> transformations;

  Gvk gvk() const { return Gvk::of(document); }
  ResId current_id() const { return ResId::of(document); }
  // The oldest id, the current one if it never changed.
  ResId original_id() const;
  // Former ids, oldest first.
  std::vector<ResId> previous_ids() const;
  ResId previous_id(const PreviousName& previous) const;
  std::string kind() const { return document.text_of("kind"); }
  std::string name() const { return metadata_text(document, "name"); }
  std::string namespace_() const { return metadata_text(document, "namespace"); }

  // To be called before something changes name, namespace or kind.
  void remember_current_id();
  void add_name_prefix(const std::string& prefix);
  void add_name_suffix(const std::string& suffix);
  // Values without a tag, as kyaml sets them: the name 12 is an integer.
  void set_name(const std::string& name);
  // Removes the field when `name` is empty.
  void set_namespace(const std::string& name);
  void set_kind(const std::string& kind);
  void set_api_version(const std::string& api_version);

  // kustomize drops such resources: null, {} or [].
  bool empty() const { return document.is_null() || document.size() == 0; }
  // Whether kustomize would have internal annotations on it now.
  bool has_memory() const;
  // Forgets all that kustomize keeps in annotations: what happens when a patch removes all annotations.
  void forget();
};

}  // namespace kfrun::kustomize
