#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>
#include <variant>

#include "cli/exit_code.h"
#include "cli/screen.h"
#include "cli/verbs.h"

namespace {

int run(int argc, char** argv) {
  using namespace kfrun;
  try {
    const auto flags = cli::parse_command_line(argc, argv);
    const int code = std::visit([](const auto& verb) { return cli::run(verb); }, flags);
    return cli::flush_stdout() ? code : cli::kDone;
  } catch (const Error& error) {
    cli::print_error(error);
    return cli::exit_code_of(error.kind());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "internal error: %s; this is a bug in kfrun\n", error.what());
    return cli::kInternal;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const int code = run(argc, argv);
  // Scripts written for kustomize know 0 and 1.
  const std::string_view verb = argc > 1 ? argv[1] : "";
  const bool is_kustomize = verb == "build" || verb == "edit" || verb == "create";
  return is_kustomize && code != kfrun::cli::kInternal ? (code == 0 ? 0 : 1) : code;
}
