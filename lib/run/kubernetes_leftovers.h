// What runs left in a namespace that nobody will come back for: objects whose run is gone, pods that wait for a record of theirs
// which is closed or that came too late, leases of runs that have ended, and runs that never began. A run that was left before
// its end is not among them: it can be gone on with.
#pragma once

#include <string>
#include <vector>

#include "kube/client.h"

namespace kfrun::run {

struct Leftover {
  enum class Kind { finalizer, object };
  Kind kind = Kind::object;
  kube::ResourceType type;
  std::string name_space, object, uid;
  std::string name;  // "pod/x"
  std::string why;
};

std::vector<Leftover> find_leftovers(kube::Client& client, const std::string& name_space);
// A finalizer is taken from its pod, an object is deleted with all it owns. What is gone already is no fault.
void remove_leftover(kube::Client& client, const Leftover& leftover);

}  // namespace kfrun::run
