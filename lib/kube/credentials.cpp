#include "kube/credentials.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"

namespace kfrun::kube {

namespace {

using document::Node;

constexpr auto kTokenFileAge = std::chrono::seconds(10);
constexpr auto kPluginTimeout = std::chrono::seconds(60);
constexpr auto kRefreshBeforeExpiry = std::chrono::seconds(30);
constexpr std::size_t kLongestPluginWords = 400;

std::string bearer(std::string_view token) { return token.empty() ? std::string() : fmt::format("Bearer {}", token); }

// The ExecCredential that the plugin gets in KUBERNETES_EXEC_INFO.
std::string exec_info(const Config& config, const ExecPlugin& plugin) {
  Node spec = Node::mapping({{"interactive", Node::boolean(false)}});
  if (plugin.provide_cluster_info) {
    Node cluster = Node::mapping({{"server", Node::string(config.server)}});
    if (!config.tls_server_name.empty()) cluster.set("tls-server-name", Node::string(config.tls_server_name));
    if (config.insecure_skip_tls_verify) cluster.set("insecure-skip-tls-verify", Node::boolean(true));
    if (!config.certificate_authority.empty()) {
      cluster.set("certificate-authority-data", Node::string(base64(config.certificate_authority)));
    }
    if (!config.proxy_url.empty()) cluster.set("proxy-url", Node::string(config.proxy_url));
    if (!plugin.cluster_config.empty()) cluster.set("config", document::read_json(plugin.cluster_config, "kubeconfig"));
    spec.set("cluster", std::move(cluster));
  }
  return document::write_json(Node::mapping(
      {{"apiVersion", Node::string(plugin.api_version)}, {"kind", Node::string("ExecCredential")}, {"spec", std::move(spec)}}));
}

// What the plugin said on stderr is for people; its stdout, where the credential is, is never shown.
Error plugin_error(const ExecPlugin& plugin, std::string_view what, std::string_view words = {}) {
  std::string text = fmt::format("the credential plugin \"{}\" {}", plugin.command, what);
  words = trim(words);
  if (words.size() > kLongestPluginWords) words = words.substr(words.size() - kLongestPluginWords);
  if (!words.empty()) text += fmt::format(": {}", words);
  return Error(ErrorKind::denied, std::move(text));
}

std::string run_plugin(const Config& config, const ExecPlugin& plugin) {
  ProcessSpec spec;
  spec.command = {plugin.command};
  spec.command.insert(spec.command.end(), plugin.args.begin(), plugin.args.end());
  spec.environment = plugin.environment;
  spec.environment["KUBERNETES_EXEC_INFO"] = exec_info(config, plugin);
  try {
    ProcessResult result = run_process(spec, {}, kPluginTimeout);
    if (result.exit_code != 0) {
      throw plugin_error(plugin, fmt::format("ended with exit code {}", result.exit_code), result.error_output);
    }
    return std::move(result.output);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::not_found) {
      Error missing = plugin_error(plugin, "is not installed");
      if (!plugin.install_hint.empty()) missing.hint(plugin.install_hint);
      throw missing;
    }
    if (error.kind() == ErrorKind::timed_out) {
      throw plugin_error(plugin, fmt::format("did not end within {}", to_string(Duration(kPluginTimeout))));
    }
    throw;
  }
}

Node parse_plugin_output(const ExecPlugin& plugin, const std::string& output) {
  Node credential;
  try {
    credential = document::read_json(output, plugin.command);
  } catch (const Error&) {  // its message may quote the text
    throw plugin_error(plugin, "did not print an ExecCredential in JSON");
  }
  if (!credential.is_mapping() || credential.text_of("kind") != "ExecCredential") {
    throw plugin_error(plugin, "did not print an ExecCredential");
  }
  if (const auto version = credential.text_of("apiVersion"); version != plugin.api_version) {
    throw plugin_error(plugin, fmt::format("answered in version {} where the kubeconfig says {}", version, plugin.api_version));
  }
  Node* status = credential.find("status");
  if (status == nullptr || !status->is_mapping()) throw plugin_error(plugin, "printed an ExecCredential without a status");
  return std::move(*status);
}

}  // namespace

Credentials::Credentials(const Config& config) : config_(config) {
  credential_.client_certificate = config.client_certificate;
  credential_.client_key = config.client_key;
  if (!config.token.empty()) {
    credential_.authorization = bearer(config.token);
  } else if (!config.basic_user.empty()) {
    credential_.authorization = "Basic " + base64(config.basic_user + ":" + config.basic_password);
  }
}

const Credential& Credentials::current(TimePoint now) {
  if (!config_.token_file.empty()) {
    if (stale_ || now - fetched_ >= kTokenFileAge) read_token_file(now);
  } else if (config_.exec) {
    if (stale_ || (refresh_at_ && now >= *refresh_at_)) call_plugin(now);
  }
  return credential_;
}

bool Credentials::refused(unsigned generation, TimePoint now) {
  if (generation != credential_.generation) return true;
  if (!config_.token_file.empty()) {
    read_token_file(now);
    return generation != credential_.generation;
  }
  if (!config_.exec) return false;
  stale_ = true;
  return true;
}

void Credentials::use(std::string authorization, std::string certificate, std::string key) {
  credential_.authorization = std::move(authorization);
  credential_.client_certificate = std::move(certificate);
  credential_.client_key = std::move(key);
  ++credential_.generation;
}

void Credentials::read_token_file(TimePoint now) {
  fetched_ = now;
  try {
    const std::string text = disk().read(config_.token_file);
    stale_ = false;
    std::string authorization = bearer(trim(text));
    if (authorization == credential_.authorization) return;
    use(std::move(authorization), credential_.client_certificate, credential_.client_key);
  } catch (const Error& error) {
    // What was read last, or stands in the kubeconfig beside it, may still do.
    if (credential_.authorization.empty()) throw Error(ErrorKind::denied, fmt::format("no token: {}", error.message()));
  }
}

void Credentials::call_plugin(TimePoint now) {
  const ExecPlugin& plugin = *config_.exec;
  if (plugin.interactive_mode == "Always") {
    Error error = plugin_error(plugin, "wants a terminal, which kfrun does not give it");
    error.hint("log in with its own command first, and use a user of the kubeconfig with interactiveMode IfAvailable");
    throw error;
  }
  const Node status = parse_plugin_output(plugin, run_plugin(config_, plugin));
  std::string token = status.text_of("token");
  std::string certificate = status.text_of("clientCertificateData");
  std::string key = status.text_of("clientKeyData");
  if (token.empty() && certificate.empty()) throw plugin_error(plugin, "gave neither a token nor a certificate");
  if (certificate.empty() != key.empty()) throw plugin_error(plugin, "gave only one of certificate and key");

  fetched_ = now;
  stale_ = false;
  refresh_at_.reset();
  if (const auto expires = parse_rfc3339(status.text_of("expirationTimestamp"))) {
    // Early enough that no request meets the end, but not at each request where credentials live for seconds.
    refresh_at_ = std::max<TimePoint>(*expires - kRefreshBeforeExpiry, now + (*expires - now) / 2);
  }
  // A new generation even if nothing changed: of many requests that were refused at once only the first calls the plugin.
  use(bearer(token), std::move(certificate), std::move(key));
}

}  // namespace kfrun::kube
