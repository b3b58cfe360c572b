// Edits a text: what stands behind a line "===" is the mapping that its first document is to read as. Without that line the edits
// of a command line are tried on it.
#include <algorithm>
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
using kfrun::document::Node;
using kfrun::document::Tag;

constexpr std::string_view kMark = "\n===\n";

// A fault that is told is a good outcome. For the edits of a command line that of the splicer's own check is none: what it made
// would not have read as wanted.
template <typename Body>
void attempt(Body&& body, bool must_hold) {
  try {
    body();
  } catch (const kfrun::Error& error) {
    if (must_hold && error.kind() == kfrun::ErrorKind::internal) std::abort();
  }
}

// Whether an edit could want it: Go's JSON has only such keys and scalars.
bool is_plain(const Node& node) {
  if (node.is_scalar()) {
    const auto tag = node.tag();
    return tag == Tag::string || tag == Tag::boolean || tag == Tag::null || tag == Tag::integer;
  }
  if (node.is_sequence()) return std::all_of(node.items().begin(), node.items().end(), is_plain);
  return std::all_of(node.members().begin(), node.members().end(),
                     [](const auto& member) { return member.key.tag() == Tag::string && is_plain(member.value); });
}

void splice(std::string_view text, std::string_view wanted) {
  const auto documents = kfrun::document::read_yaml(wanted, "wanted", kfrun::document::Schema::go_yaml_v2);
  if (documents.empty() || !documents.front().is_mapping() || !is_plain(documents.front())) return;
  attempt([&] { spliced(text, "kustomization.yaml", documents.front()); }, false);
}

void edit(std::string_view text) {
  const kfrun::MemoryFileSystem files;
  FileTexts changed;
  for (const auto& change : {set_namespace({"a"}), set_images({"a=b:1", "c@sha256:2"}), set_labels({"a:b"}), fix(files),
                             add_paths("resources", "resource", {"x.yaml", "y"}), remove_paths("resources", "resource", {"*"}),
                             convert_vars(files, changed), remove_labels({"a"}, true)}) {
    attempt(
        [&] {
          Words remarks;
          edited_text(text, "kustomization.yaml", change, remarks);
        },
        true);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto mark = input.find(kMark);
  attempt(
      [&] {
        if (mark == std::string_view::npos) {
          edit(input);
        } else {
          splice(input.substr(0, mark + 1), input.substr(mark + kMark.size()));
        }
      },
      true);
  return 0;
}
