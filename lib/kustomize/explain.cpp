#include "kustomize/explain.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"
#include "kustomize/explain_path.h"
#include "kustomize/observer.h"
#include "kustomize/resource_reader.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

// A file or text that a patch is read from.
struct PatchText {
  std::string file;
  std::string text;
  int line = 0;  // of the text in its file, 0 for the whole file
};

// Where the entries of kustomizations and what patches say stand. Files are read again: only --explain pays for it.
class Places {
 public:
  Places(const FileSystem& files, const std::string& root) : files_(files), root_(files.resolve(root).value_or(root)) {}

  std::string shown(const std::string& file) const {
    if (!file.starts_with('/')) return file;
    return std::filesystem::path(file).lexically_relative(root_).string();
  }

  // The entry of the kustomization that asked for a step.
  Place of_step(const BuildStep& step) const {
    Place place{shown(kustomization_of(step)), 0, 0, {}};
    if (const Node* entry = entry_of(step)) set(place, *entry);
    return place;
  }

  // Where the patch of a step says what a field is now; the step's own entry when it does not say it literally.
  Place of_patched(const BuildStep& step, const Resource& patched, const std::vector<std::string>& steps, const std::string& path,
                   const Node* value) const {
    Place best = of_step(step);
    bool is_exact = false;
    for (const auto& patch : patches_of(step)) {
      std::vector<Resource> resources;
      try {
        resources = read_resources(patch.text, patch.file);
      } catch (const Error&) {
        if (patch.line == 0) best = {shown(patch.file), 0, 0, {}};  // operations
        continue;
      }
      for (const auto& resource : resources) {
        if (!fits(step, resource, patched)) continue;
        for (const auto& field : find_fields(resource.document, steps, Indexes::of_any_keyed)) {
          if (field.path != path) continue;
          // A patch that says more or less of the field counts until one says it as it is.
          const bool says_it = value ? *field.node == *value : field.node->is_null();
          if (is_exact && !says_it) continue;
          is_exact |= says_it;
          const bool is_inline = patch.line > 0;  // and indented, so that its columns are not the file's
          best = {shown(patch.file), field.node->line() + patch.line, is_inline ? 0 : field.node->column(), {}};
        }
      }
    }
    return best;
  }

 private:
  // Whether a patch can be what changed the resource: with a target its name does not count.
  static bool fits(const BuildStep& step, const Resource& patch, const Resource& patched) {
    if (patch.kind() != patched.kind()) return false;
    const auto& former = patched.previous_names;
    return step.field != "patchesStrategicMerge" || patch.name() == patched.name() ||
           std::any_of(former.begin(), former.end(), [&](const auto& previous) { return previous.name == patch.name(); });
  }

  static void set(Place& place, const Node& node) {
    place.line = node.line();
    place.column = node.column();
  }

  static std::string kustomization_of(const BuildStep& step) {
    return join_path(step.target->loader.root(), step.target->file_name);
  }

  const Node& tree_of(const std::string& file) const {
    const auto [found, is_new] = trees_.try_emplace(file);
    if (is_new) {
      auto documents = document::read_yaml(files_.read(file), file, document::Schema::go_yaml_v2);
      if (!documents.empty()) found->second = std::move(documents.front());
    }
    return found->second;
  }

  // The node of the entry, or the key of the field.
  const Node* entry_of(const BuildStep& step) const {
    if (step.field.empty()) return nullptr;
    const Node& tree = tree_of(kustomization_of(step));
    if (!tree.is_mapping()) return nullptr;
    for (const auto& [key, value] : tree.members()) {
      if (key.text() != step.field) continue;
      const auto entry = static_cast<std::size_t>(step.entry);
      if (step.entry >= 0 && value.is_sequence() && entry < value.size()) return &value.items()[entry];
      return &key;
    }
    return nullptr;
  }

  std::vector<PatchText> patches_of(const BuildStep& step) const {
    std::vector<PatchText> patches;
    const auto& kustomization = *step.target->kustomization;
    const auto from_file = [&](const std::string& path) {
      patches.push_back({join_path(step.target->loader.root(), path), step.target->loader.read(path), 0});
    };
    const auto entry = static_cast<std::size_t>(std::max(step.entry, 0));
    if (step.field == "patchesStrategicMerge") {
      for (const auto& path : kustomization.patches_strategic_merge) {
        if (path.find('\n') == std::string::npos) from_file(path);
      }
    } else if (step.field == "patches" && entry < kustomization.patches.size()) {
      const Patch& patch = kustomization.patches[entry];
      const Node* node = entry_of(step);
      const Node* text = node ? node->find("patch") : nullptr;
      if (!patch.path.empty()) from_file(patch.path);
      if (text) patches.push_back({kustomization_of(step), patch.patch, text->line()});
    } else if (step.field == "patchesJson6902" && entry < kustomization.patches_json6902.size()) {
      if (const auto& path = kustomization.patches_json6902[entry].path; !path.empty()) from_file(path);
    }
    return patches;
  }

