// Any template on a fixed document: it prints something or fails with an Error.
#include <cstdlib>

#include "document/json_path.h"
#include "document/reader.h"

using namespace kfrun;
using namespace kfrun::document;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const Node document = read_json(
      R"({"kind":"List","n":null,"a.b":1.5,"items":[{"name":"a","port":80,"on":true,"conditions":[{"type":"Ready"},{"type":"Old"}]},)"
      R"({"name":"b","port":90,"tags":["x","y","z"]}]})",
      "document");
  const std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 200));
  for (const bool whole : {true, false}) {
    try {
      if (whole) {
        print_json_path(document, text);
      } else {
        find_json_path(document, text);
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) std::abort();
    }
  }
  return 0;
}
