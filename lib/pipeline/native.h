// The native front end: what people write for kfrun itself. README.md here is its users' reference; in short:
//
//   document   apiVersion: kfrun/v1, kind: Pipeline | Component; several in a file; or a component.yaml (kfp_component.h)
//   Pipeline   name* description params defaults tasks* finally outputs max-parallel fail-fast
//   defaults   image env workdir resources pod retry timeout cache onNodeLoss
//   param      TYPE | {type default description enum optional}
//   Component  name description inputs (as params) + container + attempts
//   container  image command args script env workdir resources{requests limits} pod{metadata spec} outputs
//   attempts   retry (N | {limit backoff factor max-backoff when}) timeout cache (bool | KEY) once
//              onNodeLoss (wait | retry | {retry-after})
//   output     TYPE | {type path file default description}; of a pipeline VALUE | {value type description}
//   task       description when after matrix max-parallel fail-fast always ignore-failure (= continue-on-failure)
//     + one of container + attempts + inputs (VALUE | {value type optional})
//              uses FILE | FILE#NAME | #NAME, with; of a component also image env workdir resources pod + attempts, else timeout
//              pipeline {a Pipeline's keys but apiVersion and kind}, with, timeout
//              apply FOLDER, images, retry timeout once
//              import URI, outputs
//              pause DURATION | suspend true
//   matrix     AXIS: [..] | ${{ }} | N, max-parallel, fail-fast; or a lone value, the axis `item`
//
// Rules that are not obvious from the keys:
//   - Tasks are ordered by their references; `after` adds edges. Tasks of `finally` wait for those of `finally` only.
//   - A container's texts may name everything of the pipeline; such a name becomes an input of the task ("load-table" for
//     tasks.load.outputs.table), because the pod knows the task's inputs and outputs alone (dag.h).
//   - A reference inside of default(reference, y) is optional: a skipped producer hands on null instead of omitting the task.
//   - What a task with a matrix gives is a list, an item a turn.
//   - Layers of a container: defaults of the pipelines around, the component, the task; a later one wins, env, resources and pod
//     are merged.
//   - A pipeline in place has the defaults around it, read with its own names; one in a file has none but its own.
#pragma once

#include <string>

#include "base/files.h"
#include "pipeline/pipeline.h"

namespace kfrun::pipeline {

// Compiles the pipeline in `file`: its first, or the one that `name` says; a lone component as a pipeline of one task. Throws
// Error(not_found) when there is no such file.
CompileResult compile_native(const FileSystem& files, const std::string& file, const std::string& name = {});

}  // namespace kfrun::pipeline