  const FileSystem& files_;
  std::string root_;
  mutable std::map<std::string, Node> trees_;
};

// Follows the fields of all resources of one kind through a build.
class Follower : public BuildObserver {
 public:
  Follower(const ExplainQuery& query, const Places& places) : query_(query), places_(places) {}

  void after(const BuildStep& step, ResourceMap& resources) override {
    const bool is_output = step.what == kOutputStep;
    for (auto& resource : resources) {
      if (is_output) kinds_.insert(resource.kind());
      if (resource.kind() != query_.kind) continue;
      if (resource.trace == 0) resource.trace = ++count_;
      follow(step, resource, fields_[resource.trace]);
      if (is_output) outputs_.push_back(resource);
    }
  }

  std::vector<ExplainedField> explained() const {
    std::vector<ExplainedField> all;
    std::vector<const Resource*> named;
    for (const auto& resource : outputs_) {
      if (is_named(resource)) named.push_back(&resource);
    }
    if (named.empty()) throw no_resource();
    for (const Resource* resource : named) {
      for (const auto& [path, field] : fields_.at(resource->trace)) {
        if (!is_indexed(resource->document, query_.steps, field.keyed)) continue;
        all.push_back({resource->current_id(), path, field.value, field.chain});
      }
    }
    if (all.empty()) throw no_field(named);
    return all;
  }

 private:
  struct Field {
    std::optional<Node> value;
    std::vector<FieldChange> chain;
    KeyedElements keyed;
  };
  using Fields = std::map<std::string, Field>;

  void follow(const BuildStep& step, const Resource& resource, Fields& fields) const {
    std::set<std::string> present;
    for (const auto& [path, node, keyed] : find_fields(resource.document, query_.steps, Indexes::of_any_keyed)) {
      present.insert(path);
      Field& field = fields[path];
      field.keyed = keyed;
      if (field.value && *field.value == *node) continue;
      change(step, resource, path, field, node);
    }
    for (auto& [path, field] : fields) {
      if (field.value && !present.contains(path)) change(step, resource, path, field, nullptr);
    }
  }

  void change(const BuildStep& step, const Resource& resource, const std::string& path, Field& field, const Node* value) const {
    FieldChange change{words(step), {}, field.value, value ? std::optional(*value) : std::nullopt};
    if (step.field == "resources") {
      change.place = {places_.shown(resource.source), value ? value->line() : 0, value ? value->column() : 0, {}};
    } else {
      change.place = places_.of_patched(step, resource, query_.steps, path, value);
    }
    field.value = change.to;
    field.chain.push_back(std::move(change));
  }

  static std::string words(const BuildStep& step) {
    if (step.field == "resources") return "read";
    if (step.field.empty()) return step.what;
    std::string text(step.field);
    if (step.entry >= 0) text += "[" + std::to_string(step.entry) + "]";
    return step.what.empty() ? text : text + " " + step.what;
  }

  bool is_named(const Resource& resource) const {
    const auto& name_space = query_.namespace_;
    if (!name_space.empty() && resource.current_id().effective_namespace() != name_space) return false;
    const auto& former = resource.previous_names;
    return query_.name.empty() || resource.name() == query_.name ||
           std::any_of(former.begin(), former.end(), [&](const auto& previous) { return previous.name == query_.name; });
  }

