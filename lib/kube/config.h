// Where the API server is and who we are: kubeconfig files merged as kubectl merges them, or a pod's own service account.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/time.h"

namespace kfrun::kube {

// How an exec credential plugin is called (client.authentication.k8s.io).
struct ExecPlugin {
  std::string api_version;
  std::string command;
  std::vector<std::string> args;
  std::map<std::string, std::string> environment;
  std::string install_hint;
  std::string interactive_mode;  // "Never", "IfAvailable", "Always"; "" in v1beta1 where it may be absent
  bool provide_cluster_info = false;
  std::string cluster_config;  // JSON of the cluster's extension "client.authentication.k8s.io/exec", "" = none
};

// Everything one connection needs, certificate data as PEM text. Secrets in it never appear in messages.
struct Config {
  std::string server;  // "https://127.0.0.1:6443"
  std::string name_space = "default";
  std::string context;  // for messages; "" in a pod
  std::string cluster;
  std::string user;

  std::string certificate_authority;  // PEM; "" = the system's
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string proxy_url;

  std::string client_certificate;  // PEM
  std::string client_key;          // PEM
  std::string token;
  std::string token_file;  // read again when it changes
  std::string basic_user;
  std::string basic_password;
  std::optional<ExecPlugin> exec;
  std::string impersonate_user;
  std::string impersonate_uid;
  std::vector<std::string> impersonate_groups;
  std::map<std::string, std::vector<std::string>> impersonate_extra;

  Duration request_timeout = std::chrono::seconds(30);  // of one try
  Duration retry_for = std::chrono::seconds(15);        // how long a request is tried again by the client itself
  Duration refusal_patience =
      std::chrono::seconds(30);  // how long a login that was accepted may be refused until that is believed
  // Never more than these; absent: as many as the server takes. Where it says 429 there are fewer for a while (rate_limit.h).
  std::optional<double> max_requests_per_second;
};

// What the command line and the environment say; empty means not given.
struct ConfigOverrides {
  std::string kubeconfig;  // --kubeconfig: this file alone; else KUBECONFIG's list, else ~/.kube/config, else in-cluster
  std::string context;
  std::string cluster;
  std::string user;
  std::string name_space;
  std::string server;
  std::string token;
  std::string as;
  std::vector<std::string> as_groups;
  std::string certificate_authority;  // a file
  std::string client_certificate;     // a file
  std::string client_key;             // a file
  std::string tls_server_name;
  std::optional<bool> insecure_skip_tls_verify;
  std::optional<Duration> request_timeout;
  std::optional<double> max_requests_per_second;
};

// Reads and merges. First file wins for each named entry and for current-context; relative paths are relative to the file
// they stand in. Throws Error(input) with place for a broken file, Error(not_found) when there is no configuration at all,
// with a hint what to do (minikube start, KUBECONFIG, --local).
Config load_config(const ConfigOverrides& overrides, const FileSystem& files,
                   const std::map<std::string, std::string>& environment);

// This process's environment, for load_config().
std::map<std::string, std::string> process_environment();

}  // namespace kfrun::kube
