// The command line as CLI11 reads it: the table of verbs and flags, help, and "did you mean". Nothing is done here.
#include <CLI/CLI.hpp>

#include <iostream>
#include <map>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/verbs.h"

namespace kfrun::cli {

namespace {

using Formats = std::map<std::string, OutputFormat>;
const Formats kFormats{{"table", OutputFormat::table},
                       {"wide", OutputFormat::wide},
                       {"json", OutputFormat::json},
                       {"yaml", OutputFormat::yaml},
                       {"name", OutputFormat::name}};
const Formats kPlainFormats{{"table", OutputFormat::table}, {"json", OutputFormat::json}, {"yaml", OutputFormat::yaml}};
const std::map<std::string, ProgressMode> kProgressModes{{"auto", ProgressMode::automatic},
                                                         {"tty", ProgressMode::tty},
                                                         {"plain", ProgressMode::plain},
                                                         {"json", ProgressMode::json},
                                                         {"quiet", ProgressMode::quiet}};

// A flag whose value is one of a few words; the words are checked and shown in the help.
template <typename T>
CLI::Option* add_choice(CLI::App* verb, const std::string& flag, T& value, const std::map<std::string, T>& choices,
                        const std::string& help) {
  std::vector<std::string> words;
  for (const auto& [word, unused] : choices) words.push_back(word);
  return verb
      ->add_option_function<std::string>(
          flag,
          [&value, &choices, flag, words](const std::string& word) {
            const auto found = choices.find(word);
            if (found == choices.end()) {
              throw CLI::ValidationError(fmt::format("{}: '{}' is none of {}", flag, word, join(words, ", ")));
            }
            value = found->second;
          },
          fmt::format("{} ({})", help, join(words, "|")))
      ->type_name("WORD");
}

// A flag or argument that may be given several times; of any other the last counts, as in kubectl.
CLI::Option* add_list(CLI::App* verb, const std::string& flag, std::vector<std::string>& values, const std::string& help) {
  return verb->add_option(flag, values, help)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(!flag.starts_with('-'));
}

CLI::Option* add_duration(CLI::App* verb, const std::string& flag, std::optional<Duration>& value, const std::string& help) {
  return verb
      ->add_option_function<std::string>(
          flag,
          [&value, flag](const std::string& text) {
            value = parse_duration(text);
            if (!value) throw CLI::ValidationError(fmt::format("{}: '{}' is no duration such as 90s, 5m or 1h30m", flag, text));
          },
          help)
      ->type_name("DURATION");
}

// kubectl's flags, by its names.
void add_cluster_flags(CLI::App* verb, ClusterFlags& flags) {
  auto& config = flags.config;
  verb->add_flag("--local", flags.local, "This machine instead of a cluster");
  const std::string group = "Cluster";
  const auto text = [&](const std::string& flag, std::string& value, const std::string& type, const std::string& help) {
    verb->add_option(flag, value, help)->group(group)->type_name(type);
  };
  text("-n,--namespace", config.name_space, "NAME", "Namespace (the context's, else 'default')");
  text("--kubeconfig", config.kubeconfig, "FILE", "Instead of $KUBECONFIG and ~/.kube/config");
  text("--context", config.context, "NAME", "Context of the kubeconfig");
  text("--cluster", config.cluster, "NAME", "Cluster of the kubeconfig");
  text("--user", config.user, "NAME", "User of the kubeconfig");
  text("-s,--server", config.server, "URL", "API server");
  text("--token", config.token, "TOKEN", "Bearer token");
  text("--as", config.as, "USER", "Impersonate a user");
  add_list(verb, "--as-group", config.as_groups, "Impersonate a group; repeatable")->group(group)->type_name("GROUP");
  text("--certificate-authority", config.certificate_authority, "FILE", "CA of the API server");
  text("--client-certificate", config.client_certificate, "FILE", "Client certificate");
  text("--client-key", config.client_key, "FILE", "Key of the client certificate");
  text("--tls-server-name", config.tls_server_name, "NAME", "Name to check the server's certificate against");
  verb->add_flag_callback(
          "--insecure-skip-tls-verify", [&config] { config.insecure_skip_tls_verify = true; },
          "Do not check the server's certificate")
      ->group(group);
  add_duration(verb, "--request-timeout", config.request_timeout, "Of one request (30s)")->group(group);
  verb->add_option("--max-requests-per-second", config.max_requests_per_second, "To the API server, at most (no limit)")
      ->check(CLI::Range(0.1, 1e6, "NUMBER of at least 0.1"))
      ->group(group)
      ->type_name("NUMBER");
}

// CLI11 writes into these while it reads; they must outlive the parse.
struct AllFlags {
  BuildFlags build;
  EditFlags edit;
  CreateFlags create;
  SubmitFlags submit;
  CompileFlags compile;
  LintFlags lint;
  RunsFlags runs;
  GetFlags get;
  LogsFlags logs;
  WaitFlags wait;
  ResumeFlags resume, retry;
  SuspendFlags suspend;
  GcFlags gc;
  StopFlags stop;
  DeleteFlags remove;
  CompletionFlags completion;
  VersionFlags version;
};

const std::vector<std::string> kShells{"bash", "zsh", "fish"};

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

void add_submit(CLI::App* verb, SubmitFlags& flags) {
  verb->footer(
      "Examples:\n  kfrun submit pipeline.yaml --local\n  kfrun submit pipeline.yaml --local --runner podman\n"
      "  kfrun submit pipeline.yaml -p rate=0.1 -n team-a\n"
      "  kfrun submit pipeline.yaml -P params.yaml --progress plain -o json");
  verb->add_option("FILE", flags.file, "The pipeline; pipeline.py is compiled by the KFP SDK")->required();
  add_list(verb, "-p,--parameter", flags.parameters, "A parameter; @FILE as value reads the file; repeatable")
      ->type_name("NAME=VALUE");
  verb->add_option("-P,--parameter-file", flags.parameter_file, "A YAML or JSON mapping of parameters")->type_name("FILE");
  verb->add_option("--name", flags.name, "Name of the run (the pipeline's)")->type_name("NAME");
  verb->add_option("--id", flags.id, "Id of the run; when it exists, it is followed or gone on with")->type_name("ID");
  verb->add_option("--kfp-runtime", flags.kfp_runtime,
                   "With --local: the KFP SDK for lightweight components, instead of installing it")
      ->type_name("WHEEL|DIR");
  add_choice(verb, "--progress", flags.progress, kProgressModes, "How progress is shown on stderr");
  add_choice(verb, "-o,--output", flags.output, kFormats, "How the result is printed on stdout");
  verb->add_flag("--dry-run", flags.dry_run, "Check everything, start nothing, print the graph");
  verb->add_flag("--no-cache", flags.no_cache, "Run every task, whatever earlier runs left");
  verb->add_option("--parallel", flags.parallel, "Tasks at a time (0: the executor's limit)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--runner", flags.runner,
                   "With --local: how tasks run: process, docker or podman ($KFRUN_RUNNER, else process)")
      ->type_name("WORD");
  verb->add_option("--runner-args", flags.runner_arguments,
                   "Further flags of docker's or podman's run, separated by blanks ($KFRUN_RUNNER_ARGS)")
      ->type_name("TEXT");
  add_duration(verb, "--timeout", flags.timeout, "Stop the run after");
  add_duration(verb, "--unschedulable-timeout", flags.unschedulable_timeout, "Fail a task that no node takes within (never)");
  add_cluster_flags(verb, flags.cluster);
}

void add_compile(CLI::App* verb, CompileFlags& flags) {
  verb->footer("Examples:\n  kfrun compile pipeline.yaml\n  kfrun compile pipeline.yaml -o dot | dot -Tsvg > graph.svg");
  verb->add_option("FILE", flags.file, "The pipeline; pipeline.py is compiled by the KFP SDK")->required();
  verb->add_option("-o,--output", flags.format, "text, dot, mermaid or json")
      ->type_name("WORD")
      ->check(CLI::IsMember({"text", "dot", "mermaid", "json"}));
}

void add_lint(CLI::App* verb, LintFlags& flags) {
  verb->footer("Examples:\n  kfrun lint pipeline.yaml\n  kfrun lint pipelines/*.yaml -o json");
  add_list(verb, "FILE", flags.files, "Pipelines")->required();
  add_choice(verb, "-o,--output", flags.output, kPlainFormats, "How the result is printed");
}

void add_runs(CLI::App* verb, RunsFlags& flags) {
  verb->footer("Examples:\n  kfrun runs\n  kfrun runs -n team-a -o json");
  add_choice(verb, "-o,--output", flags.output, kFormats, "How they are printed");
  add_cluster_flags(verb, flags.cluster);
}

void add_get(CLI::App* verb, GetFlags& flags) {
  verb->footer("Examples:\n  kfrun get @latest\n  kfrun get digits-x3k2 -o json");
  verb->add_option("RUN", flags.run, "Id of the run, the beginning of one, or @latest")->required();
  add_choice(verb, "-o,--output", flags.output, kFormats, "How it is printed");
  add_cluster_flags(verb, flags.cluster);
}

void add_logs(CLI::App* verb, LogsFlags& flags) {
  verb->footer("Examples:\n  kfrun logs @latest\n  kfrun logs @latest train -f\n  kfrun logs @latest 'train#2' --tail 20");
  verb->add_option("RUN", flags.run, "Id of the run, the beginning of one, or @latest")->required();
  verb->add_option("TASK", flags.task, "One task (all of them, each line behind its task's name)");
  verb->add_flag("-f,--follow", flags.follow, "Go on until the run has ended");
  verb->add_option("--tail", flags.tail, "Only the last lines of each task")->type_name("N");
  add_cluster_flags(verb, flags.cluster);
}

void add_wait(CLI::App* verb, WaitFlags& flags) {
  verb->footer("Examples:\n  kfrun wait @latest --timeout 30m");
  verb->add_option("RUN", flags.run, "Id of the run, the beginning of one, or @latest")->required();
  verb->add_flag("-f,--follow", flags.follow, "Show its progress");
  add_duration(verb, "--timeout", flags.timeout, "Give up after (exit code 124)");
  add_cluster_flags(verb, flags.cluster);
}

// Also `retry`, which takes the same.
void add_resume(CLI::App* verb, ResumeFlags& flags) {
  flags.retry = verb->get_name() == "retry";
  verb->footer(fmt::format("Examples:\n  kfrun {0} @latest\n  kfrun {0} digits-x3k2 -n team-a -o json", verb->get_name()));
  verb->add_option("RUN", flags.run, "Id of the run, the beginning of one, or @latest")->required();
  add_choice(verb, "--progress", flags.progress, kProgressModes, "How progress is shown on stderr");
  add_choice(verb, "-o,--output", flags.output, kFormats, "How the result is printed on stdout");
  add_duration(verb, "--timeout", flags.timeout, "Stop the run after");
  add_duration(verb, "--unschedulable-timeout", flags.unschedulable_timeout, "Fail a task that no node takes within (never)");
  add_cluster_flags(verb, flags.cluster);
}

void add_suspend(CLI::App* verb, SuspendFlags& flags) {
  verb->footer("Examples:\n  kfrun suspend @latest --message 'until the disk is mended'\n  kfrun resume @latest");
  verb->add_option("RUN", flags.run, "Id of the run, the beginning of one, or @latest")->required();
  verb->add_option("--message", flags.message, "Why, kept in the record")->type_name("TEXT");
  add_cluster_flags(verb, flags.cluster);
}

void add_gc(CLI::App* verb, GcFlags& flags) {
  verb->footer("Examples:\n  kfrun gc --dry-run\n  kfrun gc -n team-a --older-than 720h");
  verb->add_flag("--dry-run", flags.dry_run, "Only say what would go");
  add_duration(verb, "--older-than", flags.older_than, "Also remove runs that ended longer ago");
  add_cluster_flags(verb, flags.cluster);
}

void add_stop(CLI::App* verb, StopFlags& flags) {
  verb->footer("Examples:\n  kfrun stop @latest --message 'wrong data'");
  verb->add_option("RUN", flags.run, "Id of the run, the beginning of one, or @latest")->required();
  verb->add_option("--message", flags.message, "Why, kept in the record")->type_name("TEXT");
  verb->add_flag("--wait", flags.wait, "Return when the run has ended");
  add_cluster_flags(verb, flags.cluster);
}

void add_delete(CLI::App* verb, DeleteFlags& flags) {
  verb->footer("Examples:\n  kfrun delete digits-x3k2");
  add_list(verb, "RUN", flags.runs, "Ids of runs")->required();
  verb->add_flag("--force", flags.force, "Also a run that has not ended");
  add_cluster_flags(verb, flags.cluster);
}

void add_completion(CLI::App* verb, CompletionFlags& flags) {
  verb->footer("Examples:\n  kfrun completion fish | source\n  source <(kfrun completion bash)");
  verb->add_option("SHELL", flags.shell, "bash, zsh or fish")->required()->check(CLI::IsMember(kShells));
}

void add_version(CLI::App* verb, VersionFlags& flags) {
  verb->footer("Examples:\n  kfrun version -o json");
  add_choice(verb, "-o,--output", flags.output, kPlainFormats, "How the result is printed");
}

// The table of verbs, in the order of the help.
struct Verb {
  const char* name;
  const char* help;
  void (*add)(CLI::App* verb, AllFlags& all);
  Flags (*flags)(const AllFlags& all);
};
const Verb kVerbs[] = {
    {"build", "Print the manifests of a kustomization, as kustomize build does",
     [](CLI::App* verb, AllFlags& all) { add_build(verb, all.build); }, [](const AllFlags& all) -> Flags { return all.build; }},
    {"edit", "Change the kustomization file of this folder", [](CLI::App* verb, AllFlags& all) { add_edit(verb, all.edit); },
     [](const AllFlags& all) -> Flags { return all.edit; }},
    {"create", "Write a kustomization file for this folder", [](CLI::App* verb, AllFlags& all) { add_create(verb, all.create); },
     [](const AllFlags& all) -> Flags { return all.create; }},
    {"submit", "Run a pipeline and follow it to its end", [](CLI::App* verb, AllFlags& all) { add_submit(verb, all.submit); },
     [](const AllFlags& all) -> Flags { return all.submit; }},
    {"compile", "Show a pipeline's graph without running it",
     [](CLI::App* verb, AllFlags& all) { add_compile(verb, all.compile); },
     [](const AllFlags& all) -> Flags { return all.compile; }},
    {"lint", "Check pipelines and report every fault with its place",
     [](CLI::App* verb, AllFlags& all) { add_lint(verb, all.lint); }, [](const AllFlags& all) -> Flags { return all.lint; }},
    {"runs", "List runs, newest first", [](CLI::App* verb, AllFlags& all) { add_runs(verb, all.runs); },
     [](const AllFlags& all) -> Flags { return all.runs; }},
    {"get", "Show a run: its tasks, their states and outputs", [](CLI::App* verb, AllFlags& all) { add_get(verb, all.get); },
     [](const AllFlags& all) -> Flags { return all.get; }},
    {"logs", "Print what a run's tasks wrote", [](CLI::App* verb, AllFlags& all) { add_logs(verb, all.logs); },
     [](const AllFlags& all) -> Flags { return all.logs; }},
    {"wait", "Wait for a run's end; the exit code is the run's", [](CLI::App* verb, AllFlags& all) { add_wait(verb, all.wait); },
     [](const AllFlags& all) -> Flags { return all.wait; }},
    {"resume", "Go on with a run whose kfrun is gone, or that was suspended; or follow it",
     [](CLI::App* verb, AllFlags& all) { add_resume(verb, all.resume); },
     [](const AllFlags& all) -> Flags { return all.resume; }},
    {"retry", "Run again what failed in a run, and what follows from it",
     [](CLI::App* verb, AllFlags& all) { add_resume(verb, all.retry); }, [](const AllFlags& all) -> Flags { return all.retry; }},
    {"suspend", "Start nothing new in a run until it is resumed; what runs goes on",
     [](CLI::App* verb, AllFlags& all) { add_suspend(verb, all.suspend); },
     [](const AllFlags& all) -> Flags { return all.suspend; }},
    {"stop", "Stop a run: end what runs with grace, then run its final tasks",
     [](CLI::App* verb, AllFlags& all) { add_stop(verb, all.stop); }, [](const AllFlags& all) -> Flags { return all.stop; }},
    {"delete", "Remove runs with their records, logs and artifacts",
     [](CLI::App* verb, AllFlags& all) { add_delete(verb, all.remove); },
     [](const AllFlags& all) -> Flags { return all.remove; }},
    {"gc", "Remove what runs left that are no more: pods, leases, records",
     [](CLI::App* verb, AllFlags& all) { add_gc(verb, all.gc); }, [](const AllFlags& all) -> Flags { return all.gc; }},
    {"completion", "Print the script that completes kfrun's words in a shell",
     [](CLI::App* verb, AllFlags& all) { add_completion(verb, all.completion); },
     [](const AllFlags& all) -> Flags { return all.completion; }},
    {"version", "Print the version", [](CLI::App* verb, AllFlags& all) { add_version(verb, all.version); },
     [](const AllFlags& all) -> Flags { return all.version; }},
};

const Verb* find_verb(std::string_view name) {
  const auto found = std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const Verb& verb) { return name == verb.name; });
  return found == std::end(kVerbs) ? nullptr : found;
}

