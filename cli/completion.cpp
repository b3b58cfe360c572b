#include "cli/completion.h"

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/screen.h"
#include "cli/verbs.h"

namespace kfrun::cli {

namespace {

constexpr std::string_view kRuns = "kfrun runs --local -o name 2>/dev/null";

std::vector<std::string> names_of(const std::vector<FlagWords>& flags) {
  std::vector<std::string> names;
  for (const auto& flag : flags) names.insert(names.end(), flag.names.begin(), flag.names.end());
  return names;
}

// One verb's branch: the words after a flag that takes a value, then flags, then arguments.
std::string bash_verb(const VerbWords& verb) {
  std::string text = fmt::format("    {})\n      case \"$before\" in\n", verb.name);
  std::vector<std::string> with_any_value;
  for (const auto& flag : verb.flags) {
    if (!flag.choices.empty()) {
      text += fmt::format("        {}) _kfrun_words \"{}\"; return;;\n", join(flag.names, "|"), join(flag.choices, " "));
    } else if (flag.takes_value) {
      with_any_value.insert(with_any_value.end(), flag.names.begin(), flag.names.end());
    }
  }
  if (!with_any_value.empty()) text += fmt::format("        {}) _kfrun_files; return;;\n", join(with_any_value, "|"));
  text += fmt::format("      esac\n      if [[ $word == -* ]]; then _kfrun_words \"{}\"; ", join(names_of(verb.flags), " "));
  if (verb.argument == "RUN") {
    text += fmt::format("else _kfrun_words \"@latest $({})\"; ", kRuns);
  } else if (!verb.choices.empty()) {
    text += fmt::format("else _kfrun_words \"{}\"; ", join(verb.choices, " "));
  } else if (!verb.argument.empty()) {
    text += "else _kfrun_files; ";
  }
  return text + "fi;;\n";
}

std::string bash_script(const std::vector<VerbWords>& verbs) {
  std::vector<std::string> names;
  for (const auto& verb : verbs) names.push_back(verb.name);
  std::string text =
      "# bash completion of kfrun: source <(kfrun completion bash)\n"
      "_kfrun_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$word\")); }\n"
      "_kfrun_files() { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$word\")); }\n"
      "_kfrun() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()\n";
  text +=
      fmt::format("  if [[ $COMP_CWORD -eq 1 ]]; then _kfrun_words \"{} help --help --version\"; return; fi\n", join(names, " "));
  text += "  case \"${COMP_WORDS[1]}\" in\n";
  for (const auto& verb : verbs) text += bash_verb(verb);
  text += fmt::format("    help) _kfrun_words \"{}\";;\n  esac\n}}\ncomplete -F _kfrun kfrun\n", join(names, " "));
  return text;
}

std::string fish_quote(std::string_view text) {
  return "'" + replace_all(replace_all(std::string(text), "\\", "\\\\"), "'", "\\'") + "'";
}

std::string fish_flag(const std::string& condition, const FlagWords& flag) {
  std::string text = "complete -c kfrun" + condition;
  for (const auto& name : flag.names) text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!flag.choices.empty()) {
    text += " -x -a " + fish_quote(join(flag.choices, " "));
  } else if (flag.takes_value) {
    text += " -r";
  }
  return text + " -d " + fish_quote(flag.help) + "\n";
}

std::string fish_script(const std::vector<VerbWords>& verbs) {
  std::string text = "# fish completion of kfrun: kfrun completion fish | source\n";
  for (const auto& verb : verbs) {
    text += fmt::format("complete -c kfrun -n __fish_use_subcommand -f -a {} -d {}\n", verb.name, fish_quote(verb.help));
    const std::string condition = fmt::format(" -n '__fish_seen_subcommand_from {}'", verb.name);
    for (const auto& flag : verb.flags) text += fish_flag(condition, flag);
    if (verb.argument == "RUN") text += fmt::format("complete -c kfrun{} -f -a '@latest ({})'\n", condition, kRuns);
    if (!verb.choices.empty()) text += fmt::format("complete -c kfrun{} -f -a '{}'\n", condition, join(verb.choices, " "));
  }
  return text;
}

}  // namespace

std::string completion_script(const std::string& shell, const std::vector<VerbWords>& verbs) {
  if (shell == "fish") return fish_script(verbs);
  // zsh runs bash's completions by its own emulation.
  const std::string before = shell == "zsh" ? "autoload -Uz compinit bashcompinit && compinit && bashcompinit\n" : "";
  return before + bash_script(verbs);
}

int run(const CompletionFlags& flags) {
  print(completion_script(flags.shell, flags.verbs));
  return kDone;
}

}  // namespace kfrun::cli
