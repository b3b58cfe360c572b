// One GET of any URL, such as a manifest on a web server: nothing of a cluster's configuration takes part in it.
#pragma once

#include <string>

namespace kfrun::kube {

struct Fetched {
  int status = 0;
  std::string body;
};

// Follows up to 10 redirects; proxies are those of the environment (HTTPS_PROXY, NO_PROXY ...), certificates the system's.
// A status that tells of a fault is a value. Throws Error(unreachable) when no whole answer came, in the words of Go's HTTP
// client where there is a counterpart: "Get "URL": dial tcp 127.0.0.1:1: connect: connection refused".
Fetched fetch(const std::string& url);

}  // namespace kfrun::kube
