// Verb `edit`: what kustomize edit does to the kustomization file of the current folder, changing no more lines than it must.
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/exit_code.h"
#include "cli/screen.h"
#include "cli/verbs.h"
#include "kustomize/kustomize.h"

namespace kfrun::cli {

namespace {

using kustomize::Change;
using kustomize::MapKind;
using kustomize::Words;

struct Request {
  const EditFlags& flags;
  Words& remarks;
};
using Maker = Change (*)(const Request& request);

Words checked_words(const Words& words, std::string_view what) {
  if (words.empty()) throw usage_error("must specify {}", what);
  return words;
}

Words plugin_files(const Request& request, std::string_view what) {
  return kustomize::expand_patterns(
      disk(), checked_words(request.flags.words, fmt::format("a yaml file which contains {}", what)), request.remarks);
}

const std::map<std::string, Maker> kSetters = {
    {"image", [](const Request& request) { return kustomize::set_images(request.flags.words); }},
    {"namespace", [](const Request& request) { return kustomize::set_namespace(request.flags.words); }},
    {"nameprefix", [](const Request& request) { return kustomize::set_name_prefix(request.flags.words); }},
    {"namesuffix", [](const Request& request) { return kustomize::set_name_suffix(request.flags.words); }},
    {"label", [](const Request& request) { return kustomize::set_labels(request.flags.words); }},
    {"annotation", [](const Request& request) { return kustomize::set_annotations(request.flags.words); }},
    {"replicas", [](const Request& request) { return kustomize::set_replicas(request.flags.words); }},
    {"buildmetadata", [](const Request& request) { return kustomize::set_build_metadata(request.flags.words); }},
    {"configmap",
     [](const Request& request) {
       return kustomize::set_map(MapKind::config_map, request.flags.words, request.flags.map, disk());
     }},
    {"secret",
     [](const Request& request) { return kustomize::set_map(MapKind::secret, request.flags.words, request.flags.map, disk()); }},
};

const std::map<std::string, Maker> kAdders = {
    {"resource",
     [](const Request& request) {
       const auto words = checked_words(request.flags.words, "a resource file");
       return kustomize::add_paths("resources", "resource",
                                   request.flags.no_verify ? words : kustomize::expand_resources(disk(), words));
     }},
    {"component",
     [](const Request& request) {
       const auto words = checked_words(request.flags.words, "a component file");
       return kustomize::add_paths("components", "component", kustomize::expand_resources(disk(), words));
     }},
    {"patch", [](const Request& request) { return kustomize::add_patch(request.flags.patch); }},
    {"configmap",
     [](const Request& request) {
       return kustomize::add_map(MapKind::config_map, request.flags.words, request.flags.map, disk(), request.remarks);
     }},
    {"secret",
     [](const Request& request) {
       return kustomize::add_map(MapKind::secret, request.flags.words, request.flags.map, disk(), request.remarks);
     }},
    {"label", [](const Request& request) { return kustomize::add_labels(request.flags.words, request.flags.labels); }},
    {"annotation",
     [](const Request& request) { return kustomize::add_annotations(request.flags.words, request.flags.labels.force); }},
    {"base", [](const Request& request) { return kustomize::add_bases(request.flags.words, disk()); }},
    {"generator",
     [](const Request& request) {
       return kustomize::add_paths("generators", "generator", plugin_files(request, "a generator plugin resource"));
     }},
    {"transformer",
     [](const Request& request) {
       return kustomize::add_paths("transformers", "transformer", plugin_files(request, "a transformer plugin resource"));
     }},
    {"configuration",
     [](const Request& request) {
       return kustomize::add_paths("configurations", "configuration", plugin_files(request, "a configuration resource"));
     }},
    {"buildmetadata", [](const Request& request) { return kustomize::add_build_metadata(request.flags.words); }},
};

const std::map<std::string, Maker> kRemovers = {
    {"resource", [](const Request& request) { return kustomize::remove_paths("resources", "resource", request.flags.words); }},
    {"component", [](const Request& request) { return kustomize::remove_paths("components", "component", request.flags.words); }},
    {"transformer",
     [](const Request& request) { return kustomize::remove_paths("transformers", "transformer", request.flags.words); }},
    {"patch", [](const Request& request) { return kustomize::remove_patch(request.flags.patch); }},
    {"configmap",
     [](const Request& request) {
       return kustomize::remove_maps(MapKind::config_map, request.flags.words, request.flags.map.name_space);
     }},
    {"secret",
     [](const Request& request) {
       return kustomize::remove_maps(MapKind::secret, request.flags.words, request.flags.map.name_space);
     }},
    {"label", [](const Request& request) { return kustomize::remove_labels(request.flags.words, request.flags.ignore_missing); }},
    {"annotation",
     [](const Request& request) { return kustomize::remove_annotations(request.flags.words, request.flags.ignore_missing); }},
    {"buildmetadata", [](const Request& request) { return kustomize::remove_build_metadata(request.flags.words); }},
};

Change make_change(const Request& request) {
  const auto& flags = request.flags;
  const auto& makers = flags.operation == "set" ? kSetters : flags.operation == "add" ? kAdders : kRemovers;
  return makers.at(flags.subject)(request);
}

void print_remarks(const Words& remarks) {
  for (const auto& remark : remarks) print_note(remark);
}

// What the folder builds to; nothing when it cannot be built.
std::string build_here(std::string* fault) {
  try {
    return kustomize::to_yaml(kustomize::build(disk(), "."));
  } catch (const Error& error) {
    if (fault) *fault = error.what();
    return {};
  }
}

constexpr std::string_view kFixedFields =
    "\nFixed fields:\n  patchesJson6902 -> patches\n  patchesStrategicMerge -> patches\n  commonLabels -> labels\n";

constexpr std::string_view kAboutVars =
    "\nTo convert vars -> replacements, run the command `kustomize edit fix --vars`\n\n"
    "WARNING: Converting vars to replacements will potentially overwrite many resource files \n"
    "and the resulting files may not produce the same output when `kustomize build` is run. \n"
    "We recommend doing this in a clean git repository where the change is easy to undo.\n";

void write_over(const std::string& file, const std::string& text) { write_file(disk().resolve(file).value_or(file), text); }

void change_file(const Change& change, Words& remarks) {
  const auto file = kustomize::find_kustomization_file(disk());
  const auto text = disk().read(file);
  const auto made = kustomize::edited_text(text, file, change, remarks);
  if (made != text) write_over(file, made);
  print_remarks(remarks);
}

// What else kustomize does about it: tell, and compare what is built.
void fix(const EditFlags& flags) {
  const auto before = build_here(nullptr);
  Words remarks;
  kustomize::FileTexts files;
  change_file(
      [&](kustomize::Edited& edited) {
        kustomize::fix(disk())(edited);
        if (flags.vars) kustomize::convert_vars(disk(), files)(edited);
      },
      remarks);
  for (const auto& [path, text] : files) write_over(path, text);
  print(kFixedFields);
  print(flags.vars ? "  vars -> replacements\n" : kAboutVars);
  std::string fault;
  const auto after = build_here(&fault);
  if (!fault.empty()) {
    print(fmt::format("Warning: 'Fixed' kustomization now produces the error when running `kustomize build`: {}\n", fault));
  } else if (after != before) {
    print(fmt::format("Warning: 'Fixed' kustomization now produces different output when running `kustomize build`:\n...{}...\n",
                      after));
  }
}

void edit(const EditFlags& flags) {
  Words remarks;
  change_file(make_change({flags, remarks}), remarks);
}

}  // namespace

int run(const EditFlags& flags) {
  try {
    flags.operation == "fix" ? fix(flags) : edit(flags);
    return kDone;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) throw;
    print_kustomize_error(error);
    return kWorkFailed;
  }
}

}  // namespace kfrun::cli
