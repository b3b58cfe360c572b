#include "run/container_engine.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "document/reader.h"

namespace kfrun::run {

namespace {

using Words = std::vector<std::string>;

constexpr auto kPatience = std::chrono::minutes(1);

// What engines say when an image cannot be had; all in lower case.
constexpr std::array<std::string_view, 10> kPullTroubles{
    "did not resolve to",   "pull access denied", "error pulling image", "initializing source", "manifest unknown",
    "unable to find image", "no such image",      "image not known",     "failed to pull",      "repository does not exist"};
constexpr std::array<std::string_view, 3> kBadNames{"invalid reference format", "must be lowercase", "invalid image name"};
constexpr std::array<std::string_view, 7> kTroubles{
    "cannot connect to",     "is the docker daemon running",     "no space left on device",
    "too many open files",   "resource temporarily unavailable", "connection refused",
    "cannot allocate memory"};

template <std::size_t N>
bool has_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  const std::string lower = to_lower(text);
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return lower.find(word) != lower.npos; });
}

ContainerState::Phase phase_of(std::string_view status) {
  using Phase = ContainerState::Phase;
  if (status == "created" || status == "configured" || status == "initialized") return Phase::created;
  if (status == "exited" || status == "stopped" || status == "dead") return Phase::ended;
  return status.empty() ? Phase::unknown : Phase::running;
}

std::string user_of_process() { return fmt::format("{}:{}", ::getuid(), ::getgid()); }

Words words_of(const ContainerEngine& engine, std::initializer_list<std::string> words) {
  Words all{engine.program};
  all.insert(all.end(), words);
  return all;
}

// Of --mount, which reads comma-separated values: a field is quoted where it must be.
std::string field(std::string_view name, const std::string& value) {
  const std::string text = fmt::format("{}={}", name, value);
  if (text.find_first_of(",\"") == text.npos) return text;
  return "\"" + replace_all(text, "\"", "\"\"") + "\"";
}

void mount(Words& words, const std::string& path, bool read_only) {
  words.push_back("--mount");
  words.push_back(fmt::format("type=bind,{},{}{}", field("source", path), field("target", path), read_only ? ",readonly" : ""));
}

ProcessResult answer_of(const ContainerEngine& engine, const Words& words) {
  auto result = run_process({.command = words}, {}, kPatience);
  if (result.exit_code != 0) {
    throw make_error(ErrorKind::unreachable, "{} {}: {}", engine.program, words.at(1), reason_in(result.error_output));
  }
  return result;
}

[[noreturn]] void say_what_to_install(const ContainerEngine& engine) {
  Error error = make_error(ErrorKind::not_found, "there is no program '{}' here to run containers with", engine.program);
  if (engine.is_podman()) {
    error.hint("install it, on Debian and Ubuntu: apt install podman");
  } else {
    error.hint("install Docker (https://docs.docker.com/engine/install), or take podman: --runner podman");
  }
  throw error.hint("or run the tasks as plain processes: --runner process");
}

}  // namespace

bool ContainerEngine::is_podman() const { return file_name_of(program).find("podman") != std::string::npos; }

ContainerUser ask_engine(const ContainerEngine& engine) {
  const std::string format = engine.is_podman() ? "{{.Host.Security.Rootless}}" : "{{.SecurityOptions}}";
  std::string answer;
  try {
    answer = answer_of(engine, words_of(engine, {"info", "--format", format})).output;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found) say_what_to_install(engine);
    throw make_error(ErrorKind::unreachable, "{} does not work here: {}", engine.program, error.message());
  }
  if (engine.is_podman() && trim(answer) == "true") return {{"--userns=keep-id", "--user", user_of_process()}};
  // In a docker that is not root's, root is who runs it.
  if (!engine.is_podman() && answer.find("rootless") != std::string::npos) return {{"--user", "0:0"}};
  return {{"--user", user_of_process()}};
}

// The entrypoint is one word; the others of a command stand before the arguments.
std::vector<std::string> container_command(const ContainerEngine& engine, const ContainerUser& user, const ContainerSpec& spec) {
  // As Kubernetes does it, an image that is there is not pulled again, and nothing waits for a process that heeds no SIGTERM
  // when it is removed: kfrun has given it its time by then.
  Words words = words_of(engine, {"run", "--name", spec.name, "--stop-timeout", "0", "--security-opt", "label=disable"});
  const auto add = [&](std::string flag, std::string value) {
    words.push_back(std::move(flag));
    words.push_back(std::move(value));
  };
  if (spec.user.empty()) {
    words.insert(words.end(), user.flags.begin(), user.flags.end());
  } else {
    add("--user", spec.user);
  }
  for (const auto& [name, value] : spec.labels) add("--label", name + "=" + value);
  for (const auto& [name, value] : spec.environment) add("--env", name + "=" + value);
  for (const auto& path : spec.writable) mount(words, path, false);
  for (const auto& path : spec.readable) mount(words, path, true);
  if (!spec.working_directory.empty()) add("--workdir", spec.working_directory);
  if (spec.cores > 0) add("--cpus", fmt::format("{:.3f}", std::max(spec.cores, 0.01)));
  if (spec.memory > 0) add("--memory", std::to_string(spec.memory));
  if (!spec.command.empty()) add("--entrypoint", spec.command.front());
  words.insert(words.end(), engine.arguments.begin(), engine.arguments.end());
  words.push_back(spec.image);
  if (!spec.command.empty()) words.insert(words.end(), spec.command.begin() + 1, spec.command.end());
  words.insert(words.end(), spec.args.begin(), spec.args.end());
  return words;
}

