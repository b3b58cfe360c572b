// From a specification to one checked Pipeline. The front ends are native (native.h), later Kubeflow Pipelines IR and Argo.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "pipeline/dag.h"

namespace kfrun::pipeline {

enum class Format { native, kfp, argo, unknown };

// Looks at apiVersion, kind and the telltale keys of a file's documents.
Format detect_format(std::string_view text, const std::string& file);

struct CompileResult {
  Pipeline pipeline;        // meaningful only without errors
  Diagnostics diagnostics;  // every fault that could be found, in file order; warnings too
};

// Compiles `file` (read through `files`, with what it `uses:`, relative to it). Faults in the specification are diagnostics;
// throws Error(not_found) only when `file` itself is not there.
CompileResult compile(const FileSystem& files, const std::string& file);

// Checks arguments against the root dag's parameters, fills in defaults and converts texts ("0.1" for a number). Throws
// Error(usage) naming the parameter, with what was found, what was expected, and the nearest name for an unknown one.
std::map<std::string, Value> bind_arguments(const Pipeline& pipeline, const std::map<std::string, Value>& arguments);

}  // namespace kfrun::pipeline
