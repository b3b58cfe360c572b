// One function a verb: does it, prints the product on stdout and everything else on stderr, gives the exit code.
#pragma once

#include "cli/flags.h"

namespace kfrun::cli {

// Reads the command line (app.cpp, the only file that knows CLI11).
Flags parse_command_line(int argc, char** argv);

int run(const Finished& flags);
int run(const BuildFlags& flags);
int run(const EditFlags& flags);
int run(const CreateFlags& flags);
int run(const SubmitFlags& flags);
int run(const CompileFlags& flags);
int run(const LintFlags& flags);
int run(const RunsFlags& flags);
int run(const GetFlags& flags);
int run(const LogsFlags& flags);
int run(const WaitFlags& flags);
int run(const ResumeFlags& flags);
int run(const SuspendFlags& flags);
int run(const GcFlags& flags);
int run(const StopFlags& flags);
int run(const DeleteFlags& flags);
int run(const CompletionFlags& flags);
int run(const VersionFlags& flags);

}  // namespace kfrun::cli
