#include <csignal>
#include <cstdio>
#include <exception>
#include <variant>

#include "cli/exit_code.h"
#include "cli/screen.h"
#include "cli/verbs.h"

int main(int argc, char** argv) {
  using namespace kfrun;
  std::signal(SIGPIPE, SIG_IGN);
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
