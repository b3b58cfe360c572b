// launcher [--plan FILE] -- COMMAND...
// The first process of a task's container: lays out files, runs the command, hands its outputs over. See README.md.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "launcher/child.h"
#include "launcher/exit_code.h"
#include "launcher/files.h"
#include "launcher/message.h"
#include "launcher/outputs.h"

namespace kfrun::launcher {

namespace {

constexpr char kPlanVariable[] = "KFRUN_PLAN";
constexpr std::size_t kLargestPlan = 1 << 20;  // a ConfigMap's

struct Arguments {
  std::string plan_file;
  char** command = nullptr;  // ended by a null pointer
};

Problem read_arguments(char** argument, Arguments& arguments) {
  if (argument[0] && std::strcmp(argument[0], "--plan") == 0 && argument[1]) {
    arguments.plan_file = argument[1];
    argument += 2;
  }
  if (!argument[0] || std::strcmp(argument[0], "--") != 0 || !argument[1]) {
    return Failure{kBadPlan, "BadPlan", "usage: launcher [--plan FILE] -- COMMAND..."};
  }
  arguments.command = argument + 1;
  return std::nullopt;
}

Problem find_plan(const Arguments& arguments, Plan& plan) {
  std::string text;
  if (!arguments.plan_file.empty()) {
    if (const int fault = read_file(arguments.plan_file, kLargestPlan, text)) {
      return Failure{kBadPlan, "BadPlan", "the launcher's plan " + arguments.plan_file + ": " + words_of(fault)};
    }
  } else if (const char* variable = std::getenv(kPlanVariable)) {
    text = variable;
    ::unsetenv(kPlanVariable);  // no business of the command
  }
  return read_plan(text, plan);
}

Problem prepare(const Plan& plan) {
  for (const auto& folder : plan.directories) {
    if (const int fault = make_directories(folder))
      return Failure{kStoreFailed, "StoreFailed", "making " + folder + ": " + words_of(fault)};
  }
  for (const auto& file : plan.files) {
    int fault = make_directories(parent_of(file.path));
    if (fault == 0) fault = write_file(file.path, file.text, 0755);
    if (fault != 0) return Failure{kStoreFailed, "StoreFailed", "writing " + file.path + ": " + words_of(fault)};
  }
  for (const auto& input : plan.inputs) {
    if (kind_of(input) == PathKind::absent) {
      return Failure{kInputMissing, "InputMissing", "the artifact " + input + " is not in the store"};
    }
  }
  if (!plan.staging.empty()) {
    remove_tree(plan.staging);  // of a container that was started twice
    if (const int fault = make_directories(plan.staging)) {
      return Failure{kStoreFailed, "StoreFailed", "the artifact store cannot be written: " + words_of(fault)};
    }
  }
  prepare_outputs(plan);
  return std::nullopt;
}

Problem report(const Plan& plan, const std::string& json) {
  std::string message = framed_message(json);
  if (message.size() > plan.message_limit) {
    // What the command left running must not write into the line. The first process of a container takes all others with it
    // anyway.
    if (::getpid() == 1) ::kill(-1, SIGKILL);
    if (const int fault = write_all(STDOUT_FILENO, framed_log_line(json))) {
      return Failure{kStoreFailed, "StoreFailed", "the outputs cannot be written to the log: " + words_of(fault)};
    }
    message = framed_message("{\"logged\":" + std::to_string(json.size()) + "}");
  }
  if (const int fault = write_file(plan.message_file, message, 0644)) {
    return Failure{kStoreFailed, "StoreFailed", "writing " + plan.message_file + ": " + words_of(fault)};
  }
  return std::nullopt;
}

Problem run(char** arguments, mode_t mask, Plan& plan, int& exit_code) {
  Arguments read;
  if (auto problem = read_arguments(arguments, read)) return problem;
  if (auto problem = find_plan(read, plan)) return problem;
  if (auto problem = prepare(plan)) return problem;
  if (auto problem = run_command(read.command, mask, exit_code)) return problem;
  if (exit_code != 0) return std::nullopt;
  std::string json;
  if (auto problem = collect_outputs(plan, json)) return problem;
  return report(plan, json);
}

int end(const Plan& plan, const Problem& problem, int exit_code) {
  if (!plan.staging.empty()) remove_tree(plan.staging);
  if (!problem) return exit_code;
  write_all(STDERR_FILENO, "kfrun: " + problem->message + "\n");
  write_file(plan.message_file, framed_message(failure_json(*problem)), 0644);
  return problem->exit_code;
}

}  // namespace

}  // namespace kfrun::launcher

int main(int, char** arguments) {
  using namespace kfrun::launcher;
  const mode_t mask = ::umask(0);  // outputs are read by tasks of other users
  Plan plan;
  int exit_code = 0;
  const auto problem = run(arguments + 1, mask, plan, exit_code);
  return end(plan, problem, exit_code);
}
