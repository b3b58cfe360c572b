// Versions of the libraries that the connection to a server is made with, for bug reports.
#pragma once

#include <map>
#include <string>

namespace kfrun::kube {

// By name: "libcurl", and what it was built with: "tls" ("OpenSSL/3.0.19"), "nghttp2".
std::map<std::string, std::string> library_versions();

}  // namespace kfrun::kube
