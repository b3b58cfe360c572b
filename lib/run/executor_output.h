// What a container of Kubeflow Pipelines hands over: files of its own for each output, and the executor output, one JSON file
// {parameterValues: {name: value}, artifacts: {name: {artifacts: [{uri, metadata, custom_path}]}}} that wins over them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/dag.h"
#include "run/state.h"

namespace kfrun::run {

struct ExecutorOutput {
  struct Artifact {
    std::string uri;          // "": where it was told to be
    std::string custom_path;  // where its bytes are instead; "" = at its URI
    Value metadata;           // null or a mapping
  };
  Values parameters;
  std::map<std::string, std::vector<Artifact>> artifacts;
};

// Throws Error(input) for what is no executor output.
ExecutorOutput read_executor_output(std::string_view text);

// The text that a task wrote to the file of an output, as its type: strings as they are, all else trimmed. Throws Error(input).
Value parse_kfp_output(const pipeline::Output& output, std::string_view text);

// The URI of an artifact that has metadata alone.
std::string unwritten_uri(const pipeline::Output& output);

// What an output is in the end, `written` being what its own file gave. Nothing for a parameter that is in neither; an artifact
// that was not written keeps its metadata alone.
std::optional<Value> with_executor_output(const pipeline::Output& output, std::optional<Value> written,
                                          const ExecutorOutput& given);

}  // namespace kfrun::run
