// Edits a text: what stands behind a line "===" is the mapping that its first document is to read as. Without that line the edits
// of a command line are tried on it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "document/reader.h"
#include "kustomize/edit/edit.h"
#include "kustomize/edit/splice.h"

namespace {

using namespace kfrun::kustomize;

constexpr std::string_view kMark = "\n===\n";

// A fault that is told is a good outcome, but not that of the splicer's own check: what it made would not have read as wanted.
template <typename Body>
void attempt(Body&& body) {
  try {
    body();
  } catch (const kfrun::Error& error) {
    if (error.kind() == kfrun::ErrorKind::internal) std::abort();
  }
}

void splice(std::string_view text, std::string_view wanted) {
  const auto documents = kfrun::document::read_yaml(wanted, "wanted", kfrun::document::Schema::go_yaml_v2);
  if (documents.empty() || !documents.front().is_mapping()) return;
  attempt([&] { spliced(text, "kustomization.yaml", documents.front()); });
}

void edit(std::string_view text) {
  const kfrun::MemoryFileSystem files;
  FileTexts changed;
  for (const auto& change : {set_namespace({"a"}), set_images({"a=b:1", "c@sha256:2"}), set_labels({"a:b"}), fix(files),
                             add_paths("resources", "resource", {"x.yaml", "y"}), remove_paths("resources", "resource", {"*"}),
                             convert_vars(files, changed), remove_labels({"a"}, true)}) {
    attempt([&] {
      Words remarks;
      edited_text(text, "kustomization.yaml", change, remarks);
    });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto mark = input.find(kMark);
  attempt([&] {
    if (mark == std::string_view::npos) {
      edit(input);
    } else {
      splice(input.substr(0, mark + 1), input.substr(mark + kMark.size()));
    }
  });
  return 0;
}
