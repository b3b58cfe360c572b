// The words of kustomize's verbs: build, edit, create.
#include "cli/flag_kinds.h"
#include "cli/words.h"

namespace kfrun::cli {

namespace {

void add_patch_flags(CLI::App* verb, kustomize::PatchRequest& patch) {
  verb->add_option("--path", patch.path, "File of the patch")->type_name("FILE");
  verb->add_option("--patch", patch.patch, "The patch itself")->type_name("TEXT");
  const auto target = [&](const std::string& flag, std::string& value) {
    verb->add_option(flag, value, "Of the target")->type_name("TEXT");
  };
  target("--group", patch.group);
  target("--version", patch.version);
  target("--kind", patch.kind);
  target("--name", patch.name);
  target("--namespace", patch.name_space);
  target("--annotation-selector", patch.annotation_selector);
  target("--label-selector", patch.label_selector);
}

void add_map_flags(CLI::App* verb, kustomize::MapRequest& map, const std::string& operation, const std::string& subject) {
  verb->add_option("--namespace", map.name_space, "Its namespace")->type_name("NAME");
  if (operation == "remove") return;
  add_list(verb, "--from-literal", map.literals, "A key and its value; repeatable")->type_name("KEY=VALUE");
  if (operation == "set") {
    verb->add_option("--new-namespace", map.new_name_space, "Its new namespace")->type_name("NAME");
    return;
  }
  add_list(verb, "--from-file", map.files, "Files or patterns for them; repeatable")->delimiter(',')->type_name("[KEY=]FILE");
  verb->add_option("--from-env-file", map.env_file, "A file of lines key=value")->type_name("FILE");
  verb->add_flag("--disableNameSuffixHash", map.disable_name_suffix_hash, "No hash behind the name");
  if (subject == "secret") verb->add_option("--type", map.type, "Opaque or kubernetes.io/tls")->type_name("TYPE");
  if (subject == "configmap") verb->add_option("--behavior", map.behavior, "create, merge or replace")->type_name("WORD");
}

void add_label_flags(CLI::App* verb, EditFlags& flags, const std::string& operation, const std::string& subject) {
  if (operation == "remove") verb->add_flag("-i,--ignore-non-existence", flags.ignore_missing, "What is not there is no error");
  if (operation != "add") return;
  verb->add_flag("-f,--force", flags.labels.force, "Change what is there");
  if (subject == "annotation") return;
  verb->add_flag("--without-selector", flags.labels.without_selector, "Into labels, which leaves selectors alone");
  verb->add_flag("--include-templates", flags.labels.include_templates, "Also in templates of pods");
}

struct Subjects {
  const char* operation;
  const char* help;
  std::vector<std::pair<const char*, const char*>> words;
};
const Subjects kSubjects[] = {{"set",
                               "Change what a field says",
                               {{"image", "NAME=NEWNAME:TAG, NAME:TAG, NAME@DIGEST"},
                                {"namespace", "NAME"},
                                {"nameprefix", "PREFIX"},
                                {"namesuffix", "SUFFIX"},
                                {"label", "KEY:VALUE, into commonLabels"},
                                {"annotation", "KEY:VALUE, into commonAnnotations"},
                                {"replicas", "NAME=COUNT"},
                                {"buildmetadata", "OPTION,..."},
                                {"configmap", "NAME: new values for its literals, another namespace"},
                                {"secret", "NAME: new values for its literals, another namespace"}}},
                              {"add",
                               "Add to a list",
                               {{"resource", "Files, folders or patterns for them"},
                                {"component", "Folders or patterns for them"},
                                {"patch", "A patch, by --path or --patch"},
                                {"configmap", "NAME: an entry of configMapGenerator, or more for one"},
                                {"secret", "NAME: an entry of secretGenerator, or more for one"},
                                {"label", "KEY:VALUE, into commonLabels"},
                                {"annotation", "KEY:VALUE, into commonAnnotations"},
                                {"base", "FOLDER,... into resources"},
                                {"generator", "Files or patterns for them"},
                                {"transformer", "Files or patterns for them"},
                                {"configuration", "Files or patterns for them"},
                                {"buildmetadata", "OPTION,..."}}},
                              {"remove",
                               "Take out of a list",
                               {{"resource", "Paths or patterns for them"},
                                {"component", "Paths or patterns for them"},
                                {"patch", "The patch that --path or --patch and the target tell"},
                                {"configmap", "NAME,..."},
                                {"secret", "NAME,..."},
                                {"label", "KEY,... out of commonLabels"},
                                {"annotation", "KEY,... out of commonAnnotations"},
                                {"transformer", "Paths or patterns for them"},
                                {"buildmetadata", "OPTION,..."}}}};

void add_edit_subject(CLI::App* verb, EditFlags& flags, const std::string& operation, const std::string& subject) {
  verb->add_option("WORD", flags.words, "As above")->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (subject == "patch") add_patch_flags(verb, flags.patch);
  if (subject == "configmap" || subject == "secret") add_map_flags(verb, flags.map, operation, subject);
  if (subject == "label" || subject == "annotation") add_label_flags(verb, flags, operation, subject);
  if (subject == "resource" && operation == "add") verb->add_flag("--no-verify", flags.no_verify, "Whatever the words are");
  verb->callback([&flags, operation, subject] {
    flags.operation = operation;
    flags.subject = subject;
  });
}

}  // namespace

void add_build(CLI::App* verb, BuildFlags& flags) {
  verb->footer(
      "Examples:\n  kfrun build overlays/prod\n  kfrun build overlays/prod -o manifests.yaml\n"
      "  kfrun build overlays/prod --explain Deployment/web:spec.replicas\n"
      "  kfrun build overlays/prod --explain 'Deployment/web:spec.template.spec.containers[name=web].image' -o json");
  verb->add_option("DIR", flags.directory, "Folder of the kustomization ('.')");
  verb->add_option("-o,--output", flags.output, "Write to a file, or into a folder a file per resource")->type_name("PATH");
  verb->add_option("--load-restrictor", flags.load_restrictor, "What may be read (LoadRestrictionsRootOnly|LoadRestrictionsNone)")
      ->type_name("WORD");
  verb->add_option("--reorder", flags.reorder, "Order of the output (legacy|none)")->type_name("WORD");
  verb->add_option("--compat", flags.compat, "Build as this release of kustomize does (5.8.2|3.2.0)")->type_name("RELEASE");
  verb->add_option("--explain", flags.explain,
                   "Show which layers set a field: KIND[/[NAMESPACE/]NAME]:FIELD; -o json for scripts")
      ->type_name("FIELD");
  verb->add_flag("--enable-helm", flags.enable_helm, "Run the helm program for helmCharts");
  verb->add_option("--helm-command", flags.helm_command, "The helm program")->type_name("PROGRAM");
  add_list(verb, "--helm-api-versions", flags.helm_api_versions, "Passed to helm; repeatable")->type_name("VERSION");
  verb->add_option("--helm-kube-version", flags.helm_kube_version, "Passed to helm")->type_name("VERSION");
  verb->add_flag("--helm-debug", flags.helm_debug, "Passed to helm");
  verb->add_flag("--enable-alpha-plugins", flags.enable_alpha_plugins, "Allow plugins and functions");
  verb->add_flag("--enable-exec", flags.enable_exec, "Allow functions that are programs");
  verb->add_flag("--enable-managedby-label", flags.enable_managed_by_label, "Add the label app.kubernetes.io/managed-by");
  verb->add_flag("--enable-star", flags.enable_star, "Accepted; Starlark functions cannot be run");
  verb->add_flag("--network", flags.network, "Allow functions in containers the network");
  verb->add_option("--network-name", flags.network_name, "The network for them")->type_name("NAME");
  add_list(verb, "--mount", flags.mounts, "Mounts for functions in containers")->type_name("MOUNT");
  add_list(verb, "-e,--env", flags.environment, "Environment for functions")->type_name("NAME[=VALUE]");
  verb->add_flag("--as-current-user", flags.as_current_user, "Run functions in containers as this user");
}

void add_edit(CLI::App* verb, EditFlags& flags) {
  verb->footer(
      "Examples:\n  kfrun edit set image web=registry.example/web:1.2\n  kfrun edit add resource deployment.yaml 'crds/*.yaml'\n"
      "Lines that need not change stay as they are.");
  verb->require_subcommand(1);
  for (const auto& [operation, help, words] : kSubjects) {
    auto* sub = verb->add_subcommand(operation, help)->require_subcommand(1);
    for (const auto& [subject, what] : words) add_edit_subject(sub->add_subcommand(subject, what), flags, operation, subject);
  }
  auto* fix = verb->add_subcommand("fix", "Deprecated fields to their successors");
  fix->add_flag("--vars", flags.vars, "Make vars into replacements too, with placeholders in the files where they stand");
  fix->callback([&flags] { flags.operation = "fix"; });
}

void add_create(CLI::App* verb, CreateFlags& flags) {
  verb->footer("Examples:\n  kfrun create --autodetect\n  kfrun create --resources deployment.yaml,../base --namespace staging");
  const auto text = [&](const std::string& flag, std::string& value, const std::string& type, const std::string& help) {
    verb->add_option(flag, value, help)->type_name(type);
  };
  text("--resources", flags.resources, "PATH,...", "Resources, or patterns for them");
  text("--namespace", flags.name_space, "NAME", "The field namespace");
  text("--nameprefix", flags.name_prefix, "TEXT", "The field namePrefix");
  text("--namesuffix", flags.name_suffix, "TEXT", "The field nameSuffix");
  text("--labels", flags.labels, "KEY:VALUE,...", "The field commonLabels");
  text("--annotations", flags.annotations, "KEY:VALUE,...", "The field commonAnnotations");
  verb->add_flag("--autodetect", flags.autodetect, "Look for resources in this folder");
  verb->add_flag("--recursive", flags.recursive, "And below it");
}

}  // namespace kfrun::cli
