// Any text: reading either fails with an Error or gives trees that JSON can hold.
#include <cstdlib>

#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const ReadLimits limits{.max_depth = 100, .max_bytes = 1u << 20, .max_alias_nodes = 20000};
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& node : read_own_yaml_documents(text, "fuzz.yaml", limits)) write_json(node);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) std::abort();
  }
  return 0;
}