std::vector<std::string> inspect_command(const ContainerEngine& engine, const std::string& name) {
  return words_of(engine, {"inspect", "--type", "container", "--format", "{{json .State}}", name});
}

ContainerState read_container_state(std::string_view answer) {
  ContainerState state;
  const auto begin = answer.find('{');
  const auto end = answer.rfind('}');
  if (begin == answer.npos || end == answer.npos || end < begin) {
    if (to_lower(answer).find("no such") != std::string::npos) state.phase = ContainerState::Phase::absent;
    state.error = reason_in(answer);
    return state;
  }
  try {
    const auto node = document::read_json(answer.substr(begin, end + 1 - begin), "the engine's answer");
    state.phase = phase_of(node.text_of("Status"));
    const auto* code = node.find("ExitCode");
    state.exit_code = static_cast<int>(code ? code->as_integer().value_or(0) : 0);
    const auto* memory = node.find("OOMKilled");
    state.out_of_memory = memory && memory->as_boolean().value_or(false);
    state.error = node.text_of("Error");
    const auto started = parse_rfc3339(node.text_of("StartedAt"));
    if (started && started->time_since_epoch() > Duration(0)) state.started = started;  // the year 1: not yet
  } catch (const Error& error) {
    state.error = error.message();
  }
  return state;
}

std::vector<std::string> follow_command(const ContainerEngine& engine, const std::string& name) {
  return words_of(engine, {"logs", "--follow", name});
}

std::vector<std::string> terminate_command(const ContainerEngine& engine, const std::string& name) {
  return words_of(engine, {"kill", "--signal", "TERM", name});
}

std::vector<std::string> copy_command(const ContainerEngine& engine, const std::string& name, const std::string& from,
                                      const std::string& to) {
  return words_of(engine, {"cp", name + ":" + from, to});
}

std::vector<std::string> remove_command(const ContainerEngine& engine, const std::vector<std::string>& names) {
  Words words = words_of(engine, {"rm", "--force", "--volumes"});
  words.insert(words.end(), names.begin(), names.end());
  return words;
}

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const auto& line : split(text, '\n')) {
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  }
  return lines;
}

std::string label_filter(std::string_view label, const std::string& value) { return fmt::format("label={}={}", label, value); }

}  // namespace

std::vector<std::string> containers_of(const ContainerEngine& engine, const std::string& state, const std::string& run) {
  const Words words = words_of(engine, {"ps", "--all", "--filter", label_filter(kContainerRun, run), "--filter",
                                        label_filter(kContainerState, state), "--format", "{{.Names}}"});
  return lines_of(answer_of(engine, words).output);
}

// In two steps: the two engines write labels of a list each in a way of its own.
std::vector<std::pair<std::string, std::string>> containers_by_run(const ContainerEngine& engine, const std::string& state) {
  const auto names = lines_of(answer_of(engine, words_of(engine, {"ps", "--all", "--filter", label_filter(kContainerState, state),
                                                                  "--format", "{{.Names}}"}))
                                  .output);
  std::vector<std::pair<std::string, std::string>> containers;
  const std::string format = fmt::format("{{{{index .Config.Labels \"{}\"}}}}", kContainerRun);
  for (const auto& name : names) {
    const auto answer =
        run_process({.command = words_of(engine, {"inspect", "--type", "container", "--format", format, name})}, {}, kPatience);
    const std::string run(trim(answer.output));
    if (answer.exit_code == 0 && !run.empty()) containers.emplace_back(name, run);  // else it has just gone
  }
  return containers;
}

void remove_containers(const ContainerEngine& engine, const std::vector<std::string>& names) {
  if (!names.empty()) answer_of(engine, remove_command(engine, names));
}

std::string reason_in(std::string_view words) {
  std::string reason;
  for (const auto& line : split(words, '\n')) {
    const auto text = trim(line);
    const bool is_advice = text.starts_with("See '") || text.starts_with("Run '");
    if (!text.empty() && !is_advice) reason = text;
  }
  if (reason.starts_with("Error: ")) reason = reason.substr(7);
  if (reason.starts_with("docker: ")) reason = reason.substr(8);
  for (auto& c : reason) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return reason;
}

Outcome outcome_of_engine(const std::string& words, const std::string& image) {
  Outcome outcome;
  outcome.failure = FailureClass::configuration;
  outcome.message = reason_in(words);
  if (has_one_of(words, kTroubles)) {
    outcome.failure = FailureClass::infrastructure;
    outcome.reason = "EngineFailed";
  } else if (has_one_of(outcome.message, kBadNames)) {
    outcome.reason = "InvalidImageName";
    outcome.message = fmt::format("image {}: {}", image, outcome.message);
  } else if (has_one_of(words, kPullTroubles)) {
    outcome.failure = FailureClass::image_pull;
    outcome.reason = "ErrImagePull";
    outcome.message = fmt::format("image {}: {}", image, outcome.message);
  } else {
    outcome.reason = "CreateContainerError";
    const auto at = outcome.message.find("exec: ");
    if (at != std::string::npos) outcome.message = outcome.message.substr(at);
  }
  return outcome;
}

bool is_name_conflict(std::string_view words) {
  return words.find("already in use") != words.npos && to_lower(words).find("name") != std::string::npos;
}

}  // namespace kfrun::run
