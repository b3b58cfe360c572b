// Which resources the server has. Aggregated discovery where the server knows it (1.26+), else one request a group.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kube/client.h"

namespace kfrun::kube {

struct ServerVersion {
  int major = 0;
  int minor = 0;
  std::string git_version;
};

ServerVersion server_version(Client& client);

// What the server serves, asked for once and remembered. Resources only, no subresources.
class Discovery {
 public:
  explicit Discovery(Client& client) : client_(client) {}
  // The type behind apiVersion and kind; nothing when the server has none. Asks the server at most once a group version.
  // Throws when the server cannot say.
  std::optional<ResourceType> find(const std::string& api_version, const std::string& kind);
  // Everything the server serves, preferred versions first within a group. Groups whose own server (an APIService) is down
  // are left out.
  const std::vector<ResourceType>& all();
  // Forget, after a CRD was installed.
  void invalidate();

 private:
  const std::vector<ResourceType>& version(const std::string& api_version);

  Client& client_;
  std::map<std::string, std::vector<ResourceType>> versions_;  // by apiVersion
  std::optional<std::vector<ResourceType>> all_;
};

}  // namespace kfrun::kube
