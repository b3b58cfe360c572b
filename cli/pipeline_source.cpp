#include "cli/pipeline_source.h"

#include <chrono>

#include "base/files.h"
#include "base/process.h"
#include "base/temporary_directory.h"
#include "base/text.h"

namespace kfrun::cli {

namespace {

// The end of what a program says, where Python has its reason.
std::string last_lines(std::string_view text, std::size_t most) {
  auto lines = split(trim(text), '\n');
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
  return join(lines, "\n");
}

Error without_sdk(const std::string& file, const std::string& why) {
  return make_error(ErrorKind::not_found, "{} is compiled by the SDK of Kubeflow Pipelines, but {}", file, why)
      .hint("install it for the python3 in PATH (python3 -m pip install kfp), or compile where it is and submit the YAML");
}

// The IR that the SDK's own compiler makes.
std::string compile_python(const std::string& file, const std::string& function) {
  const TemporaryDirectory folder("kfrun-");
  const std::string output = folder.path() + "/pipeline.yaml";
  ProcessSpec spec;
  spec.command = {"python3",  "-c",  "from kfp.cli.__main__ import main; main()", "dsl", "compile", "--py", file,
                  "--output", output};
  spec.environment["PYTHONWARNINGS"] = "ignore";  // of what the SDK will change some day
  if (!function.empty()) spec.command.insert(spec.command.end(), {"--function", function});
  ProcessResult result;
  try {
    result = run_process(spec, {}, std::chrono::minutes(5));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found) throw without_sdk(file, "there is no python3");
    throw;
  }
  const auto says = [&](std::string_view words) { return result.error_output.find(words) != std::string::npos; };
  if (says("No module named 'kfp'") || says("No module named kfp")) throw without_sdk(file, "this python3 has no package kfp");
  if (result.exit_code != 0 || !disk().is_file(output)) {
    throw make_error(ErrorKind::input, "{} does not compile: {}", file, last_lines(result.error_output + result.output, 5));
  }
  return disk().read(output);
}

}  // namespace

std::string file_of(const std::string& file) { return disk().is_file(file) ? file : file.substr(0, file.rfind('#')); }

pipeline::CompileResult compile_file(const std::string& file) {
  const std::string path = file_of(file);
  if (!path.ends_with(".py")) return pipeline::compile(disk(), file);
  if (!disk().is_file(path)) throw make_error(ErrorKind::not_found, "there is no file {}", path);
  const std::string name = file.size() > path.size() ? file.substr(path.size() + 1) : "";
  MemoryFileSystem files;
  const std::string made = "/" + file_name_of(path) + ".yaml";
  files.add(made, compile_python(path, name));
  return pipeline::compile(files, made);
}

}  // namespace kfrun::cli
