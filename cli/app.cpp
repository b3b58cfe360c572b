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
}

// CLI11 writes into these while it reads; they must outlive the parse.
struct AllFlags {
  BuildFlags build;
  SubmitFlags submit;
  CompileFlags compile;
  LintFlags lint;
  RunsFlags runs;
  GetFlags get;
  LogsFlags logs;
  WaitFlags wait;
  StopFlags stop;
  DeleteFlags remove;
  CompletionFlags completion;
  VersionFlags version;
};

const std::vector<std::string> kShells{"bash", "zsh", "fish"};

void add_build(CLI::App& app, BuildFlags& flags) {
  auto* verb = app.add_subcommand("build", "Print the manifests of a kustomization, as kustomize build does");
  verb->footer("Examples:\n  kfrun build overlays/prod\n  kfrun build overlays/prod -o manifests.yaml");
  verb->add_option("DIR", flags.directory, "Folder of the kustomization ('.')");
  verb->add_option("-o,--output", flags.output, "Write to a file, or into a folder a file per resource")->type_name("PATH");
  verb->add_option("--load-restrictor", flags.load_restrictor, "What may be read (LoadRestrictionsRootOnly|LoadRestrictionsNone)")
      ->type_name("WORD");
  verb->add_option("--reorder", flags.reorder, "Order of the output (legacy|none)")->type_name("WORD");
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

void add_submit(CLI::App& app, SubmitFlags& flags) {
  auto* verb = app.add_subcommand("submit", "Run a pipeline and follow it to its end");
  verb->footer(
      "Examples:\n  kfrun submit pipeline.yaml --local\n  kfrun submit pipeline.yaml -p rate=0.1 -n team-a\n"
      "  kfrun submit pipeline.yaml -P params.yaml --progress plain -o json");
  verb->add_option("FILE", flags.file, "The pipeline")->required();
  add_list(verb, "-p,--parameter", flags.parameters, "A parameter; @FILE as value reads the file; repeatable")
      ->type_name("NAME=VALUE");
  verb->add_option("-P,--parameter-file", flags.parameter_file, "A YAML or JSON mapping of parameters")->type_name("FILE");
  verb->add_option("--name", flags.name, "Name of the run (the pipeline's)")->type_name("NAME");
  add_choice(verb, "--progress", flags.progress, kProgressModes, "How progress is shown on stderr");
  add_choice(verb, "-o,--output", flags.output, kFormats, "How the result is printed on stdout");
  verb->add_flag("--dry-run", flags.dry_run, "Check everything, start nothing, print the graph");
  verb->add_flag("--no-cache", flags.no_cache, "Run every task, whatever earlier runs left");
  verb->add_option("--parallel", flags.parallel, "Tasks at a time (0: the executor's limit)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  add_duration(verb, "--timeout", flags.timeout, "Stop the run after");
  add_cluster_flags(verb, flags.cluster);
}

void add_compile(CLI::App& app, CompileFlags& flags) {
  auto* verb = app.add_subcommand("compile", "Show a pipeline's graph without running it");
  verb->footer("Examples:\n  kfrun compile pipeline.yaml\n  kfrun compile pipeline.yaml -o dot | dot -Tsvg > graph.svg");
  verb->add_option("FILE", flags.file, "The pipeline")->required();
  verb->add_option("-o,--output", flags.format, "text, dot, mermaid or json")
      ->type_name("WORD")
      ->check(CLI::IsMember({"text", "dot", "mermaid", "json"}));
}

void add_lint(CLI::App& app, LintFlags& flags) {
  auto* verb = app.add_subcommand("lint", "Check pipelines and report every fault with its place");
  verb->footer("Examples:\n  kfrun lint pipeline.yaml\n  kfrun lint pipelines/*.yaml -o json");
  add_list(verb, "FILE", flags.files, "Pipelines")->required();
  add_choice(verb, "-o,--output", flags.output, kPlainFormats, "How the result is printed");
}

void add_run_verbs(CLI::App& app, AllFlags& all) {
  auto* runs = app.add_subcommand("runs", "List runs, newest first");
  runs->footer("Examples:\n  kfrun runs\n  kfrun runs -n team-a -o json");
  add_choice(runs, "-o,--output", all.runs.output, kFormats, "How they are printed");
  add_cluster_flags(runs, all.runs.cluster);

  auto* get = app.add_subcommand("get", "Show a run: its tasks, their states and outputs");
  get->footer("Examples:\n  kfrun get @latest\n  kfrun get digits-x3k2 -o json");
  get->add_option("RUN", all.get.run, "Id of the run, the beginning of one, or @latest")->required();
  add_choice(get, "-o,--output", all.get.output, kFormats, "How it is printed");
  add_cluster_flags(get, all.get.cluster);

  auto* logs = app.add_subcommand("logs", "Print what a run's tasks wrote");
  logs->footer("Examples:\n  kfrun logs @latest\n  kfrun logs @latest train -f\n  kfrun logs @latest 'train#2' --tail 20");
  logs->add_option("RUN", all.logs.run, "Id of the run, the beginning of one, or @latest")->required();
  logs->add_option("TASK", all.logs.task, "One task (all of them, each line behind its task's name)");
  logs->add_flag("-f,--follow", all.logs.follow, "Go on until the run has ended");
  logs->add_option("--tail", all.logs.tail, "Only the last lines of each task")->type_name("N");
  add_cluster_flags(logs, all.logs.cluster);

  auto* wait = app.add_subcommand("wait", "Wait for a run's end; the exit code is the run's");
  wait->footer("Examples:\n  kfrun wait @latest --timeout 30m");
  wait->add_option("RUN", all.wait.run, "Id of the run, the beginning of one, or @latest")->required();
  add_duration(wait, "--timeout", all.wait.timeout, "Give up after (exit code 124)");
  add_cluster_flags(wait, all.wait.cluster);

  auto* stop = app.add_subcommand("stop", "Stop a run: end what runs with grace, then run its final tasks");
  stop->footer("Examples:\n  kfrun stop @latest --message 'wrong data'");
  stop->add_option("RUN", all.stop.run, "Id of the run, the beginning of one, or @latest")->required();
  stop->add_option("--message", all.stop.message, "Why, kept in the record")->type_name("TEXT");
  stop->add_flag("--wait", all.stop.wait, "Return when the run has ended");
  add_cluster_flags(stop, all.stop.cluster);

  auto* remove = app.add_subcommand("delete", "Remove runs with their records, logs and artifacts");
  remove->footer("Examples:\n  kfrun delete digits-x3k2");
  add_list(remove, "RUN", all.remove.runs, "Ids of runs")->required();
  remove->add_flag("--force", all.remove.force, "Also a run that has not ended");
  add_cluster_flags(remove, all.remove.cluster);
}

void add_completion(CLI::App& app, CompletionFlags& flags) {
  auto* verb = app.add_subcommand("completion", "Print the script that completes kfrun's words in a shell");
  verb->footer("Examples:\n  kfrun completion fish | source\n  source <(kfrun completion bash)");
  verb->add_option("SHELL", flags.shell, "bash, zsh or fish")->required()->check(CLI::IsMember(kShells));
}

void add_version(CLI::App& app, VersionFlags& flags) {
  auto* verb = app.add_subcommand("version", "Print the version");
  verb->footer("Examples:\n  kfrun version -o json");
  add_choice(verb, "-o,--output", flags.output, kPlainFormats, "How the result is printed");
}

Flags chosen_flags(const std::string& verb, const AllFlags& all) {
  if (verb == "build") return all.build;
  if (verb == "submit") return all.submit;
  if (verb == "compile") return all.compile;
  if (verb == "lint") return all.lint;
  if (verb == "runs") return all.runs;
  if (verb == "get") return all.get;
  if (verb == "logs") return all.logs;
  if (verb == "wait") return all.wait;
  if (verb == "stop") return all.stop;
  if (verb == "delete") return all.remove;
  if (verb == "completion") return all.completion;
  return all.version;
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

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(verb->get_name());
  return names;
}

// CLI11's own words for unknown flags and verbs name no alternatives.
Error unknown_word(const CLI::App& app, const std::string& word) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    Error error = usage_error("unknown verb '{}'", word);
    if (const auto near = nearest(word, verb_names(app))) error.hint(fmt::format("did you mean 'kfrun {}'?", *near));
    error.hint("'kfrun --help' lists the verbs");
    return error;
  }
  const std::string verb = chosen.front()->get_name();
  Error error = word.starts_with('-') ? usage_error("unknown flag '{}' of 'kfrun {}'", word, verb)
                                      : usage_error("unexpected argument '{}' of 'kfrun {}'", word, verb);
  std::vector<std::string> flags;
  for (const auto* option : chosen.front()->get_options()) {
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
  add_build(app, all.build);
  add_submit(app, all.submit);
  add_compile(app, all.compile);
  add_lint(app, all.lint);
  add_run_verbs(app, all);
  add_completion(app, all.completion);
  add_version(app, all.version);
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) words = {"--help"};
  if (words[0] == "help") {
    words.erase(words.begin());
    words.push_back("--help");
  }
  if (const auto names = verb_names(app);
      !words[0].starts_with('-') && std::find(names.begin(), names.end(), words[0]) == names.end()) {
    throw unknown_word(app, words[0]);
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
    const auto chosen = app.get_subcommands();
    Error fault = usage_error("{}", error.what());
    throw fault.hint(fmt::format("'kfrun{} --help' shows what it takes", chosen.empty() ? "" : " " + chosen.front()->get_name()));
  }
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    all.completion.verbs.push_back(words_of(*verb));
  if (app.get_subcommands().empty()) throw usage_error("which verb? 'kfrun --help' lists them");
  return chosen_flags(app.get_subcommands().front()->get_name(), all);
}

}  // namespace kfrun::cli
