#include "kube/config.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/test.h"

namespace kfrun::kube {

namespace {

using Environment = std::map<std::string, std::string>;

constexpr const char* kCertificate = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
constexpr const char* kKey = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
constexpr const char* kSecret = "s3cr3t-t0k3n";

// Two clusters, two users, two contexts; "dev" is current.
const std::string kTwo = R"(apiVersion: v1
kind: Config
current-context: dev
clusters:
- {name: a, cluster: {server: "https://a:6443", certificate-authority: pki/ca.crt}}
- {name: b, cluster: {server: "https://b:6443/", insecure-skip-tls-verify: true, tls-server-name: kube.b, proxy-url: "http://proxy:3128"}}
users:
- {name: ann, user: {token: s3cr3t-t0k3n}}
- {name: bob, user: {client-certificate: bob.crt, client-key: /keys/bob.key}}
contexts:
- {name: dev, context: {cluster: a, user: ann, namespace: team}}
- {name: prod, context: {cluster: b, user: bob}}
)";

struct World {
  MemoryFileSystem files;
  Environment environment{{"HOME", "/home/ann"}};
  ConfigOverrides overrides;

  World() {
    files.add("/home/ann/.kube/config", kTwo);
    files.add("/home/ann/.kube/pki/ca.crt", kCertificate);
    files.add("/home/ann/.kube/bob.crt", kCertificate);
    files.add("/keys/bob.key", kKey);
  }
  void user(const std::string& fields) {
    files.add("/k", "current-context: c\nclusters: [{name: c, cluster: {server: 'https://c'}}]\nusers: [{name: u, user: " +
                        fields + "}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n");
    overrides.kubeconfig = "/k";
  }
  Config load() const { return load_config(overrides, files, environment); }
  Error error() const {
    try {
      load();
    } catch (const Error& error) {
      return error;
    }
    return {ErrorKind::internal, "no error"};
  }
};

bool mentions(const std::vector<std::string>& hints, const std::string& text) {
  for (const auto& hint : hints) {
    if (hint.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE_METHOD(World, "the current context decides, paths are relative to the file") {
  const Config config = load();
  CHECK(config.context == "dev");
  CHECK(config.cluster == "a");
  CHECK(config.user == "ann");
  CHECK(config.server == "https://a:6443");
  CHECK(config.name_space == "team");
  CHECK(config.token == kSecret);
  CHECK(config.certificate_authority == kCertificate);
  CHECK_FALSE(config.insecure_skip_tls_verify);
}

TEST_CASE_METHOD(World, "another context can be asked for, and parts of it") {
  overrides.context = "prod";
  const Config config = load();
  CHECK(config.server == "https://b:6443");
  CHECK(config.name_space == "default");
  CHECK(config.client_certificate == kCertificate);
  CHECK(config.client_key == kKey);
  CHECK(config.insecure_skip_tls_verify);
  CHECK(config.tls_server_name == "kube.b");
  CHECK(config.proxy_url == "http://proxy:3128");

  overrides.cluster = "a";
  overrides.user = "ann";
  overrides.name_space = "other";
  overrides.as = "root";
  overrides.as_groups = {"g"};
  overrides.request_timeout = std::chrono::seconds(5);
  const Config mixed = load();
  CHECK(mixed.server == "https://a:6443");
  CHECK(mixed.token == kSecret);
  CHECK(mixed.name_space == "other");
  CHECK(mixed.impersonate_user == "root");
  CHECK(mixed.impersonate_groups == std::vector<std::string>{"g"});
  CHECK(mixed.request_timeout == std::chrono::seconds(5));
}

TEST_CASE_METHOD(World, "a token on the command line is all of who we are") {
  overrides.context = "prod";
  overrides.token = "mine";
  const Config config = load();
  CHECK(config.token == "mine");
  CHECK(config.client_certificate.empty());
  CHECK(config.client_key.empty());
}

TEST_CASE_METHOD(World, "of the files in KUBECONFIG the first wins each name and the current context") {
  files.add("/one/config",
            "current-context: dev\nusers: [{name: ann, user: {token: first}}]\ncontexts: [{name: dev, context: {cluster: a, "
            "user: ann}}]\n");
  files.add("/two/config",
            "current-context: prod\nclusters: [{name: a, cluster: {server: 'https://two', certificate-authority: ca}}]\n"
            "users: [{name: ann, user: {token: second, username: x, password: y}}]\n"
            "contexts: [{name: dev, context: {cluster: a, user: ann, namespace: second}}]\n");
  files.add("/two/ca", kCertificate);
  environment["KUBECONFIG"] = "/one/config::/absent:/two/config:/one/config";
  const Config config = load();
  CHECK(config.context == "dev");
  CHECK(config.server == "https://two");
  CHECK(config.certificate_authority == kCertificate);
  CHECK(config.token == "first");
  CHECK(config.basic_user.empty());  // entries are not mixed
  CHECK(config.name_space == "default");
}

TEST_CASE_METHOD(World, "the file of --kubeconfig is read alone and must exist") {
  environment["KUBECONFIG"] = "/home/ann/.kube/config";
  overrides.kubeconfig = "/absent";
  CHECK(error().kind() == ErrorKind::not_found);
  CHECK(mentions(error().hints(), "--kubeconfig"));
}

TEST_CASE_METHOD(World, "embedded data wins over files") {
  files.add("/k",
            "current-context: c\nclusters: [{name: c, cluster: {server: 'https://c', certificate-authority: /absent, "
            "certificate-authority-data: " +
                base64(kCertificate) + "}}]\nusers: [{name: u, user: {client-certificate-data: " + base64(kCertificate) +
                ", client-key-data: " + base64(kKey) + "}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n");
  overrides.kubeconfig = "/k";
  const Config config = load();
  CHECK(config.certificate_authority == kCertificate);
  CHECK(config.client_certificate == kCertificate);
  CHECK(config.client_key == kKey);
}

TEST_CASE_METHOD(World, "a pod uses its service account when there is no kubeconfig") {
  files = {};
  const std::string account = "/var/run/secrets/kubernetes.io/serviceaccount/";
  files.add(account + "token", "t");
  files.add(account + "ca.crt", kCertificate);
  files.add(account + "namespace", "jobs\n");
  environment["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  environment["KUBERNETES_SERVICE_PORT"] = "443";
  const Config config = load();
  CHECK(config.server == "https://[fd00::1]:443");
  CHECK(config.token_file == account + "token");
  CHECK(config.certificate_authority == kCertificate);
  CHECK(config.name_space == "jobs");
  environment["POD_NAMESPACE"] = "pods";
  CHECK(load().name_space == "pods");
  overrides.name_space = "asked";
  CHECK(load().name_space == "asked");

  files.add("/home/ann/.kube/config", kTwo);
  files.add("/home/ann/.kube/pki/ca.crt", kCertificate);
  CHECK(load().server == "https://a:6443");
}

TEST_CASE_METHOD(World, "a server on the command line needs no kubeconfig") {
  files = {};
  overrides.server = "127.0.0.1:8080";
  CHECK(load().server == "http://127.0.0.1:8080");
  overrides.insecure_skip_tls_verify = true;
  CHECK(load().server == "https://127.0.0.1:8080");
}

TEST_CASE_METHOD(World, "without any configuration the error says what to do") {
  files = {};
  const Error fault = error();
  CHECK(fault.kind() == ErrorKind::not_found);
  CHECK_THAT(fault.what(), ContainsSubstring("/home/ann/.kube/config"));
  CHECK(mentions(fault.hints(), "minikube start"));
  CHECK(mentions(fault.hints(), "KUBECONFIG"));
  CHECK(mentions(fault.hints(), "--local"));
}

TEST_CASE_METHOD(World, "what is named but not there is said, with the nearest name") {
  overrides.context = "prd";
  CHECK(error().message() == "the kubeconfig has no context \"prd\"");
  CHECK(mentions(error().hints(), "did you mean \"prod\"?"));
  overrides = {};
  overrides.user = "zoe";
  CHECK(error().message() == "the kubeconfig has no user \"zoe\"");
  CHECK(mentions(error().hints(), "ann, bob"));

  overrides = {};
  files.add("/home/ann/.kube/config", "contexts: [{name: x, context: {}}]");
  CHECK(error().message() == "the kubeconfig has no current context");
  CHECK(mentions(error().hints(), "x"));
}

TEST_CASE_METHOD(World, "a credential plugin is described, a command with a slash beside the kubeconfig") {
  files.add("/etc/kube/config", R"(current-context: c
clusters: [{name: c, cluster: {server: "https://c", extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x}}]}}]
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/login
      args: [--quiet, 3]
      env: [{name: PROFILE, value: team}]
      installHint: |
        install it
      interactiveMode: IfAvailable
      provideClusterInfo: true
contexts: [{name: c, context: {cluster: c, user: u}}]
)");
  overrides.kubeconfig = "/etc/kube/config";
  const Config config = load();
  REQUIRE(config.exec);
  CHECK(config.exec->command == "/etc/kube/./bin/login");
  CHECK(config.exec->args == std::vector<std::string>{"--quiet", "3"});
  CHECK(config.exec->environment.at("PROFILE") == "team");
  CHECK(config.exec->install_hint == "install it");
  CHECK(config.exec->cluster_config == R"({"audience":"x"})");
  overrides.token = "t";
  CHECK_FALSE(load().exec);
}

TEST_CASE_METHOD(World, "impersonation is read from the user") {
  user("{token: t, as: jane, as-uid: '7', as-groups: [a, b], as-user-extra: {reason: [x, y]}}");
  const Config config = load();
  CHECK(config.impersonate_user == "jane");
  CHECK(config.impersonate_uid == "7");
  CHECK(config.impersonate_groups == std::vector<std::string>{"a", "b"});
  CHECK(config.impersonate_extra.at("reason") == std::vector<std::string>{"x", "y"});
}

TEST_CASE_METHOD(World, "broken files are errors with a place, and show no secret") {
  const auto fault = [&](const std::string& text) {
    files.add("/k", text);
    overrides.kubeconfig = "/k";
    const Error found = error();
    CHECK(found.kind() == ErrorKind::input);
    CHECK(found.place().file == "/k");
    CHECK(std::string(found.what()).find("s3cr3t") == std::string::npos);
    return found;
  };
  CHECK(fault("a: [").place().line > 0);
  CHECK(fault("- s3cr3t").message() == "not a kubeconfig: expected a mapping, found a list");
  CHECK(fault("kind: Pod").message() == "not a kubeconfig: kind is \"Pod\", not \"Config\"");
  CHECK(fault("users: s3cr3t").message() == "expected a list, found a string");
  CHECK(fault("users: [s3cr3t]").place().path == "users[0]");
  CHECK(fault("users: [{name: a}, {name: a}]").message() == "duplicate name \"a\" in users");

  user("{token: [s3cr3t]}");
  CHECK(error().place().path == "users[u].token");
  user("{client-key-data: '*s3cr3t*'}");
  CHECK(error().message() == "not base64");
  CHECK(error().place().line == 3);
  user("{client-certificate: /absent, client-key: /absent}");
  CHECK(error().kind() == ErrorKind::not_found);
  CHECK(error().place().path == "users[u].client-certificate");
  user("{client-key-data: " + base64("s3cr3t") + ", client-certificate-data: " + base64(kCertificate) + "}");
  CHECK(error().message() == "the client key is not PEM text");
  user("{client-certificate-data: " + base64(kCertificate) + "}");
  CHECK_THAT(error().message(), ContainsSubstring("the key is missing"));
  user("{auth-provider: {name: gcp}}");
  CHECK(error().kind() == ErrorKind::unsupported);
  user("{exec: {apiVersion: v1}}");
  CHECK(error().message() == "the credential plugin has no command");
}

TEST_CASE("this process's environment is there to be read") { CHECK(process_environment().count("PATH") == 1); }

}  // namespace kfrun::kube
