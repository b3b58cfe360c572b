// The lists of paths, and patches.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "kustomize/edit/edit.h"
#include "kustomize/edit/fields.h"
#include "kustomize/edit/glob.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::array<std::string_view, 7> kSelectorFields = {"annotationSelector", "group",  "kind", "labelSelector", "name",
                                                             "namespace",          "version"};

Node patch_node(const PatchRequest& request) {
  Node node = Node::mapping();
  if (!request.patch.empty()) node.set("patch", Node::string(request.patch));
  if (!request.path.empty()) node.set("path", Node::string(request.path));
  const std::array<const std::string*, 7> values = {
      &request.annotation_selector, &request.group,  &request.kind, &request.label_selector, &request.name,
      &request.name_space,          &request.version};
  Node target = Node::mapping();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]->empty()) target.set(kSelectorFields[i], Node::string(*values[i]));
  }
  if (target.size() > 0) node.set("target", std::move(target));
  return node;
}

const Node* find_value(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found && !found->is_null() ? found : nullptr;
}

// As Go compares the structs: an empty target is not none.
bool is_same_patch(const Node& left, const Node& right) {
  for (const auto* field : {"path", "patch"}) {
    if (left.text_of(field) != right.text_of(field)) return false;
  }
  if (find_value(left, "options") || find_value(right, "options")) return false;
  const Node* target = find_value(left, "target");
  const Node* other = find_value(right, "target");
  if (!target || !other) return target == other;
  return std::all_of(kSelectorFields.begin(), kSelectorFields.end(),
                     [&](std::string_view field) { return target->text_of(field) == other->text_of(field); });
}

void refuse_both(const PatchRequest& request) {
  if (!request.patch.empty() && !request.path.empty()) throw usage_error("patch and path can't be set at the same time");
}

// The deprecated field whose entries belong to it as well.
void take_deprecated(Node& fields, std::string_view field) {
  if (field == "resources") move_list(fields, "bases", "resources");
}

}  // namespace

Change add_paths(std::string field, std::string kind, Words paths) {
  return [=](Edited& edited) {
    if (paths.empty()) return;
    take_deprecated(edited.fields, field);
    Node& list = list_field(edited.fields, field);
    for (const auto& path : paths) {
      if (path == edited.file && (field == "resources" || field == "components")) continue;
      if (has_text(list, path)) {
        edited.remarks.push_back(fmt::format("{} {} already in kustomization file", kind, path));
      } else {
        list.push_back(Node::string(path));
      }
    }
    drop_if_empty(edited.fields, field);
  };
}

Change add_bases(const Words& words, const FileSystem& files) {
  if (words.size() != 1) throw usage_error("must specify a base directory");
  return [paths = split(words[0], ','), &files](Edited& edited) {
    take_deprecated(edited.fields, "resources");
    Node& list = list_field(edited.fields, "resources");
    for (const auto& path : paths) {
      if (!files.resolve(path)) throw make_error(ErrorKind::not_found, "{} does not exist", path);
      if (has_text(list, path)) throw make_error(ErrorKind::conflict, "base {} already in kustomization file", path);
      list.push_back(Node::string(path));
    }
  };
}

Change remove_paths(std::string field, std::string kind, Words patterns) {
  if (patterns.empty()) throw usage_error("must specify a {} file", kind);
  return [=](Edited& edited) {
    take_deprecated(edited.fields, field);
    Node* list = find_field(edited.fields, field);
    if (!list) return;
    std::erase_if(list->items(), [&](const Node& item) {
      return std::any_of(patterns.begin(), patterns.end(),
                         [&](const auto& pattern) { return matches_pattern(pattern, item.text()); });
    });
    drop_if_empty(edited.fields, field);
  };
}

Change add_patch(const PatchRequest& request) {
  refuse_both(request);
  if (request.patch.empty() && request.path.empty()) throw usage_error("must provide either patch or path");
  return [request](Edited& edited) {
    Node patch = patch_node(request);
    Node& list = list_field(edited.fields, "patches");
    for (const auto& there : list.items()) {
      if (is_same_patch(there, patch)) {
        edited.remarks.push_back(
            fmt::format("patch {} already in kustomization file", request.path.empty() ? request.patch : request.path));
        return;
      }
    }
    list.push_back(std::move(patch));
  };
}

Change remove_patch(const PatchRequest& request) {
  refuse_both(request);
  return [request](Edited& edited) {
    const Node patch = patch_node(request);
    Node* list = find_field(edited.fields, "patches");
    if (!list || std::erase_if(list->items(), [&](const Node& there) { return is_same_patch(there, patch); }) == 0) {
      edited.remarks.push_back(fmt::format("patch {} doesn't exist in kustomization file", request.patch));
      return;
    }
    drop_if_empty(edited.fields, "patches");
  };
}

}  // namespace kfrun::kustomize
