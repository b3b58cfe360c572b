// Runs the command as a child and is a good first process of the container: passes signals on, takes in orphans.
#pragma once

#include <sys/types.h>

#include "launcher/plan.h"

namespace kfrun::launcher {

// Runs `command` (ended by a null pointer) with the file mode creation `mask` to its end. `exit_code` is its own, or 128 + signal
// when a signal ended it.
Problem run_command(char** command, mode_t mask, int& exit_code);

}  // namespace kfrun::launcher
