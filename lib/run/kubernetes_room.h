// What the nodes have left, for whoever waits for one. Pure.
#pragma once

#include <string>

#include "document/node.h"

namespace kfrun::run {

// What each node has free of what `pod` asks for, most fitting first: "free: node-a 1.5 cpu, 3.2Gi memory; ...". `nodes` and
// `pods` are the lists that the server gave, `pods` of all namespaces without those that have ended; null where they may not be
// listed: then it says what the nodes have in all. "" when there is nothing to say.
std::string describe_room(const document::Node& pod, const document::Node& nodes, const document::Node& pods);

}  // namespace kfrun::run
