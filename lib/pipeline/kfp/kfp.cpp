#include "pipeline/kfp/kfp.h"

#include "pipeline/kfp/dag_compiler.h"

namespace kfrun::pipeline {

CompileResult compile_kfp(const FileSystem& files, const std::string& file) {
  CompileResult result;
  Reporter reporter(file, result.diagnostics);
  try {
    const auto ir = read_ir(files.read(file), file, reporter);
    if (ir) result.pipeline = DagCompiler(*ir, reporter).compile();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found) throw;
    result.diagnostics.push_back(to_diagnostic(error));
  }
  return result;
}

}  // namespace kfrun::pipeline
