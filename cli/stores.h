// Where runs are kept: a folder of this machine, and the cluster where one is configured.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "kube/client.h"
#include "run/record.h"

namespace kfrun::cli {

// KFRUN_STATE_DIR, else $XDG_STATE_HOME/kfrun, else ~/.local/state/kfrun.
std::string state_directory();

// The configuration that flags, environment and kubeconfig files give. Throws Error(not_found) when there is none.
kube::Config cluster_config(const ClusterFlags& flags);

// Throws Error(unreachable) soon when the API server does not answer at all.
void require_answer(kube::Client& client);

struct FoundRun {
  run::RecordStore* store = nullptr;
  std::string id;
  bool local = false;
};

// Both stores, the cluster's opened only when it is needed.
class Stores {
 public:
  explicit Stores(const ClusterFlags& flags);
  ~Stores();

  run::RecordStore& local() { return *local_; }
  // nullptr with --local and where no cluster is configured.
  run::RecordStore* cluster();
  kube::Client* client();
  // Whether runs of this machine are meant: not when a cluster or a namespace was named.
  bool looks_here() const { return !flags_.names_cluster(); }
  // The run in whichever store has it; looks on this machine first. Throws Error(not_found) naming where it looked.
  FoundRun find(const std::string& name);

 private:
  FoundRun newest();
  std::string place_in_cluster();
  // Where runs are looked for, in words.
  std::string places();

  const ClusterFlags& flags_;
  std::unique_ptr<run::RecordStore> local_;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<run::RecordStore> cluster_;
  bool looked_for_cluster_ = false;
};

}  // namespace kfrun::cli
