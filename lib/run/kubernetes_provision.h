// What pods need beside themselves, made once and not before the first pod needs it: the launcher's ConfigMap, the claim,
// the runtime of the KFP SDK.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kube/client.h"
#include "run/kubernetes_executor.h"
#include "run/kubernetes_requests.h"

namespace kfrun::run {

class Provision {
 public:
  // Called once it is there, or with why it cannot be; at once when it is there already.
  using Ready = std::function<void(const std::optional<Outcome>& problem)>;

  Provision(Requests& requests, const RunContext& run, KubernetesOptions& options)
      : requests_(requests), run_(run), options_(options) {}

  // Completes options.pod: the head of the run as owner, and what kinds of nodes there are.
  void learn(Ready ready);
  void launcher(const std::string& architecture, Ready ready);
  void claim(Ready ready);
  // The wheel that options.kfp_runtime names, as a ConfigMap of the run.
  void kfp_runtime(Ready ready);
  // The claim that options.workspace describes; it goes with the run.
  void workspace(Ready ready);

 private:
  // Something that is asked for once, whoever needs it.
  struct Once {
    bool is_asked = false;
    bool is_done = false;
    std::optional<Outcome> problem;
    std::vector<Ready> waiting;
  };
  // Whether the caller is the first, and is to ask.
  static bool join(Once& once, Ready ready);
  static void settle(Once& once, std::optional<Outcome> problem);

  void learn_nodes();
  document::Node owned_metadata(const std::string& name, const std::string& run) const;
  void create_launcher(const std::string& architecture, int turn);
  void share_launcher(const std::string& architecture, int turn);

  Requests& requests_;
  const RunContext& run_;
  KubernetesOptions& options_;
  Once basics_, claim_, runtime_, workspace_;
  std::map<std::string, Once> launchers_;
};

}  // namespace kfrun::run
