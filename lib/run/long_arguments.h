// Arguments that Linux hands to no program: those of 128 KiB and more (MAX_ARG_STRLEN), as the parameters of a component may be.
#pragma once

#include <string>

#include "base/process.h"

namespace kfrun::run {

// Writes the long arguments of a shell's script, of Python and of the KFP SDK's runtime to files `folder`/argument-N and has the
// command read them from there: scripts and programs find them where they were. The folder is made when it is needed. Any other
// command, and the programs that a script starts with a long argument, stay as they are: Linux refuses them.
void shorten_arguments(ProcessSpec& process, const std::string& folder);

}  // namespace kfrun::run
