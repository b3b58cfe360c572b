#include "kustomize/name_references.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "document/writer.h"
#include "kustomize/resource_text.h"
#include "kustomize/setters.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

// What the search needs to know of one resource; none of it changes while references are fixed.
struct Candidate {
  ResId current;
  std::string name;
  std::string namespace_;
};

using Positions = std::vector<std::size_t>;

// Whether the shorter list is the end of the longer one; an empty list is the end of an empty one only.
bool same_ending(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.empty() || b.empty()) return a.empty() && b.empty();
  const auto compared = std::min(a.size(), b.size());
  return std::equal(a.end() - static_cast<std::ptrdiff_t>(compared), a.end(), b.end() - static_cast<std::ptrdiff_t>(compared));
}

bool same_affixes(const Resource& a, const Resource& b, bool allow_empty) {
  const bool any_prefix = allow_empty && (a.name_prefixes.empty() || b.name_prefixes.empty());
  const bool any_suffix = allow_empty && (a.name_suffixes.empty() || b.name_suffixes.empty());
  return (any_prefix || same_ending(a.name_prefixes, b.name_prefixes)) &&
         (any_suffix || same_ending(a.name_suffixes, b.name_suffixes));
}

template <typename Keep>
void sieve(Positions& positions, Keep keep) {
  positions.erase(std::remove_if(positions.begin(), positions.end(), [&](std::size_t p) { return !keep(p); }), positions.end());
}

// All resources by the names they had before, so that a reference finds its candidates without looking at all of them.
class Candidates {
 public:
  explicit Candidates(const ResourceMap& resources) : resources_(resources) {
    candidates_.reserve(resources.size());
    for (std::size_t i = 0; i < resources.size(); ++i) {
      const Resource& resource = resources[i];
      candidates_.push_back({resource.current_id(), resource.name(), resource.namespace_()});
      for (const auto& previous : resource.previous_names) {
        auto& positions = by_previous_name_[previous.name];
        if (positions.empty() || positions.back() != i) positions.push_back(i);
      }
      current_by_original_namespace_[std::string(resource.original_id().effective_namespace())].insert(
          std::string(candidates_.back().current.effective_namespace()));
    }
  }

  const Resource& resource(std::size_t position) const { return resources_[position]; }
  const Candidate& operator[](std::size_t position) const { return candidates_[position]; }
  const Positions* with_previous_name(const std::string& name) const {
    const auto found = by_previous_name_.find(name);
    return found == by_previous_name_.end() ? nullptr : &found->second;
  }

  // Where the resources are now that were in a namespace originally; nullptr when there are none.
  const std::set<std::string>* current_namespaces_of(const std::string& original) const {
    const auto found = current_by_original_namespace_.find(original);
    return found == current_by_original_namespace_.end() ? nullptr : &found->second;
  }

  bool had_kind(std::size_t position, const Gvk& gvk) const {
    const Resource& resource = resources_[position];
    return std::any_of(resource.previous_names.begin(), resource.previous_names.end(),
                       [&](const auto& previous) { return resource.previous_id(previous).gvk.is_selected_by(gvk); });
  }

 private:
  const ResourceMap& resources_;
  std::vector<Candidate> candidates_;
  std::unordered_map<std::string, Positions> by_previous_name_;
  std::unordered_map<std::string, std::set<std::string>> current_by_original_namespace_;
};

// Namespaces of the service accounts that a role binding names: it may refer to resources there.
std::set<std::string> subject_namespaces(const Resource& resource, const ResId& id) {
  std::set<std::string> namespaces;
  if (id.gvk.kind != "RoleBinding") return namespaces;
  const Node* subjects = resource.document.find("subjects");
  if (!subjects || !subjects->is_sequence()) return namespaces;
  for (const Node& subject : subjects->items()) {
    const Node* name_space = subject.find("namespace");
    if (!name_space || subject.text_of("kind") != "ServiceAccount") continue;
    if (!name_space->is_string()) {
      throw make_error(ErrorKind::input, "Invalid Input: namespace is blank for resource \"{}\"\n", to_string(id));
    }
    namespaces.insert(name_space->text());
  }
  return namespaces;
}

