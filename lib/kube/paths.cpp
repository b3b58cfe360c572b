// The paths of the Kubernetes API.
#include <cstdint>

#include "kube/client.h"

namespace kfrun::kube {

namespace types {
const ResourceType pods{"", "v1", "pods", "Pod", true};
const ResourceType config_maps{"", "v1", "configmaps", "ConfigMap", true};
const ResourceType secrets{"", "v1", "secrets", "Secret", true};
const ResourceType persistent_volume_claims{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true};
const ResourceType events{"", "v1", "events", "Event", true};
const ResourceType nodes{"", "v1", "nodes", "Node", false};
const ResourceType namespaces{"", "v1", "namespaces", "Namespace", false};
const ResourceType leases{"coordination.k8s.io", "v1", "leases", "Lease", true};
}  // namespace types

namespace {

// RFC 3986: everything but the unreserved characters.
std::string percent_encode(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += digits[static_cast<std::uint8_t>(c) >> 4];
      encoded += digits[static_cast<std::uint8_t>(c) & 15];
    }
  }
  return encoded;
}

}  // namespace

std::string path_of(const ResourceType& type, const std::string& name_space, const std::string& name) {
  std::string path = type.group.empty() ? "/api/" + type.version : "/apis/" + type.group + "/" + type.version;
  if (type.namespaced && !name_space.empty()) path += "/namespaces/" + percent_encode(name_space);
  path += "/" + type.plural;
  if (!name.empty()) path += "/" + percent_encode(name);
  return path;
}

std::string encode_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    text += text.empty() ? '?' : '&';
    text += percent_encode(name) + "=" + percent_encode(value);
  }
  return text;
}

std::string log_path(const std::string& name_space, const std::string& pod, const LogOptions& options) {
  std::vector<std::pair<std::string, std::string>> query;
  if (!options.container.empty()) query.emplace_back("container", options.container);
  if (options.follow) query.emplace_back("follow", "true");
  if (options.previous) query.emplace_back("previous", "true");
  if (options.timestamps) query.emplace_back("timestamps", "true");
  if (options.since_seconds) query.emplace_back("sinceSeconds", std::to_string(*options.since_seconds));
  if (!options.since_time.empty()) query.emplace_back("sinceTime", options.since_time);
  if (options.tail_lines) query.emplace_back("tailLines", std::to_string(*options.tail_lines));
  if (options.limit_bytes) query.emplace_back("limitBytes", std::to_string(*options.limit_bytes));
  return path_of(types::pods, name_space, pod) + "/log" + encode_query(query);
}

}  // namespace kfrun::kube
