// Who this process is, among all processes of all machines, and whether another one of this machine still lives.
#pragma once

#include <string>
#include <string_view>

namespace kfrun::run {

// "<host>_<pid>_<when it began>_<digest of the boot and the pid namespace>": short, and never used twice.
std::string process_identity();
// Whether `identity` was a process of this machine, since it last booted, that is no more. False when that cannot be told.
bool is_known_dead(std::string_view identity);

}  // namespace kfrun::run
