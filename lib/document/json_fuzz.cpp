// Any text: what reads as JSON is written to a text that, read and written again, stays as it is. (Not so at once: a float that
// is -0 is written -0, which reads as the integer 0.)
#include <cstdlib>

#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const ReadLimits limits{.max_depth = 200, .max_bytes = 1u << 20, .max_alias_nodes = 0};
  try {
    const Node node = read_json({reinterpret_cast<const char*>(data), size}, "fuzz.json", limits);
    for (const int indent : {0, 2}) {
      const JsonStyle style{.indent = indent, .escape_html = true};
      const auto through = [&](const std::string& text) { return write_json(read_json(text, "again.json"), style); };
      const auto text = through(write_json(node, style));
      if (through(text) != text) std::abort();
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) std::abort();
  }
  return 0;
}
