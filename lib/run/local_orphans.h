// Processes that a kfrun which was killed left behind on this machine.
#pragma once

#include <string>

namespace kfrun::run {

// Kills every process whose environment says that it belongs to this run (KFRUN_RUN_ID) and works below that folder
// (KFRUN_SCRATCH): they would work side by side with the attempts that are begun anew. Returns how many there were.
int kill_orphans(const std::string& run, const std::string& scratch);

// Of programs that only speak to a container engine for a run (see kEngineClient). Their containers go on.
inline constexpr const char* kEngineClient = "KFRUN_ENGINE_CLIENT";  // in their environment: the run's scratch folder
int kill_engine_clients(const std::string& scratch);

}  // namespace kfrun::run
