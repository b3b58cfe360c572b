#include <algorithm>

#include "document/reader.h"
#include "pipeline/kfp/kfp.h"
#include "pipeline/native.h"
#include "pipeline/pipeline.h"

namespace kfrun::pipeline {
namespace {

using document::Node;

bool is_kfp(const Node& node) {
  if (node.find("pipelineInfo") || node.find("deploymentSpec") || node.find("pipelineSpec") || node.find("platforms")) return true;
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
