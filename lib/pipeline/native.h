// The native front end (compile.cpp says which documents are for it).
#pragma once

#include <string>

#include "base/files.h"
#include "pipeline/pipeline.h"

namespace kfrun::pipeline {

// Compiles the pipeline in `file`: its first, or the one that `name` says. Throws Error(not_found) when there is no such file.
CompileResult compile_native(const FileSystem& files, const std::string& file, const std::string& name = {});

}  // namespace kfrun::pipeline