// Fixes the references of one resource.
class Referrer {
 public:
  Referrer(Resource& resource, const ResId& id, const Candidates& candidates)
      : resource_(resource), candidates_(candidates), id_(id), role_binding_namespaces_(subject_namespaces(resource, id)) {}

  void fix(const Gvk& target, const FieldSpec& field) {
    target_ = &target;
    is_role_ref_ = field.path.ends_with("roleRef/name");
    try {
      if (field.selects(id_.gvk)) {
        walk(field);
      } else {
        // The original kind has chosen the field; the walk asks for the kind of today.
        FieldSpec own = field;
        own.gvk = id_.gvk;
        walk(own);
      }
    } catch (Error& error) {
      error.within(fmt::format("updating name reference in '{}' field of '{}'", field.path, to_string(id_)));
      throw;
    }
  }

 private:
  void walk(const FieldSpec& field) {
    apply_field_spec(resource_.document, field, NewField::nothing, [&](Node& node) { set(node); });
  }

  void set(Node& node) {
    if (node.is_null()) return;
    if (node.is_mapping()) {
      set_mapping(node);
    } else if (node.is_scalar()) {
      set_text(node);
    } else {
      for (Node& item : node.items()) {
        if (item.is_null()) continue;
        if (item.is_sequence()) throw make_error(ErrorKind::input, "is expected to be either a string or a map of string");
        set(item);
      }
    }
  }

  void set_text(Node& node) {
    const auto found = select(node.text(), false, nullptr);
    if (!found) return;
    const auto& name = candidates_[*found].name;
    if (name != node.text()) set_scalar(node, name);
  }

  void set_mapping(Node& node) {
    const Node* name_node = node.find("name");
    if (!name_node) throw make_error(ErrorKind::input, "path config error; no 'name' field in node");
    const std::string old_name = name_node->text();
    const auto found = select(old_name, true, node.find("namespace"));
    if (!found) return;
    const Candidate& referral = candidates_[*found];
    if (referral.name == old_name && referral.namespace_.empty()) return;
    set_member(node, "name", referral.name);
    if (!referral.namespace_.empty()) set_member(node, "namespace", referral.namespace_);
  }

  static void set_member(Node& node, std::string_view key, const std::string& text) {
    if (Node* old = node.find(key)) {
      set_scalar(*old, text);
    } else {
      node.set(key, untagged_scalar(text));
    }
  }

  // Whether kustomize would look at the resource at all: what is elsewhere cannot be referred to.
  bool is_reachable(std::size_t position) const {
    if (id_.gvk.cluster_scoped) return true;
    const Candidate& candidate = candidates_[position];
    if (candidate.current.gvk.cluster_scoped || candidate.current.same_namespace(id_)) return true;
    return role_binding_namespaces_.contains(candidate.namespace_);
  }

  // The candidates in a namespace that a reference names: the original one if anything reachable was there, else the current one.
  void keep_in_namespace(Positions& found, const std::string& name_space) const {
    if (name_space == kNoNamespace) {
      found.clear();
    } else if (is_original_namespace(name_space)) {
      sieve(found, [&](std::size_t p) { return candidates_.resource(p).original_id().effective_namespace() == name_space; });
    } else {
      sieve(found, [&](std::size_t p) { return candidates_[p].current.effective_namespace() == name_space; });
    }
  }

  bool is_original_namespace(const std::string& name_space) const {
    const auto* now = candidates_.current_namespaces_of(name_space);
    if (!now) return false;
    if (id_.gvk.cluster_scoped || now->contains(std::string(kNoNamespace)) ||
        now->contains(std::string(id_.effective_namespace()))) {
      return true;
    }
    return std::any_of(role_binding_namespaces_.begin(), role_binding_namespaces_.end(),
                       [&](const auto& n) { return now->contains(n); });
  }

