// How an attempt on this machine ended, in words for people.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/process.h"
#include "run/state.h"

namespace kfrun::run {

// The end of a file, without reading the rest; "" when there is none.
std::string tail_of(const std::string& path, std::size_t most);

// Of a process that ended by itself, or by somebody else's signal.
Outcome outcome_of_exit(const ProcessResult& result, const std::string& log);
// Of a process that had to be ended because its time was over.
Outcome outcome_of_deadline(const ProcessResult& result, Duration timeout);
Outcome outcome_of_stop(const ProcessResult& result);
// Of an attempt whose command could not be started.
Outcome outcome_of_start(const Error& error);
// Of one that asks for more memory, in bytes, than there is.
Outcome outcome_of_size(double wanted, double there_is);
// Of a command that succeeded without leaving what it declares.
Outcome outcome_of_outputs(const Error& error);

}  // namespace kfrun::run
