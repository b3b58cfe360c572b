// A JSON document and, behind the first zero byte or line break, a patch: applied as RFC 6902 or as a merge patch, it fails with
// an Error or leaves a tree that can be written.
#include <cstdlib>

#include "document/json_values.h"
#include "document/pointer.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto middle = std::min(text.find_first_of(std::string_view("\0\n", 2)), text.size());
  const ReadLimits limits{.max_depth = 100, .max_bytes = 1u << 16, .max_alias_nodes = 0};
  try {
    const Node document = read_json(text.substr(0, middle), "document", limits);
    const Node patch = read_json(text.substr(std::min(middle + 1, text.size())), "patch", limits);
    Node merged = document;
    apply_merge_patch(merged, patch);
    write_json(merged);
    Node patched = to_json_values(document);
    // `copy` doubles what it copies.
    if (patch.size() > 12) return 0;
    apply_json_patch(patched, patch);
    write_json(from_json_values(patched));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) std::abort();
  }
  return 0;
}
