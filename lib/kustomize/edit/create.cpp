#include "kustomize/edit/create.h"

#include <algorithm>

#include "kustomize/edit/fields.h"
#include "kustomize/kustomization.h"
#include "kustomize/resource_reader.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

bool holds_kustomization(const FileSystem& files, const std::string& folder) {
  const auto& names = kustomization_file_names();
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& name) { return files.resolve(join_path(folder, name)).has_value(); });
}

bool holds_resources(const FileSystem& files, const std::string& path) {
  const auto text = files.read(path);
  try {
    read_resources(text, path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void detect_in(const FileSystem& files, const std::string& folder, bool recursive, Words& found) {
  for (const auto& name : files.list(folder.empty() ? "." : folder)) {
    const auto path = folder.empty() ? name : join_path(folder, name);
    if (!files.is_directory(path)) {
      if (holds_resources(files, path)) found.push_back(path);
    } else if (recursive && holds_kustomization(files, path)) {
      found.push_back(path);
    } else if (recursive) {
      detect_in(files, path, true, found);
    }
  }
}

Node mapping_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Node mapping = Node::mapping();
  for (const auto& [key, value] : pairs) mapping.set(key, Node::string(value));
  return mapping;
}

}  // namespace

void require_no_kustomization_file(const FileSystem& files) {
  if (holds_kustomization(files, ".")) throw make_error(ErrorKind::conflict, "kustomization file already exists");
}

Words detect_resources(const FileSystem& files, bool recursive) {
  Words found;
  detect_in(files, "", recursive, found);
  return found;
}

std::string new_kustomization_text(const NewKustomization& wanted) {
  const auto change = [&](Edited& edited) {
    auto& fields = edited.fields;
    const auto put_text = [&](std::string_view field, const std::string& text) {
      if (!text.empty()) fields.set(field, Node::string(text));
    };
    if (!wanted.resources.empty()) fields.set("resources", Node::strings(wanted.resources));
    put_text("namePrefix", wanted.name_prefix);
    put_text("nameSuffix", wanted.name_suffix);
    put_text("namespace", wanted.name_space);
    if (!wanted.labels.empty()) fields.set("commonLabels", mapping_of(wanted.labels));
    if (!wanted.annotations.empty()) fields.set("commonAnnotations", mapping_of(wanted.annotations));
  };
  Words remarks;
  return edited_text("", "kustomization.yaml", change, remarks);
}

}  // namespace kfrun::kustomize
