#include "kube/credentials.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/test.h"
#include "kube/client.h"
#include "kube/fault_server.h"

namespace kfrun::kube {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const std::string kUnauthorized = R"({"kind":"Status","message":"Unauthorized"})";
const TimePoint kNow = *parse_rfc3339("2026-11-24T05:00:00Z");

// A folder for scripts and token files.
struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/kfrun-credentials-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }

  std::string file(const std::string& name, const std::string& text) const {
    write_file(path + "/" + name, text);
    return path + "/" + name;
  }
  std::string text(const std::string& name) const { return disk().read(path + "/" + name); }

  // A plugin that counts its calls in the file "calls", then runs `body` with the count in $n.
  Config plugin(const std::string& body) const {
    const std::string script =
        file("plugin", "#!/bin/sh\ncd " + path + "\necho x >> calls\nn=$(wc -l < calls | tr -d ' ')\n" + body + "\n");
    ::chmod(script.c_str(), 0755);
    Config config;
    config.server = "https://c";
    config.exec.emplace();
    config.exec->api_version = "client.authentication.k8s.io/v1";
    config.exec->command = script;
    return config;
  }
  int calls() const { return static_cast<int>(text("calls").size() / 2); }
};

std::string exec_credential(const std::string& status) {
  return "printf '%s' "
         "\"{\\\"apiVersion\\\":\\\"client.authentication.k8s.io/v1\\\",\\\"kind\\\":\\\"ExecCredential\\\",\\\"status\\\":" +
         status + "}\"";
}

Error error_of(Credentials& credentials) {
  try {
    credentials.current(kNow);
  } catch (const Error& error) {
    return error;
  }
  return {ErrorKind::internal, "no error"};
}

}  // namespace

TEST_CASE("fixed credentials are what the kubeconfig says") {
  Config config;
  CHECK(Credentials(config).current(kNow).authorization.empty());
  config.basic_user = "ann";
  config.basic_password = "pw";
  CHECK(Credentials(config).current(kNow).authorization == "Basic " + base64("ann:pw"));
  config.token = "t";
  Credentials credentials(config);
  CHECK(credentials.current(kNow).authorization == "Bearer t");
  CHECK_FALSE(credentials.refused(credentials.current(kNow).generation, kNow));
}

TEST_CASE_METHOD(Folder, "a token file is read again as time goes by and after a refusal") {
  Config config;
  config.token_file = file("token", "one\n");
  config.token = "old";
  Credentials credentials(config);
  CHECK(credentials.current(kNow).authorization == "Bearer one");
  file("token", "two");
  CHECK(credentials.current(kNow + seconds(1)).authorization == "Bearer one");
  CHECK(credentials.current(kNow + seconds(11)).authorization == "Bearer two");
  const unsigned generation = credentials.current(kNow + seconds(11)).generation;
  CHECK_FALSE(credentials.refused(generation, kNow + seconds(12)));
  file("token", "three");
  CHECK(credentials.refused(generation, kNow + seconds(12)));
  CHECK(credentials.current(kNow + seconds(12)).authorization == "Bearer three");
  std::filesystem::remove(config.token_file);
  CHECK(credentials.current(kNow + minutes(5)).authorization == "Bearer three");
}

TEST_CASE_METHOD(Folder, "without a token the error names the file") {
  Config config;
  config.token_file = path + "/absent";
  Credentials credentials(config);
  CHECK(error_of(credentials).kind() == ErrorKind::denied);
  CHECK_THAT(error_of(credentials).message(), ContainsSubstring(config.token_file));
}

TEST_CASE_METHOD(Folder, "a plugin's credential is kept until shortly before it expires") {
  const Config config =
      plugin(exec_credential(R"({\"token\":\"t$n\",\"expirationTimestamp\":\"2026-11-24T05:0$((n * 5)):00Z\"})"));
  Credentials credentials(config);
  CHECK(credentials.current(kNow).authorization == "Bearer t1");
  CHECK(credentials.current(kNow + minutes(4)).authorization == "Bearer t1");
  CHECK(calls() == 1);
  CHECK(credentials.current(kNow + minutes(5) - seconds(29)).authorization == "Bearer t2");
  CHECK(calls() == 2);
}

