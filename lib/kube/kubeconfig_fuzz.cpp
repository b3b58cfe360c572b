// Any text as a kubeconfig: it is read, or an Error says why not. Nothing else may leave.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "kube/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  kfrun::MemoryFileSystem files;
  files.add("/home/.kube/config", text);
  files.add("/other", "current-context: dev\nclusters: [{name: a, cluster: {server: 'https://a'}}]\n");
  for (const char* list : {"/home/.kube/config", "/home/.kube/config:/other", "/other:/home/.kube/config"}) {
    try {
      const auto config = kfrun::kube::load_config({}, files, {{"KUBECONFIG", list}});
      KFRUN_CHECK(config.server.find("://") != std::string::npos);
    } catch (const kfrun::Error& error) {
      KFRUN_CHECK(error.kind() != kfrun::ErrorKind::internal);
    }
  }
  return 0;
}
