#include <algorithm>

#include "base/text.h"
#include "document/reader.h"
#include "pipeline/kfp/kfp.h"
#include "pipeline/native.h"
#include "pipeline/pipeline.h"

namespace kfrun::pipeline {
namespace {

using document::Node;

bool is_kfp(const Node& node) {
  if (node.find("pipelineInfo") || node.find("deploymentSpec") || node.find("pipelineSpec") || node.find("platforms"))
    return true;
  const std::string kind = node.text_of("kind");
  return node.text_of("apiVersion").starts_with("pipelines.kubeflow.org/") && (kind == "Pipeline" || kind == "PipelineVersion");
}

Format format_of(const Node& node) {
  if (!node.is_mapping()) return Format::unknown;
  const std::string version = node.text_of("apiVersion");
  if (version.starts_with("kfrun/")) return Format::native;
  if (version.starts_with("argoproj.io/")) return Format::argo;
  if (is_kfp(node)) return Format::kfp;
  if (node.find("implementation") && !node.find("kind")) return Format::native;  // component.yaml
  return Format::unknown;
}

// Looks at the text of files that have faults of syntax: the front end says where.
Format format_of_text(std::string_view text) {
  const auto has = [&](std::string_view word) { return text.find(word) != text.npos; };
  if (has("apiVersion: kfrun/")) return Format::native;
  if (has("argoproj.io/")) return Format::argo;
  if (has("pipelineInfo") || has("deploymentSpec")) return Format::kfp;
  return Format::unknown;
}

CompileResult refused(const std::string& file, std::string message, std::vector<std::string> hints) {
  CompileResult result;
  result.diagnostics.push_back({Severity::error, {file, 0, 0, {}}, std::move(message), std::move(hints)});
  return result;
}

// The files of a folder that a pipeline is in.
std::vector<std::string> pipelines_in(const FileSystem& files, const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& name : files.list(folder)) {
    const auto path = folder == "." ? name : join_path(folder, name);
    if (!(name.ends_with(".yaml") || name.ends_with(".yml")) || !files.is_file(path)) continue;
    const auto text = files.read(path);
    if (detect_format(text, path) != Format::unknown && text.find("kind: Pipeline") != text.npos) found.push_back(path);
  }
  return found;
}

// What is wrong with a path that is no file.
CompileResult refused_path(const FileSystem& files, const std::string& path) {
  std::vector<std::string> hints;
  if (files.is_directory(path)) {
    const auto found = pipelines_in(files, clean_path(path));
    hints.push_back(found.empty() ? "there is no pipeline in it" : fmt::format("pipelines in it: {}", join(found, ", ")));
    return refused(path, "this is a folder, where the file of a pipeline is expected", std::move(hints));
  }
  const std::string folder = directory_of(path);
  if (!files.is_directory(folder)) {
    hints.push_back(fmt::format("there is no folder {}", folder));
  } else if (const auto near = nearest_file(file_name_of(path), files.list(folder))) {
    hints.push_back(fmt::format("did you mean '{}'?", path.find('/') == path.npos ? *near : join_path(folder, *near)));
  } else if (const auto found = pipelines_in(files, folder); !found.empty()) {
    hints.push_back(fmt::format("pipelines in {}: {}", folder == "." ? "this folder" : folder, join(found, ", ")));
  }
  return refused(path, "there is no such file", std::move(hints));
}

}  // namespace

Format detect_format(std::string_view text, const std::string& file) {
  try {
    for (const auto& document : document::read_own_yaml_documents(text, file)) {
      if (const Format format = format_of(document); format != Format::unknown) return format;
    }
    return Format::unknown;
  } catch (const Error&) {
    return format_of_text(text);
  }
}

CompileResult compile(const FileSystem& files, const std::string& file) {
  // file#name is for files that hold several pipelines.
  const auto hash = files.is_file(file) ? std::string::npos : file.rfind('#');
  const std::string path = file.substr(0, hash);
  const std::string name = hash == std::string::npos ? "" : file.substr(hash + 1);
  if (!files.is_file(path)) return refused_path(files, path);
  switch (detect_format(files.read(path), path)) {
    case Format::kfp:
      return compile_kfp(files, path);
    case Format::argo:
      return refused(path, "Argo workflows are not supported yet", {});
    case Format::native:
    case Format::unknown:
      return compile_native(files, path, name);
  }
  return {};
}

}  // namespace kfrun::pipeline
