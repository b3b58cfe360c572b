#include "kube/versions.h"

#include <curl/curl.h>

namespace kfrun::kube {

std::map<std::string, std::string> library_versions() {
  const auto* info = curl_version_info(CURLVERSION_NOW);
  std::map<std::string, std::string> versions{{"libcurl", info->version}};
  if (info->ssl_version) versions["tls"] = info->ssl_version;
  if (info->nghttp2_version) versions["nghttp2"] = info->nghttp2_version;
  return versions;
}

}  // namespace kfrun::kube