// The words of "how it is printed (json|yaml)", which is how add_choice() writes its help.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string help = option.get_description();
  const auto open = help.rfind('(');
  if (option.get_type_name() != "WORD" || open == std::string::npos || !help.ends_with(')')) return {};
  return split(std::string_view(help).substr(open + 1, help.size() - open - 2), '|');
}

VerbWords words_of(const CLI::App& verb) {
  VerbWords words{verb.get_name(), verb.get_description(), {}, {}, {}};
  for (const auto* option : verb.get_options()) {
    if (option->get_positional()) {
      if (words.argument.empty()) words.argument = option->get_name(true);
      if (words.argument == "SHELL") words.choices = kShells;
      continue;
    }
    FlagWords flag{{}, option->get_description(), option->get_items_expected_max() > 0, choices_of(*option)};
    for (const auto& name : option->get_snames()) flag.names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) flag.names.push_back("--" + name);
    words.flags.push_back(std::move(flag));
  }
  return words;
}

Error unknown_verb(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& verb : kVerbs) names.emplace_back(verb.name);
  Error error = usage_error("unknown verb '{}'", word);
  if (const auto near = nearest(word, names)) error.hint(fmt::format("did you mean 'kfrun {}'?", *near));
  return error.hint("'kfrun --help' lists the verbs");
}