  // The kind that a role binding's roleRef names; nothing when it is incomplete.
  std::optional<Gvk> role_ref_kind() const {
    const Node* group = resource_.document.find_path({"roleRef", "apiGroup"});
    const Node* kind = resource_.document.find_path({"roleRef", "kind"});
    if (!group || !kind) return std::nullopt;
    return Gvk{group->text(), "", kind->text()};
  }

  bool is_in_reach_of_names(std::size_t position) const {
    if (id_.gvk.cluster_scoped) return true;
    const ResId& current = candidates_[position].current;
    return current.gvk.cluster_scoped || current.gvk.kind == "ServiceAccount" || current.same_namespace(id_);
  }

  // The one resource that was called `old_name` and is meant; nothing when there is none. Throws when several could be.
  std::optional<std::size_t> select(const std::string& old_name, bool is_mapping, const Node* name_space) const {
    const Positions* named = candidates_.with_previous_name(old_name);
    if (!named) return std::nullopt;
    Positions found = *named;
    sieve(found, [&](std::size_t p) { return is_reachable(p); });
    if (name_space) keep_in_namespace(found, name_space->text());
    sieve(found, [&](std::size_t p) { return candidates_.had_kind(p, *target_); });
    if (const auto kind = is_role_ref_ ? role_ref_kind() : std::nullopt) {
      sieve(found, [&](std::size_t p) { return candidates_.had_kind(p, *kind); });
    }
    sieve(found, [&](std::size_t p) { return is_in_reach_of_names(p); });
    if (found.size() == 1) return found.front();
    sieve(found, [&](std::size_t p) { return same_affixes(candidates_.resource(p), resource_, true); });
    if (found.size() > 1) sieve(found, [&](std::size_t p) { return same_affixes(candidates_.resource(p), resource_, false); });
    if (found.empty()) return std::nullopt;
    const Candidate& first = candidates_[found.front()];
    const bool same = std::all_of(found.begin(), found.end(), [&](std::size_t p) {
      return candidates_[p].name == first.name && (!is_mapping || candidates_[p].namespace_ == first.namespace_);
    });
    if (!same) throw_ambiguous(found);
    return found.front();
  }

  [[noreturn]] void throw_ambiguous(const Positions& found) const {
    std::vector<std::string> ids;
    std::string details = fmt::format("\n**** Too many possible referral targets to referrer:\n{}\n",
                                      document::write_yaml(annotated_document(resource_)));
    for (const auto position : found) {
      details += fmt::format("--- possible referral {}:\n{}\n", ids.size(),
                             document::write_yaml(annotated_document(candidates_.resource(position))));
      ids.push_back(to_string(candidates_[position].current));
    }
    throw make_error(ErrorKind::input, "found multiple possible referrals: {}\n{}", join(ids, ", "), details);
  }

  Resource& resource_;
  const Candidates& candidates_;
  const ResId& id_;
  std::set<std::string> role_binding_namespaces_;
  const Gvk* target_ = nullptr;
  bool is_role_ref_ = false;
};

// The fields of one kind that may refer to others.
struct ReferringField {
  const Gvk* target;
  const FieldSpec* field;
};

// Fields by original kind; most resources share a few kinds.
class FieldsByKind {
 public:
  explicit FieldsByKind(const std::vector<NameReference>& references) : references_(references) {}

  const std::vector<ReferringField>& of(const Gvk& gvk) {
    const auto [entry, is_new] = fields_.try_emplace(gvk);
    if (is_new) {
      for (const auto& reference : references_) {
        for (const auto& field : reference.referrers) {
          if (field.selects(gvk)) entry->second.push_back({&reference.gvk, &field});
        }
      }
    }
    return entry->second;
  }

 private:
  const std::vector<NameReference>& references_;
  std::unordered_map<Gvk, std::vector<ReferringField>> fields_;
};

}  // namespace

void fix_name_references(ResourceMap& resources, const std::vector<NameReference>& references) {
  const Candidates candidates(resources);
  FieldsByKind fields(references);
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Referrer referrer(resources[i], candidates[i].current, candidates);
    for (const auto& [target, field] : fields.of(resources[i].original_id().gvk)) referrer.fix(*target, *field);
  }
}

}  // namespace kfrun::kustomize
