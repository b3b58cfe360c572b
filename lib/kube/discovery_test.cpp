// Discovery of servers older and newer than the one that the cluster tests run against.
#include "kube/discovery.h"

#include <algorithm>

#include "base/test.h"
#include "kube/fault_server.h"

namespace kfrun::kube {

namespace {

std::string print(const ResourceType& type) {
  return (type.group.empty() ? "" : type.group + "/") + type.version + " " + type.plural + " " + type.kind +
         (type.namespaced ? "" : " cluster");
}

std::vector<std::string> print(const std::vector<ResourceType>& types) {
  std::vector<std::string> lines;
  for (const auto& type : types) lines.push_back(print(type));
  return lines;
}

std::vector<std::string> paths(const FaultServer& server) {
  std::vector<std::string> all;
  for (const auto& request : server.seen()) all.push_back(request.path);
  std::sort(all.begin(), all.end());
  return all;
}

// What a 1.19 answers, aggregated discovery unheard of; one group's own server is down.
void old_server(Exchange& exchange) {
  const std::map<std::string, std::string> answers{
      {"/version", R"({"major":"1","minor":"19+","gitVersion":"v1.19.3-eks"})"},
      {"/api", R"({"kind":"APIVersions","versions":["v1"]})"},
      {"/apis", R"({"kind":"APIGroupList","groups":[
        {"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}],"preferredVersion":{"groupVersion":"apps/v1"}},
        {"name":"x.io","versions":[{"groupVersion":"x.io/v1beta1"},{"groupVersion":"x.io/v1"}],"preferredVersion":{"groupVersion":"x.io/v1"}},
        {"name":"down.io","versions":[{"groupVersion":"down.io/v1"}],"preferredVersion":{"groupVersion":"down.io/v1"}}]})"},
      {"/api/v1", R"({"kind":"APIResourceList","groupVersion":"v1","resources":[
        {"name":"pods","kind":"Pod","namespaced":true,"verbs":["get"]},{"name":"pods/log","kind":"Pod","namespaced":true},
        {"name":"nodes","kind":"Node","namespaced":false}]})"},
      {"/apis/apps/v1", R"({"resources":[{"name":"deployments","kind":"Deployment","namespaced":true}]})"},
      {"/apis/x.io/v1", R"({"resources":[{"name":"things","kind":"Thing","namespaced":false}]})"},
      {"/apis/x.io/v1beta1", R"({"resources":[{"name":"things","kind":"Thing","namespaced":false}]})"}};
  const auto answer = answers.find(exchange.request.path);
  if (answer != answers.end()) return exchange.reply(200, answer->second);
  if (exchange.request.path.starts_with("/apis/down.io")) return exchange.reply(500, R"({"kind":"Status","message":"down"})");
  exchange.reply(404, "404 page not found", "", "text/plain");
}

void new_server(Exchange& exchange) {
  const std::string type = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
  if (exchange.request.headers.at("accept").find("APIGroupDiscoveryList") == std::string::npos) return exchange.reply(406);
  if (exchange.request.path == "/api") {
    return exchange.reply(200,
                          R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{},"versions":[{"version":"v1","resources":[
      {"resource":"pods","responseKind":{"group":"","version":"v1","kind":"Pod"},"scope":"Namespaced","subresources":[{"subresource":"log"}]},
      {"resource":"proxies","responseKind":null,"scope":"Cluster"}]}]}]})",
                          "", type);
  }
  exchange.reply(200, R"({"items":[{"metadata":{"name":"x.io"},"versions":[
    {"version":"v1","resources":[{"resource":"things","responseKind":{"kind":"Thing"},"scope":"Cluster"}]},
    {"version":"v1alpha1","freshness":"Stale"}]}]})",
                 "", type);
}

}  // namespace

TEST_CASE("a server without aggregated discovery is asked group by group") {
  FaultServer server(old_server);
  Client client(server.config());
  Discovery discovery(client);
  CHECK(print(discovery.all()) == std::vector<std::string>{"v1 pods Pod", "v1 nodes Node cluster",
                                                           "apps/v1 deployments Deployment", "x.io/v1 things Thing cluster",
                                                           "x.io/v1beta1 things Thing cluster"});
  const auto asked = server.seen().size();
  CHECK(discovery.find("x.io/v1", "Thing")->plural == "things");
  CHECK_FALSE(discovery.find("x.io/v2", "Thing"));
  CHECK(server.seen().size() == asked);
}

TEST_CASE("aggregated discovery takes two requests") {
  FaultServer server(new_server);
  Client client(server.config());
  Discovery discovery(client);
  CHECK(print(discovery.all()) == std::vector<std::string>{"v1 pods Pod", "x.io/v1 things Thing cluster"});
  CHECK(paths(server) == std::vector<std::string>{"/api", "/apis"});
}

TEST_CASE("a single type is asked for once a group version") {
  FaultServer server(old_server);
  Client client(server.config());
  Discovery discovery(client);
  CHECK(discovery.find("v1", "Pod") == types::pods);
  CHECK(discovery.find("v1", "Node") == types::nodes);
  CHECK_FALSE(discovery.find("v1", "Nothing"));
  CHECK_FALSE(discovery.find("absent.io/v1", "Thing"));
  CHECK_FALSE(discovery.find("absent.io/v1", "Other"));
  CHECK(paths(server) == std::vector<std::string>{"/api/v1", "/apis/absent.io/v1"});
  CHECK_THROWS_WITH(discovery.find("down.io/v1", "Thing"), ContainsSubstring("asking what down.io/v1 serves: down"));
  discovery.invalidate();
  CHECK(discovery.find("v1", "Pod"));
  CHECK(server.seen().size() == 4);
}

TEST_CASE("a vendor's version number is read up to its first sign") {
  FaultServer server(old_server);
  Client client(server.config());
  const ServerVersion version = server_version(client);
  CHECK(version.major == 1);
  CHECK(version.minor == 19);
  CHECK(version.git_version == "v1.19.3-eks");
}

}  // namespace kfrun::kube
