#include <mutex>

#include "base/test.h"
#include "kube/fault_server.h"
#include "run/kubernetes_record_store.h"

namespace kfrun::run {

TEST_CASE("cached artifacts are found while the claim that holds them is the same one") {
  std::mutex mutex;             // the server has threads of its own
  std::string claim = "first";  // "": there is none
  std::string stored;
  const auto set_claim = [&](const std::string& uid) {
    const std::lock_guard lock(mutex);
    claim = uid;
  };
  kube::FaultServer server([&](kube::Exchange& exchange) {
    const std::lock_guard lock(mutex);
    const auto& request = exchange.request;
    if (request.path.find("persistentvolumeclaims") != std::string::npos) {
      if (claim.empty()) return exchange.reply(404, "{}");
      return exchange.reply(200, R"({"metadata":{"uid":")" + claim + R"("}})");
    }
    if (request.method == "POST") stored = request.body;
    stored.empty() ? exchange.reply(404, "{}") : exchange.reply(200, stored);
  });
  kube::Client client(server.config());
  KubernetesCache cache(client, "lab");
  CHECK(cache.find("k") == std::nullopt);
  const Values outputs{{"table", pipeline::make_artifact({"pvc://kfrun-artifacts/store/ab/t.csv", "", "ab", {}})}};
  cache.keep("k", outputs);
  CHECK(cache.find("k") == outputs);  // while it is on its way, too
  cache.settle();
  CHECK(cache.find("k") == outputs);
  set_claim("second");
  CHECK(cache.find("k") == std::nullopt);
  set_claim("");
  CHECK(cache.find("k") == std::nullopt);
  cache.keep("k", outputs);
  cache.settle();
  CHECK(cache.find("k") == std::nullopt);
  cache.keep("k", {{"count", Value::integer(3)}});
  cache.settle();
  CHECK(cache.find("k") == Values{{"count", Value::integer(3)}});
}

}  // namespace kfrun::run
