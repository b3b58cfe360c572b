// Verb `create`: a kustomization file for the current folder, as kustomize create writes it.
#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/screen.h"
#include "cli/verbs.h"
#include "kustomize/edit/create.h"

namespace kfrun::cli {

namespace {

std::vector<std::string> parts_of(const std::string& list) {
  return list.empty() ? std::vector<std::string>() : split(list, ',');
}

void create(const CreateFlags& flags) {
  kustomize::NewKustomization wanted;
  wanted.resources = kustomize::expand_resources(disk(), parts_of(flags.resources));
  kustomize::require_no_kustomization_file(disk());
  if (flags.autodetect) {
    for (auto& path : kustomize::detect_resources(disk(), flags.recursive)) {
      if (std::find(wanted.resources.begin(), wanted.resources.end(), path) == wanted.resources.end())
        wanted.resources.push_back(std::move(path));
    }
  }
  wanted.name_space = flags.name_space;
  wanted.name_prefix = flags.name_prefix;
  wanted.name_suffix = flags.name_suffix;
  wanted.labels = kustomize::split_pairs(parts_of(flags.labels), "label");
  wanted.annotations = kustomize::split_pairs(parts_of(flags.annotations), "annotation");
  write_file("kustomization.yaml", kustomize::new_kustomization_text(wanted));
}

}  // namespace

int run(const CreateFlags& flags) {
  try {
    create(flags);
    return kDone;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) throw;
    print_kustomize_error(error);
    return kWorkFailed;
  }
}

}  // namespace kfrun::cli