TEST_CASE_METHOD(Folder, "after a refusal a plugin is called once for all that were refused") {
  const Config config = plugin(exec_credential(R"({\"token\":\"same\"})"));
  Credentials credentials(config);
  const unsigned generation = credentials.current(kNow).generation;
  for (int i = 0; i < 3; ++i) {
    CHECK(credentials.refused(generation, kNow));
    credentials.current(kNow);
  }
  CHECK(calls() == 2);
}

TEST_CASE_METHOD(Folder, "a plugin may give a certificate, and is told of the cluster") {
  Config config = plugin("printf '%s' \"$KUBERNETES_EXEC_INFO\" > info; echo \"$PROFILE $1\" > words; " +
                         exec_credential(R"({\"clientCertificateData\":\"CERT\",\"clientKeyData\":\"KEY\"})"));
  config.certificate_authority = "ca";
  config.exec->args = {"--quiet"};
  config.exec->environment = {{"PROFILE", "team"}};
  config.exec->provide_cluster_info = true;
  config.exec->cluster_config = R"({"audience":"x"})";
  Credentials credentials(config);
  CHECK(credentials.current(kNow).client_certificate == "CERT");
  CHECK(credentials.current(kNow).client_key == "KEY");
  CHECK(credentials.current(kNow).authorization.empty());
  CHECK(text("words") == "team --quiet\n");
  CHECK(text("info") ==
        R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false,"cluster":)"
        R"({"server":"https://c","certificate-authority-data":"Y2E=","config":{"audience":"x"}}}})");
}

TEST_CASE_METHOD(Folder, "a plugin that fails is named, with its words and without what it printed") {
  const auto fault = [&](const std::string& body) {
    const Config config = plugin(body);
    Credentials credentials(config);
    const Error error = error_of(credentials);
    CHECK(error.kind() == ErrorKind::denied);
    CHECK_THAT(error.message(), ContainsSubstring("plugin\""));
    CHECK(std::string(error.what()).find("s3cr3t") == std::string::npos);
    return error.message();
  };
  CHECK_THAT(fault("echo s3cr3t; echo 'token has expired, log in' >&2; exit 3"),
             ContainsSubstring("exit code 3: token has expired, log in"));
  CHECK_THAT(fault("echo s3cr3t"), ContainsSubstring("in JSON"));
  CHECK_THAT(fault("echo '\"s3cr3t\"'"), ContainsSubstring("did not print an ExecCredential"));
  CHECK_THAT(fault("echo "
                   "'{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/"
                   "v1beta1\",\"status\":{\"token\":\"s3cr3t\"}}'"),
             ContainsSubstring("v1beta1"));
  CHECK_THAT(fault(exec_credential("{}")), ContainsSubstring("neither a token nor a certificate"));
  CHECK_THAT(fault(exec_credential(R"({\"clientKeyData\":\"s3cr3t\",\"token\":\"s3cr3t\"})")), ContainsSubstring("only one of"));
}

TEST_CASE_METHOD(Folder, "a plugin that is not there says how it is installed") {
  Config config = plugin("");
  config.exec->command = "kfrun-no-such-plugin";
  config.exec->install_hint = "get it from the moon";
  Credentials credentials(config);
  CHECK_THAT(error_of(credentials).message(), ContainsSubstring("\"kfrun-no-such-plugin\" is not installed"));
  CHECK(error_of(credentials).hints() == std::vector<std::string>{"get it from the moon"});
  config.exec->interactive_mode = "Always";
  CHECK_THAT(error_of(credentials).message(), ContainsSubstring("terminal"));
}

TEST_CASE_METHOD(Folder, "a request that is refused is sent once more with a fresh credential") {
  FaultServer server([](Exchange& exchange) {
    if (exchange.request.headers.at("authorization") != "Bearer t2") return exchange.reply(401, kUnauthorized);
    exchange.reply(200);
  });
  Config config = plugin(exec_credential(R"({\"token\":\"t$n\"})"));
  config.server = server.config().server;
  Client client(config);
  Request request;
  request.method = "POST";
  request.path = "/x";
  request.body = "{}";
  int done = 0;
  for (int i = 0; i < 5; ++i) {
    client.start(request, [&](const Reply& reply) {
      CHECK(reply.ok());
      ++done;
    });
  }
  while (done < 5) client.run_once(seconds(1));
  CHECK(calls() == 2);
}

