// From the text that a task wrote to the value that its output is declared as.
#pragma once

#include <string_view>

#include "pipeline/dag.h"
#include "run/state.h"

namespace kfrun::run {

// One trailing newline (or CR LF) is trimmed. Strings stay as they are; lists, mappings and `any` are read as JSON (`any` that is
// no JSON is a string); true/false as Python and YAML spell them too. Throws Error(input) that says what was found and expected.
Value parse_output(const pipeline::Output& output, std::string_view text);

}  // namespace kfrun::run
