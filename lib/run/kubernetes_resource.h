// Tasks that create or remove an object of the cluster, without a pod.
#pragma once

#include "kube/client.h"
#include "run/executor.h"

namespace kfrun::run {

struct ResourceRequest {
  kube::Request request;
  std::string name;
  document::Node object;  // null for a removal
};

// From the task's manifest, its names resolved. Throws Error(unsupported) for a kind that is not served, Error(input) for a
// manifest without a name.
ResourceRequest resource_request(const Work& work, const RunContext& run);
// What the answer makes of the attempt; `there` is an object of that name that is there already, or null. Its output `name` is
// the object's.
Outcome outcome_of_resource(const Work& work, const RunContext& run, const std::string& name, const kube::Reply& reply,
                            const document::Node& there);

}  // namespace kfrun::run
