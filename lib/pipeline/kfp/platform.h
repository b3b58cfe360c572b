// What the platform document (kfp-kubernetes) says of an executor's pod, as the pod override of its task.
//
//   secretAsEnv configMapAsEnv fieldPathAsEnv    the main container's environment
//   secretAsVolume configMapAsVolume pvcMount emptyDirMounts genericEphemeralVolume    a volume and where it is mounted
//   nodeSelector tolerations nodeAffinity podMetadata imagePullPolicy imagePullSecret securityContext initContainers
//   activeDeadlineSeconds                        the task's timeout
// Names may come from parameters; what is named by a null is left out. podAffinity and enabledSharedMemory are in the protocol,
// but no SDK writes them and the backend does not heed them.
#pragma once

#include <functional>

#include "pipeline/kfp/ir.h"
#include "pipeline/kfp/placeholders.h"

namespace kfrun::pipeline {

// What a parameter of the document is in the task's own names: a constant, or a reference to an input made for it.
using PlatformParameter = std::function<Expression(const document::Node& given)>;

void read_platform(const document::Node& executor, const PlatformParameter& parameter, Task& task);

}  // namespace kfrun::pipeline