std::vector<VerbWords> all_words() {
  CLI::App app;
  AllFlags unused;
  std::vector<VerbWords> list;
  for (const auto& verb : kVerbs) {
    auto* sub = app.add_subcommand(verb.name, verb.help);
    verb.add(sub, unused);
    list.push_back(words_of(*sub));
  }
  return list;
}

// CLI11's own words for unknown flags name no alternatives.
Error unknown_word(const CLI::App& app, const std::string& word) {
  const auto* chosen = app.get_subcommands().front();
  std::string verb = chosen->get_name();
  for (; !chosen->get_subcommands().empty(); verb += " " + chosen->get_name()) chosen = chosen->get_subcommands().front();
  Error error = word.starts_with('-') ? usage_error("unknown flag '{}' of 'kfrun {}'", word, verb)
                                      : usage_error("unexpected argument '{}' of 'kfrun {}'", word, verb);
  std::vector<std::string> flags;
  for (const auto* option : chosen->get_options()) {
    for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
  }
  if (const auto near = nearest(word.substr(0, word.find('=')), flags); near && word.starts_with('-'))
    error.hint(fmt::format("did you mean '{}'?", *near));
  error.hint(fmt::format("'kfrun {} --help' shows what it takes", verb));
  return error;
}

}  // namespace

