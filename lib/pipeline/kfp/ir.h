// The documents of a compiled pipeline, whatever they are wrapped in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "document/node.h"
#include "pipeline/dag.h"

namespace kfrun::pipeline {

struct Ir {
  std::string file;
  document::Node spec;            // PipelineSpec
  document::Node kubernetes;      // platforms.kubernetes: {deploymentSpec: {executors}, pipelineConfig}; null without
  document::Node runtime_config;  // of a PipelineJob; null without
  std::string name;               // of a PipelineJob or PipelineVersion; "" without
};

// Faults found while reading on, each at a node of the file.
class Reporter {
 public:
  Reporter(std::string file, Diagnostics& diagnostics) : file_(std::move(file)), diagnostics_(diagnostics) {}
  void error(const document::Node& at, std::string path, std::string message, std::vector<std::string> hints = {});
  void warning(const document::Node& at, std::string path, std::string message, std::vector<std::string> hints = {});
  void error(const Error& error, const document::Node& at, std::string path);
  Place place(const document::Node& at, std::string path) const { return at.place(file_, std::move(path)); }

 private:
  std::string file_;
  Diagnostics& diagnostics_;
};

// Nothing when the file holds no pipeline, which is reported. Throws Error(input) for faults of syntax.
std::optional<Ir> read_ir(std::string_view text, const std::string& file, Reporter& reporter);

// A constant of the protocol as a value: its numbers are doubles, whole ones become integers.
Value ir_value(const document::Node& node);
// "600s", "1.5s", or seconds as they are.
std::optional<Duration> ir_duration(const document::Node& node);
// parameterType, or `type` of schema 2.0.0.
TypeKind ir_type(const document::Node& parameter);
// The schema title of an artifactType, or its instance schema.
std::string ir_artifact_type(const document::Node* artifact);
// A member that is a mapping; an empty one when there is none.
const document::Node& child(const document::Node& node, std::string_view key);
bool ir_flag(const document::Node& node, std::string_view key);

}  // namespace kfrun::pipeline
