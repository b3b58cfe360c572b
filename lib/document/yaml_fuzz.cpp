// Any text: reading either fails with an Error or gives trees that are written; what was written (of ASCII, where nothing folds
// oddly) reads as the same values again.
#include <algorithm>
#include <cstdlib>

#include "document/json_values.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

const ReadLimits kLimits{.max_depth = 200, .max_bytes = 1u << 20, .max_alias_nodes = 20000};

std::string as_json(const Node& node) { return write_json(to_json_values(node), {.sort_keys = true}); }

void check_written(const Node& node) {
  if (node.is_scalar()) return;
  std::string yaml, json;
  try {
    yaml = write_yaml(node);
    json = as_json(node);
  } catch (const Error&) {
    return;
  }
  // Both texts: the writer, as go-yaml, makes a blank of U+0085, which only the JSON still shows.
  for (const auto& text : {yaml, json}) {
    if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) return;
  }
  const auto again = read_yaml(yaml, "again.yaml", Schema::go_yaml_v2);
  if (again.size() != 1 || as_json(again[0]) != json) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto schema : {Schema::go_yaml_v3, Schema::go_yaml_v2}) {
    try {
      for (const auto& node : read_yaml(text, "fuzz.yaml", schema, kLimits)) check_written(node);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) std::abort();
    }
  }
  return 0;
}
