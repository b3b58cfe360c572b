// Verb `version`, and the end of a command line that was answered while it was read (help).
#include "cli/exit_code.h"
#include "cli/screen.h"
#include "cli/verbs.h"
#include "kube/versions.h"

namespace kfrun::cli {

int run(const Finished& flags) { return flags.exit_code; }

int run(const VersionFlags& flags) {
  using document::Node;
  // The kustomize whose output `build` prints.
  const std::string kustomize = "v5.8.2";
  if (flags.output != OutputFormat::table) {
    Node node = Node::mapping({{"version", Node::string(KFRUN_VERSION)}, {"kustomize", Node::string(kustomize)}});
    for (const auto& [library, version] : kube::library_versions()) node.set(library, Node::string(version));
    print(node, flags.output);
  } else {
    print(fmt::format("kfrun {} (build prints what kustomize {} prints)\n", KFRUN_VERSION, kustomize));
  }
  return kDone;
}

}  // namespace kfrun::cli
