// A new kustomization file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "kustomize/edit/edit.h"

namespace kfrun::kustomize {

struct NewKustomization {
  Words resources;
  std::string name_space;
  std::string name_prefix;
  std::string name_suffix;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<std::pair<std::string, std::string>> annotations;
};

// Throws "kustomization file already exists".
void require_no_kustomization_file(const FileSystem& files);

// The files of the current folder that hold resources, sorted. With `recursive` also those below it, and of a folder that is a
// kustomization itself, the folder.
Words detect_resources(const FileSystem& files, bool recursive);

// In kustomize's order and form.
std::string new_kustomization_text(const NewKustomization& wanted);

}  // namespace kfrun::kustomize
