// Any text: what the quick reader takes, libyaml reads as the same tree.
#include <cstdlib>

#include "document/plain_yaml.h"
#include "document/same_tree.h"

using namespace kfrun;
using namespace kfrun::document;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto schema : {Schema::go_yaml_v3, Schema::go_yaml_v2}) {
    for (const std::size_t max_depth : {std::size_t{6}, std::size_t{1000}}) {
      // As kyaml's splitting leaves it: separators only at the beginning.
      if (schema == Schema::go_yaml_v3 && text.find("\n---") != std::string_view::npos) continue;
      const auto quick = read_plain_yaml(text, 0, schema, max_depth);
      if (!quick) continue;
      const auto slow = read_yaml_by_events(text, "fuzz.yaml", schema, {.max_depth = max_depth});
      if (slow.size() != 1 || !same_tree(*quick, slow[0])) std::abort();
    }
  }
  return 0;
}
