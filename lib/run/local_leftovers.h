// What runs left on this machine that nobody will come back for: artifacts that no run's record and no cached result names, and
// containers whose run is gone. A run that was left before its end is not among them: it can be gone on with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace kfrun::run {

struct LocalLeftover {
  enum class Kind { artifact, container };
  Kind kind = Kind::artifact;
  std::string name;  // "artifact <digest>/<names>", "container <name>"
  std::string why;
  std::string place;       // the folder in the store, or the container's name
  std::string engine;      // the program that has the container
  std::uint64_t size = 0;  // of an artifact's files, in bytes
};

// An artifact that is younger may belong to a run that has not recorded it yet: it is never a leftover.
inline constexpr auto kYoung = std::chrono::hours(1);

struct LocalLeftovers {
  std::vector<LocalLeftover> list;
  int young = 0;  // artifacts that nothing names, and that stay because they are young
};
// `engines`: programs like docker or podman to ask for containers, those that are not installed too; one that gives no answer is
// named in `faults`. Throws Error when a record or the cache cannot be read: what it names is not known then.
LocalLeftovers find_local_leftovers(const std::string& state_directory, const std::vector<std::string>& engines,
                                    Diagnostics& faults);
// False when it is there no more, or when a run has taken it up in the meantime. Throws Error when an engine does not do it.
bool remove_leftover(const LocalLeftover& leftover);

}  // namespace kfrun::run