  static std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 20;
    if (names.size() <= kShown) return join(names, ", ");
    return join({names.begin(), names.begin() + kShown}, ", ") + fmt::format(" and {} more", names.size() - kShown);
  }

  Error no_resource() const {
    if (outputs_.empty()) {
      const std::vector<std::string> kinds(kinds_.begin(), kinds_.end());
      auto error = make_error(ErrorKind::not_found, "--explain: there is no {} in the output", query_.kind);
      for (const auto& kind : kinds) {
        if (to_lower(kind) == to_lower(query_.kind)) return error.hint(fmt::format("did you mean '{}'?", kind));
      }
      if (const auto near = nearest(query_.kind, kinds)) return error.hint(fmt::format("did you mean '{}'?", *near));
      return error.hint("there are " + listed(kinds));
    }
    std::vector<std::string> names;
    std::vector<std::string> bare;
    for (const auto& resource : outputs_) {
      const auto name_space = resource.namespace_();
      names.push_back(name_space.empty() ? resource.name() : name_space + "/" + resource.name());
      bare.push_back(resource.name());
    }
    const std::string wanted = query_.namespace_.empty() ? query_.name : query_.namespace_ + "/" + query_.name;
    auto error = make_error(ErrorKind::not_found, "--explain: there is no {} '{}' in the output", query_.kind, wanted);
    if (const auto near = nearest(query_.name, bare)) error.hint(fmt::format("did you mean '{}'?", *near));
    return error.hint(fmt::format("of this kind there are {}", listed(names)));
  }

  Error no_field(const std::vector<const Resource*>& named) const {
    std::size_t length = 0;
    std::set<std::string> names;
    for (const auto* resource : named) {
      const auto [reached, here] = names_at_end(resource->document, query_.steps);
      if (reached > length) names.clear();
      length = std::max(length, reached);
      if (reached == length) names.insert(here.begin(), here.end());
    }
    auto error = make_error(ErrorKind::not_found, "--explain: {} has no field '{}', now or on the way",
                            named.size() == 1 ? query_.kind + " '" + named.front()->name() + "'" : "no " + query_.kind,
                            join(query_.steps, "."));
    const std::vector<std::string> candidates(names.begin(), names.end());
    const std::vector<std::string> reached(query_.steps.begin(), query_.steps.begin() + static_cast<std::ptrdiff_t>(length));
    if (const auto near = nearest(query_.steps[length], candidates)) {
      error.hint(fmt::format("did you mean '{}' instead of '{}'?", *near, query_.steps[length]));
    }
    if (!candidates.empty()) {
      error.hint(fmt::format("{} has {}", reached.empty() ? "the resource" : "'" + join(reached, ".") + "'", listed(candidates)));
    }
    return error;
  }

  const ExplainQuery& query_;
  const Places& places_;
  std::uint32_t count_ = 0;
  std::map<std::uint32_t, Fields> fields_;
  std::vector<Resource> outputs_;
  std::set<std::string> kinds_;
};

// On one line.
std::string shown(const std::optional<Node>& value) {
  if (!value) return "(none)";
  const bool is_plain = value->is_scalar() && !value->text().empty() && value->text().find('\n') == std::string::npos;
  return is_plain ? value->text() : document::write_json(*value);
}

std::string shown(const ResId& id) {
  return id.namespace_.empty() ? id.gvk.kind + "/" + id.name : id.gvk.kind + "/" + id.namespace_ + "/" + id.name;
}

}  // namespace

std::vector<ExplainedField> explain(const FileSystem& files, const std::string& path, const BuildOptions& options,
                                    const std::string& query) {
  const ExplainQuery parsed = parse_explain_query(query);
  const Places places(files, path);
  Follower follower(parsed, places);
  BuildOptions observed = options;
  observed.observer = &follower;
  build(files, path, observed);
  return follower.explained();
}

std::string to_text(const std::vector<ExplainedField>& fields) {
  std::string text;
  for (const auto& field : fields) {
    text += fmt::format("{}:{}: {}\n", shown(field.id), field.path, field.value ? shown(field.value) : "(removed)");
    for (const auto& change : field.chain) {
      const std::string values =
          change.from ? shown(change.from) + " -> " + (change.to ? shown(change.to) : "(removed)") : shown(change.to);
      const std::string place = to_string(change.place);
      text += fmt::format("  {}{}{}: {}\n", place, place.empty() ? "" : ": ", change.by, values);
    }
  }
  return text;
}

Node to_node(const std::vector<ExplainedField>& fields) {
  Node list = Node::sequence();
  const auto set_text = [](Node& node, std::string_view key, const std::string& text) {
    if (!text.empty()) node.set(key, Node::string(text));
  };
  for (const auto& field : fields) {
    Node resource = Node::mapping();
    set_text(resource, "apiVersion", field.id.gvk.api_version());
    set_text(resource, "kind", field.id.gvk.kind);
    set_text(resource, "name", field.id.name);
    set_text(resource, "namespace", field.id.namespace_);
    Node chain = Node::sequence();
    for (const auto& change : field.chain) {
      Node one = Node::mapping();
      one.set("by", Node::string(change.by));
      set_text(one, "file", change.place.file);
      if (change.place.line > 0) one.set("line", Node::integer(change.place.line));
      if (change.place.column > 0) one.set("column", Node::integer(change.place.column));
      if (change.from) one.set("from", *change.from);
      if (change.to) one.set("to", *change.to);
      chain.push_back(std::move(one));
    }
    Node entry = Node::mapping();
    entry.set("resource", std::move(resource));
    entry.set("path", Node::string(field.path));
    if (field.value) entry.set("value", *field.value);
    entry.set("chain", std::move(chain));
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace kfrun::kustomize