TEST_CASE_METHOD(Folder, "a plugin that fails is called once for all that wait, and again for what is asked later") {
  FaultServer server([](Exchange& exchange) { exchange.reply(200); });
  Config config = plugin("[ $n -gt 1 ] || { echo no login >&2; exit 1; }\n" + exec_credential(R"({\"token\":\"t$n\"})"));
  config.server = server.config().server;
  Client client(config);
  Request request;
  request.path = "/x";
  int denied = 0;
  for (int i = 0; i < 300; ++i) {
    client.start(request, [&](const Reply& reply) {
      CHECK(reply.failure_kind == ErrorKind::denied);
      CHECK_THAT(reply.failure, ContainsSubstring("no login"));
      ++denied;
    });
  }
  while (denied < 300) client.run_once(seconds(1));
  CHECK(calls() == 1);
  CHECK(client.send(request).ok());
  CHECK(calls() == 2);
}

TEST_CASE_METHOD(Folder, "a refusal that lasts is told, without the token") {
  FaultServer server([](Exchange& exchange) { exchange.reply(401, kUnauthorized); });
  Config config = server.config();
  config.token_file = file("token", "s3cr3t");
  Client client(config);
  Request request;
  request.path = "/x";
  const Reply reply = client.send(request);
  CHECK(reply.status == 401);
  CHECK(reply.attempts == 1);
  try {
    throw_unless_ok(reply, "listing pods");
    FAIL("not thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::denied);
    CHECK(to_string(to_diagnostic(error)).find("s3cr3t") == std::string::npos);
  }
  config.token_file = path + "/absent";
  Client without(config);
  const Reply none = without.send(request);
  CHECK(none.status == 0);
  CHECK(none.failure_kind == ErrorKind::denied);
  CHECK(server.seen().size() == 1);
}

TEST_CASE_METHOD(Folder, "each of several tokens that are refused in a row is followed by the next") {
  std::atomic<int> token = 1;
  FaultServer server([&](Exchange& exchange) {
    if (token == 5) return exchange.reply(200);
    file("token", fmt::format("t{}", ++token));
    exchange.reply(401, kUnauthorized);
  });
  Config config = server.config();
  config.token_file = file("token", "t1");
  Client client(config);
  const Reply reply = client.send({});
  CHECK(reply.status == 200);
  CHECK(reply.attempts == 5);
}

TEST_CASE("a login that was accepted and is refused for a moment is tried on") {
  FaultServer server([](Exchange& exchange) {
    exchange.number > 1 && exchange.number < 6 ? exchange.reply(401, kUnauthorized) : exchange.reply(201);
  });
  Config config = server.config();
  config.token = "t";
  Client client(config);
  CHECK(client.send({}).ok());
  Request request;
  request.method = "POST";
  request.retry_for = Duration::zero();
  const Reply reply = client.send(request);
  CHECK(reply.status == 201);
  CHECK(reply.attempts == 5);
}

TEST_CASE("a login that was accepted and is refused for long is over") {
  FaultServer server([](Exchange& exchange) { exchange.number > 1 ? exchange.reply(401, kUnauthorized) : exchange.reply(200); });
  Config config = server.config();
  config.token = "t";
  config.refusal_patience = std::chrono::milliseconds(300);
  Client client(config);
  CHECK(client.send({}).ok());
  const auto began = std::chrono::steady_clock::now();
  const Reply reply = client.send({});
  CHECK(reply.status == 401);
  CHECK(reply.attempts > 2);
  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(300));
}

TEST_CASE_METHOD(Folder, "a plugin that fails for a moment is asked again where its login was accepted before") {
  FaultServer server([](Exchange& exchange) {
    const bool is_old = exchange.number > 1 && exchange.request.headers.at("authorization") == "Bearer t1";
    is_old ? exchange.reply(401, kUnauthorized) : exchange.reply(200);
  });
  Config config = plugin("[ $n -ne 2 ] || exit 1\n" + exec_credential(R"({\"token\":\"t$n\"})"));
  config.server = server.config().server;
  Client client(config);
  CHECK(client.send({}).ok());
  CHECK(client.send({}).ok());
  CHECK(calls() == 3);
}

TEST_CASE("a token with a line break cannot become a header of its own") {
  FaultServer server([](Exchange& exchange) { exchange.reply(200); });
  Config config = server.config();
  config.token = "a\r\nX-Evil: s3cr3t";
  Client client(config);
  const Reply reply = client.send({});
  CHECK(reply.status == 0);
  CHECK(reply.failure.find("s3cr3t") == std::string::npos);
  CHECK(server.seen().empty());
}

}  // namespace kfrun::kube
