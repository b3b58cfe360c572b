// A resource and a patch in YAML, as the first two documents of the text: merging fails with an Error or leaves a tree that can
// be written or is refused in words.
#include <cstdlib>

#include "document/merge.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::document;

namespace {

// The first letter of a field says how it is merged, so that the fuzzer reaches every way.
class LetterSchema : public MergeSchema {
 public:
  Position resource(std::string_view, std::string_view) const override { return 0; }
  Position field(Position, std::string_view name) const override {
    return name.empty() || name[0] == 'u' ? kUnknownSchema : name[0] == 'i' ? 1 : name[0] == 'p' ? 2 : name[0] == 'w' ? 3 : 0;
  }
  Position elements(Position) const override { return 0; }
  bool merges(Position position) const override { return position > 0; }
  bool replaces(Position) const override { return false; }
  std::vector<std::string> merge_keys(Position position) const override {
    if (position == 1) return {"a"};
    return position == 2 ? std::vector<std::string>{"a", "b"} : std::vector<std::string>{};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const ReadLimits limits{.max_depth = 60, .max_bytes = 1u << 14, .max_alias_nodes = 2000};
  try {
    auto documents = read_yaml({reinterpret_cast<const char*>(data), size}, "fuzz.yaml", Schema::go_yaml_v3, limits);
    if (documents.size() < 2) return 0;
    merge_strategic(documents[0], documents[1], LetterSchema());
    write_yaml(documents[0]);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) std::abort();
  }
  return 0;
}