Flags parse_command_line(int argc, char** argv) {
  CLI::App app("Builds Kubernetes manifests and runs pipelines, on this machine or in a cluster; nothing is installed there.",
               "kfrun");
  static AllFlags all;
  app.require_subcommand(0, 1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.get_formatter()->column_width(34);
  app.set_help_flag("-h,--help", "Print this help");
  app.set_version_flag("--version", "kfrun " KFRUN_VERSION);
  app.footer("'kfrun VERB --help' shows a verb's flags and examples.");
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) words = {"--help"};
  if (words[0] == "help") {
    words.erase(words.begin());
    words.push_back("--help");
  }
  const Verb* chosen = find_verb(words[0]);
  if (!chosen && !words[0].starts_with('-')) throw unknown_verb(words[0]);
  for (const auto& verb : kVerbs) {
    auto* sub = app.add_subcommand(verb.name, verb.help);
    if (&verb == chosen) verb.add(sub, all);
  }
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(reversed);
  } catch (const CLI::Success& help) {
    app.exit(help);
    return Finished{kDone};
  } catch (const CLI::ExtrasError&) {
    const auto extras = app.remaining(true);
    throw unknown_word(app, extras.empty() ? "" : extras.front());
  } catch (const CLI::ParseError& error) {
    Error fault = usage_error("{}", error.what());
    throw fault.hint(fmt::format("'kfrun{} --help' shows what it takes", chosen ? std::string(" ") + chosen->name : ""));
  }
  if (!chosen) throw usage_error("which verb? 'kfrun --help' lists them");
  if (chosen->name == std::string_view("completion")) all.completion.verbs = all_words();
  return chosen->flags(all);
}

}  // namespace kfrun::cli
