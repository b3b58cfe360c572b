// Names of runs.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace kfrun::run {

// "<up to 18 letters of the name>-<6 letters of the time><5 random ones>": a DNS label of at most 30 characters. Ids of one
// name sort by the second of their creation; two of the same second collide once in 33 million, and the store refuses the second.
std::string make_run_id(std::string_view name, TimePoint created);

}  // namespace kfrun::run
