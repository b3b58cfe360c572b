#include "kube/config.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "document/writer.h"
#include "kube/kubeconfig.h"

namespace kfrun::kube {

namespace {

using Environment = std::map<std::string, std::string>;

const std::string kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";
constexpr std::string_view kExecExtension = "client.authentication.k8s.io/exec";

std::string variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

Kubeconfig read_file(const FileSystem& files, const std::string& path) { return parse_kubeconfig(files.read(path), path); }

// The files that KUBECONFIG names or else the one at home, each once, in order.
std::vector<std::string> usual_files(const Environment& environment) {
  std::vector<std::string> paths;
  for (const std::string& path : split(variable(environment, "KUBECONFIG"), ':')) {
    if (!path.empty() && std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  }
  const std::string home = variable(environment, "HOME");
  if (paths.empty() && !home.empty()) paths.push_back(join_path(home, ".kube/config"));
  return paths;
}

// Files that do not exist are passed over, as kubectl does. Nothing when there is none at all.
std::optional<Kubeconfig> read_usual_files(const FileSystem& files, const Environment& environment) {
  std::optional<Kubeconfig> merged;
  for (const std::string& path : usual_files(environment)) {
    if (!files.is_file(path)) continue;
    Kubeconfig next = read_file(files, path);
    if (!merged) {
      merged = std::move(next);
    } else {
      merge_kubeconfig(*merged, std::move(next));
    }
  }
  return merged;
}

std::vector<std::string> names_of(const KubeconfigEntries& entries) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries) names.push_back(name);
  return names;
}

const KubeconfigEntry& find_entry(const KubeconfigEntries& entries, const std::string& name, std::string_view what) {
  const auto found = entries.find(name);
  if (found != entries.end()) return found->second;
  Error error(ErrorKind::not_found, fmt::format("the kubeconfig has no {} \"{}\"", what, name));
  const auto names = names_of(entries);
  if (const auto near = nearest(name, names)) {
    error.hint(fmt::format("did you mean \"{}\"?", *near));
  } else if (!names.empty()) {
    error.hint(fmt::format("it has: {}", join(names, ", ")));
  }
  throw error;
}

// The field `key` that holds a file's path, or its sibling `key`-data that holds the text itself and wins.
std::string pem(const EntryFields& fields, const std::string& key, const FileSystem& files) {
  if (fields.has(key + "-data")) return fields.bytes(key + "-data");
  const std::string path = fields.path(key);
  if (path.empty()) return {};
  try {
    return files.read(path);
  } catch (Error& error) {
    error.at(fields.place(key));
    throw;
  }
}

std::string exec_extension(const EntryFields& cluster) {
  const document::Node* extensions = cluster.list("extensions");
  if (extensions == nullptr) return {};
  for (const document::Node& item : extensions->items()) {
    const document::Node* extension = item.find("extension");
    if (extension != nullptr && item.text_of("name") == kExecExtension) return document::write_json(*extension);
  }
  return {};
}

void read_cluster(Config& config, const KubeconfigEntry& entry, const FileSystem& files) {
  const EntryFields fields(entry.value, entry.file, fmt::format("clusters[{}]", config.cluster));
  config.server = fields.text("server");
  config.certificate_authority = pem(fields, "certificate-authority", files);
  config.tls_server_name = fields.text("tls-server-name");
  config.insecure_skip_tls_verify = fields.flag("insecure-skip-tls-verify");
  config.proxy_url = fields.text("proxy-url");
}

ExecPlugin read_exec_plugin(const document::Node& node, const EntryFields& user, const std::string& path) {
  const EntryFields fields(node, user.file(), path);
  ExecPlugin plugin;
  plugin.api_version = fields.text("apiVersion");
  plugin.command = fields.text("command");
  if (plugin.command.empty()) throw input_error(user.place("exec"), "the credential plugin has no command");
  // A bare name is looked up in PATH; anything with a slash is a file beside the kubeconfig.
  if (plugin.command.find('/') != std::string::npos) plugin.command = fields.path("command");
  plugin.args = fields.texts("args");
  plugin.install_hint = std::string(trim(fields.text("installHint")));
  plugin.interactive_mode = fields.text("interactiveMode");
  plugin.provide_cluster_info = fields.flag("provideClusterInfo");
  if (const document::Node* variables = fields.list("env")) {
    for (const document::Node& item : variables->items()) {
      if (!item.is_mapping())
        throw input_error(item.place(user.file(), path + ".env"), "expected a mapping, found {}", item.type_name());
      plugin.environment[item.text_of("name")] = item.text_of("value");
    }
  }
  return plugin;
}

void read_impersonation(Config& config, const EntryFields& fields) {
  config.impersonate_user = fields.text("as");
  config.impersonate_uid = fields.text("as-uid");
  config.impersonate_groups = fields.texts("as-groups");
  if (const document::Node* extra = fields.mapping("as-user-extra")) {
    const EntryFields values(*extra, fields.file(), fields.place("as-user-extra").path);
    for (const document::Member& member : extra->members()) {
      if (member.key.is_scalar()) config.impersonate_extra[member.key.text()] = values.texts(member.key.text());
    }
  }
}

void read_user(Config& config, const KubeconfigEntry& entry, const FileSystem& files) {
  const std::string path = fmt::format("users[{}]", config.user);
  const EntryFields fields(entry.value, entry.file, path);
  config.client_certificate = pem(fields, "client-certificate", files);
  config.client_key = pem(fields, "client-key", files);
  config.token = fields.text("token");
  config.token_file = fields.path("tokenFile");
  config.basic_user = fields.text("username");
  config.basic_password = fields.text("password");
  if (const document::Node* exec = fields.mapping("exec")) config.exec = read_exec_plugin(*exec, fields, path + ".exec");
  if (fields.has("auth-provider")) {
    Error error(ErrorKind::unsupported, "auth-provider is not supported", fields.place("auth-provider"));
    error.hint("write the user anew with your cloud's tool: today's ones use a credential plugin (exec)");
    throw error;
  }
  read_impersonation(config, fields);
}

// The context that was asked for or is current, then its cluster, user and namespace, each of which may be asked for too.
void choose(Config& config, const Kubeconfig& kubeconfig, const ConfigOverrides& overrides, const FileSystem& files) {
  config.context = overrides.context.empty() ? kubeconfig.current_context : overrides.context;
  config.cluster = overrides.cluster;
  config.user = overrides.user;
  if (!config.context.empty()) {
    const KubeconfigEntry& entry = find_entry(kubeconfig.contexts, config.context, "context");
    const EntryFields fields(entry.value, entry.file, fmt::format("contexts[{}]", config.context));
    if (config.cluster.empty()) config.cluster = fields.text("cluster");
    if (config.user.empty()) config.user = fields.text("user");
    if (const auto name_space = fields.text("namespace"); !name_space.empty()) config.name_space = name_space;
  }
  if (!config.cluster.empty()) {
    const KubeconfigEntry& entry = find_entry(kubeconfig.clusters, config.cluster, "cluster");
    read_cluster(config, entry, files);
  }
  if (!config.user.empty()) read_user(config, find_entry(kubeconfig.users, config.user, "user"), files);
  if (config.exec && config.exec->provide_cluster_info && !config.cluster.empty()) {
    const KubeconfigEntry& entry = kubeconfig.clusters.at(config.cluster);
    config.exec->cluster_config =
        exec_extension(EntryFields(entry.value, entry.file, fmt::format("clusters[{}]", config.cluster)));
  }
}

// What every pod with a mounted service account has.
std::optional<Config> in_cluster(const FileSystem& files, const Environment& environment) {
  std::string host = variable(environment, "KUBERNETES_SERVICE_HOST");
  const std::string port = variable(environment, "KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty() || !files.is_file(kServiceAccount + "token")) return std::nullopt;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  Config config;
  config.server = fmt::format("https://{}:{}", host, port);
  config.token_file = kServiceAccount + "token";
  if (files.is_file(kServiceAccount + "ca.crt")) config.certificate_authority = files.read(kServiceAccount + "ca.crt");
  if (const auto name_space = variable(environment, "POD_NAMESPACE"); !name_space.empty()) {
    config.name_space = name_space;
  } else if (files.is_file(kServiceAccount + "namespace")) {
    config.name_space = std::string(trim(files.read(kServiceAccount + "namespace")));
  }
  return config;
}

// A token or a certificate on the command line says who we are, all of it: the API server would otherwise look at the
// kubeconfig's certificate first and never see the token.
void forget_user(Config& config) {
  config.client_certificate.clear();
  config.client_key.clear();
  config.token.clear();
  config.token_file.clear();
  config.basic_user.clear();
  config.basic_password.clear();
  config.exec.reset();
}

void apply_overrides(Config& config, const ConfigOverrides& overrides, const FileSystem& files) {
  if (!overrides.name_space.empty()) config.name_space = overrides.name_space;
  if (!overrides.server.empty()) config.server = overrides.server;
  if (!overrides.token.empty() || !overrides.client_certificate.empty()) forget_user(config);
  config.token = overrides.token.empty() ? config.token : overrides.token;
  if (!overrides.client_certificate.empty()) config.client_certificate = files.read(overrides.client_certificate);
  if (!overrides.client_key.empty()) config.client_key = files.read(overrides.client_key);
  if (!overrides.certificate_authority.empty()) config.certificate_authority = files.read(overrides.certificate_authority);
  if (!overrides.tls_server_name.empty()) config.tls_server_name = overrides.tls_server_name;
  if (overrides.insecure_skip_tls_verify) config.insecure_skip_tls_verify = *overrides.insecure_skip_tls_verify;
  if (!overrides.as.empty()) config.impersonate_user = overrides.as;
  if (!overrides.as_groups.empty()) config.impersonate_groups = overrides.as_groups;
  if (overrides.request_timeout) config.request_timeout = *overrides.request_timeout;
  config.max_requests_per_second = overrides.max_requests_per_second;
}

Error no_configuration(const Kubeconfig* kubeconfig, const Environment& environment) {
  if (kubeconfig != nullptr && !kubeconfig->contexts.empty()) {
    Error error(ErrorKind::not_found, "the kubeconfig has no current context");
    error.hint(
        fmt::format("choose one with --context or `kubectl config use-context`: {}", join(names_of(kubeconfig->contexts), ", ")));
    return error;
  }
  Error error(ErrorKind::not_found, "no Kubernetes cluster is configured");
  const auto files = usual_files(environment);
  if (kubeconfig == nullptr && !files.empty()) error.within(fmt::format("looking for {}", join(files, ", ")));
  error.hint("start a cluster on this machine (minikube start), or name a kubeconfig with KUBECONFIG or --kubeconfig");
  error.hint("to run without a cluster, as processes of this machine, use --local");
  return error;
}

void check_pem(const std::string& text, std::string_view begin, std::string_view what) {
  if (!text.empty() && text.find(begin) == std::string::npos) throw input_error({}, "{} is not PEM text", what);
}

// What would otherwise fail later, in words that do not name the setting.
void check(Config& config) {
  if (config.server.find("://") == std::string::npos) {  // as client-go: https when there is anything of TLS
    const bool tls =
        !config.certificate_authority.empty() || !config.client_certificate.empty() || config.insecure_skip_tls_verify;
    config.server = (tls ? "https://" : "http://") + config.server;
  }
  if (!config.server.starts_with("https://") && !config.server.starts_with("http://")) {
    throw input_error({}, "the server's URL is neither https:// nor http://");
  }
  if (config.server.find('@') != std::string::npos) throw input_error({}, "the server's URL must not contain credentials");
  while (config.server.ends_with('/')) config.server.pop_back();
  check_pem(config.certificate_authority, "-----BEGIN", "the certificate authority");
  check_pem(config.client_certificate, "-----BEGIN", "the client certificate");
  check_pem(config.client_key, "-----BEGIN", "the client key");
  if (config.client_certificate.empty() != config.client_key.empty()) {
    throw input_error({}, "a client certificate and a client key go together: the {} is missing",
                      config.client_key.empty() ? "key" : "certificate");
  }
}

}  // namespace

Config load_config(const ConfigOverrides& overrides, const FileSystem& files, const Environment& environment) {
  std::optional<Kubeconfig> kubeconfig;
  if (overrides.kubeconfig.empty()) {
    kubeconfig = read_usual_files(files, environment);
  } else {
    try {
      kubeconfig = read_file(files, overrides.kubeconfig);
    } catch (Error& error) {
      if (error.kind() == ErrorKind::not_found) error.hint("--kubeconfig names a file that must exist");
      throw;
    }
  }

  Config config;
  if (kubeconfig) choose(config, *kubeconfig, overrides, files);
  if (config.server.empty() && overrides.kubeconfig.empty() && overrides.context.empty()) {
    if (auto own = in_cluster(files, environment)) config = std::move(*own);
  }
  apply_overrides(config, overrides, files);
  if (config.server.empty()) {
    if (!config.cluster.empty())
      throw make_error(ErrorKind::input, "cluster \"{}\" of the kubeconfig has no server", config.cluster);
    throw no_configuration(kubeconfig ? &*kubeconfig : nullptr, environment);
  }
  check(config);
  return config;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace kfrun::kube
