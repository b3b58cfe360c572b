#include "pipeline/native.h"

#include <algorithm>
#include <tuple>

#include "pipeline/compiler.h"

namespace kfrun::pipeline {
namespace {

bool at_one_place(const Diagnostic& a, const Diagnostic& b) {
  return a.place.line == b.place.line && a.place.column == b.place.column && a.place.file == b.place.file;
}

// By file (in the order of reading) and place; the same fault of something that is used twice is told once.
void put_in_order(Diagnostics& diagnostics, const std::vector<std::string>& files) {
  const auto number = [&](const Diagnostic& one) {
    return std::find(files.begin(), files.end(), one.place.file) - files.begin();
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    return std::tuple(number(a), a.place.line, a.place.column) < std::tuple(number(b), b.place.line, b.place.column);
  });
  Diagnostics distinct;
  for (auto& one : diagnostics) {
    bool is_new = true;
    for (auto earlier = distinct.rbegin(); is_new && earlier != distinct.rend() && at_one_place(*earlier, one); ++earlier)
      is_new = earlier->message != one.message;
    if (is_new) distinct.push_back(std::move(one));
  }
  diagnostics = std::move(distinct);
}

}  // namespace

CompileResult compile_native(const FileSystem& files, const std::string& file, const std::string& name) {
  CompileResult result;
  Compiler compiler(files, result.diagnostics);
  result.pipeline = compiler.compile(file, name);
  put_in_order(result.diagnostics, compiler.library().names());
  return result;
}

}  // namespace kfrun::pipeline
