#include "run/local_kfp.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"

namespace kfrun::run {

namespace {

constexpr std::string_view kInstall = "pip install";
constexpr std::string_view kModule = "kfp.dsl.executor_main";
constexpr std::string_view kOldModule =
    "kfp.components.executor_main";  // of SDK 2.0 betas; the runtime of today has it elsewhere

// The texts in single quotes.
std::vector<std::string> quoted_words(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = text.find('\''); at != std::string_view::npos; at = text.find('\'', at)) {
    const auto end = text.find('\'', at + 1);
    if (end == std::string_view::npos) break;
    words.emplace_back(text.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return words;
}

bool is_of_sdk(const std::string& word) {
  const auto is = [&](std::string_view package) {
    return word.starts_with(package) &&
           (word.size() == package.size() || std::string_view("=<>!~ @[;").find(word[package.size()]) != std::string_view::npos);
  };
  return word.starts_with("--") || is("kfp") || is("typing-extensions") ||
         word.find("subdirectory=sdk/python") != std::string::npos;
}

bool installs_sdk_only(std::string_view part) {
  const auto words = quoted_words(part);
  return part.find(kInstall) != part.npos && !words.empty() && std::all_of(words.begin(), words.end(), is_of_sdk);
}

}  // namespace

bool runs_kfp_module(const std::vector<std::string>& command) {
  return std::any_of(command.begin(), command.end(), [](const std::string& word) {
    return word.find(kModule) != word.npos || word.find(kOldModule) != word.npos;
  });
}

// sh -c SCRIPT sh -ec LAUNCHER SOURCE ...: SCRIPT is "... pip install ... && pip install ... && "$0" "$@"".
std::optional<std::vector<std::string>> without_sdk_installation(const std::vector<std::string>& command) {
  if (command.size() < 6 || command[0] != "sh" || command[1] != "-c" || command[3] != "sh" || !runs_kfp_module({command[5]})) {
    return std::nullopt;
  }
  std::vector<std::string> kept;
  bool installs = false;
  for (const auto& line : split(command[2], '\n')) {
    std::vector<std::string> parts;
    for (std::string_view rest = line; !rest.empty();) {
      const auto end = std::min(rest.find("&&"), rest.size());
      const auto part = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 2, rest.size()));
      if (installs_sdk_only(part)) continue;
      installs = installs || part.find(kInstall) != part.npos;
      parts.emplace_back(part);
    }
    kept.push_back(join(parts, "&&"));
  }
  std::vector<std::string> changed(command.begin() + (installs ? 0 : 3), command.end());
  if (installs) changed[2] = join(kept, "\n");
  auto& launcher = changed[installs ? 5 : 2];
  launcher = replace_all(launcher, kOldModule, kModule);
  return changed;
}

bool KfpRuntime::is_importable(const ProcessSpec& process) {
  if (importable_) return *importable_;
  ProcessSpec probe;
  probe.command = {"python3", "-c",
                   "import importlib.util, sys; sys.exit(importlib.util.find_spec('kfp.dsl.executor_main') is None)"};
  probe.environment = process.environment;
  probe.environment["_KFP_RUNTIME"] = "true";
  try {
    importable_ = run_process(probe, {}, std::chrono::seconds(30)).exit_code == 0;
  } catch (const Error&) {
    importable_ = false;
  }
  return *importable_;
}

void KfpRuntime::prepare(ProcessSpec& process) {
  auto& command = process.command;
  if (!runs_kfp_module(command)) return;
  if (!given_.empty()) {
    const auto own = process.environment.find("PYTHONPATH");
    const char* inherited = std::getenv("PYTHONPATH");
    const std::string path = own != process.environment.end() ? own->second : inherited ? inherited : "";
    process.environment["PYTHONPATH"] = path.empty() ? given_ : given_ + ":" + path;
  } else if (!is_importable(process)) {
    return;
  }
  if (auto changed = without_sdk_installation(command)) command = std::move(*changed);
}

void KfpRuntime::prepare(ContainerSpec& container) {
  if (given_.empty() || container.command.empty()) return;
  ProcessSpec process{.command = container.command};
  process.command.insert(process.command.end(), container.args.begin(), container.args.end());
  process.environment["PYTHONPATH"] = "";  // not this machine's
  for (const auto& [name, value] : container.environment) process.environment[name] = value;
  prepare(process);
  container.command = std::move(process.command);
  container.args.clear();
  container.environment.emplace_back("PYTHONPATH", process.environment["PYTHONPATH"]);
  container.readable.push_back(given_);
}

}  // namespace kfrun::run
