// The command line as CLI11 reads it: the table of verbs and flags, help, and "did you mean". Nothing is done here.
#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/flag_kinds.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace kfrun::cli {

namespace {

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

// The last verb that was read, and all of them: "edit set".
std::pair<const CLI::App*, std::string> last_verb(const CLI::App& app) {
  const auto* chosen = app.get_subcommands().front();
  std::string verb = chosen->get_name();
  for (; !chosen->get_subcommands().empty(); verb += " " + chosen->get_name()) chosen = chosen->get_subcommands().front();
  return {chosen, verb};
}

// "A subcommand is required" names neither the word that is none nor the one that was meant.
std::optional<Error> unknown_subverb(const CLI::App& app) {
  if (app.get_subcommands().empty()) return std::nullopt;
  const auto [chosen, verb] = last_verb(app);
  const auto words = app.remaining(true);
  const auto word = std::find_if(words.begin(), words.end(), [](const auto& text) { return !text.starts_with('-'); });
  if (chosen->get_require_subcommand_min() == 0 || word == words.end()) return std::nullopt;
  std::vector<std::string> names;
  for (const auto* sub : chosen->get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
  Error error = usage_error("unknown word '{}' of 'kfrun {}'", *word, verb);
  if (const auto near = nearest(*word, names)) error.hint(fmt::format("did you mean 'kfrun {} {}'?", verb, *near));
  return error.hint(fmt::format("'kfrun {}' takes one of {}", verb, join(names, ", ")));
}

// CLI11's own words for unknown flags name no alternatives.
Error unknown_word(const CLI::App& app, const std::string& word) {
  const auto [chosen, verb] = last_verb(app);
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
    if (const auto unknown = unknown_subverb(app)) throw *unknown;
    Error fault = usage_error("{}", error.what());
    throw fault.hint(fmt::format("'kfrun{} --help' shows what it takes", chosen ? std::string(" ") + chosen->name : ""));
  }
  if (!chosen) throw usage_error("which verb? 'kfrun --help' lists them");
  if (chosen->name == std::string_view("completion")) all.completion.verbs = all_words();
  return chosen->flags(all);
}

}  // namespace kfrun::cli
