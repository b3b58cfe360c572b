// Any text as a pipeline: it compiles, or diagnostics with places say why not. What compiles prints, and its plan reads back
// as the same pipeline.
#include <cstdint>
#include <string>

#include "document/writer.h"
#include "pipeline/pipeline.h"

using namespace kfrun;
using namespace kfrun::pipeline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  MemoryFileSystem files;
  files.add("pipeline.yaml", std::string(reinterpret_cast<const char*>(data), size));
  files.add(
      "component.yaml",
      "name: c\ninputs: [{name: A, type: Integer}, {name: B}]\noutputs: [{name: O}]\nimplementation: {container: {image: i, "
      "command: [c, {inputValue: A}, {inputPath: B}, {outputPath: O}]}}\n");
  files.add("train.py", "print(1)\n");
  const CompileResult result = compile(files, "pipeline.yaml");
  for (const auto& one : result.diagnostics) {
    KFRUN_CHECK(!one.message.empty() && !one.place.file.empty());
    to_string(one);
  }
  if (has_errors(result.diagnostics)) return 0;
  const std::string text = to_text(result.pipeline);
  to_dot(result.pipeline);
  to_mermaid(result.pipeline);
  const auto plan = to_node(result.pipeline);
  const Pipeline read = pipeline_from_node(plan);
  KFRUN_CHECK(to_text(read) == text);
  KFRUN_CHECK(to_node(read) == plan);
  return 0;
}
