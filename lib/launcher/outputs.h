// What the command left behind: parameters into the message, artifacts into the store.
#pragma once

#include <string>

#include "launcher/plan.h"

namespace kfrun::launcher {

// Makes the folders that the command will write its outputs to. One that cannot be made is the command's business.
void prepare_outputs(const Plan& plan);
// Reads and keeps all outputs; `json` becomes the body of the message (message.h).
Problem collect_outputs(const Plan& plan, std::string& json);
// The body of the message that says why the launcher failed.
std::string failure_json(const Failure& failure);

}  // namespace kfrun::launcher
