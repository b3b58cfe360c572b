// Verb `version`, and the end of a command line that was answered while it was read (help).
#include <curl/curl.h>
#include <openssl/crypto.h>

#include "cli/exit_code.h"
#include "cli/screen.h"
#include "cli/verbs.h"
#include "document/writer.h"

namespace kfrun::cli {

int run(const Finished& flags) { return flags.exit_code; }

int run(const VersionFlags& flags) {
  using document::Node;
  // The kustomize whose output `build` prints.
  const std::string kustomize = "v5.8.2";
  if (flags.output == OutputFormat::json) {
    print(document::write_json(Node::mapping({{"version", Node::string(KFRUN_VERSION)},
                                              {"kustomize", Node::string(kustomize)},
                                              {"libcurl", Node::string(curl_version_info(CURLVERSION_NOW)->version)},
                                              {"openssl", Node::string(OpenSSL_version(OPENSSL_VERSION_STRING))}}),
                               {.indent = 2}) +
          "\n");
  } else {
    print(fmt::format("kfrun {} (build prints what kustomize {} prints)\n", KFRUN_VERSION, kustomize));
  }
  return kDone;
}

}  // namespace kfrun::cli
