// The pipeline that a file on the command line holds. pipeline.py is compiled by the SDK of Kubeflow Pipelines first, by the
// python3 that is in PATH; pipeline.py#name names the function where there are several.
#pragma once

#include <string>

#include "pipeline/pipeline.h"

namespace kfrun::cli {

// Throws Error(not_found) when there is no such file, or no python3 or SDK for pipeline.py, and Error(input) with the SDK's words
// when it does not compile.
pipeline::CompileResult compile_file(const std::string& file);
// The file without the name of a pipeline behind it.
std::string file_of(const std::string& file);

}  // namespace kfrun::cli
