#include "cli/stores.h"

#include <cstdlib>

#include "cli/screen.h"
#include "run/kubernetes_record_store.h"
#include "run/local_record_store.h"

namespace kfrun::cli {

std::string state_directory() {
  const auto environment = kube::process_environment();
  const auto value = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  if (const auto own = value("KFRUN_STATE_DIR"); !own.empty()) return own;
  if (const auto state = value("XDG_STATE_HOME"); !state.empty()) return join_path(state, "kfrun");
  const auto home = value("HOME");
  if (home.empty()) throw usage_error("neither HOME nor KFRUN_STATE_DIR is set: nowhere to keep runs");
  return join_path(home, ".local/state/kfrun");
}

kube::Config cluster_config(const ClusterFlags& flags) {
  return kube::load_config(flags.config, disk(), kube::process_environment());
}

Stores::Stores(const ClusterFlags& flags) : flags_(flags), local_(std::make_unique<run::LocalRecordStore>(state_directory())) {}
Stores::~Stores() = default;

run::RecordStore* Stores::cluster() {
  if (flags_.local || looked_for_cluster_) return cluster_.get();
  looked_for_cluster_ = true;
  try {
    client_ = std::make_unique<kube::Client>(cluster_config(flags_));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found || !flags_.config.kubeconfig.empty()) throw;
    return nullptr;
  }
  cluster_ = std::make_unique<run::KubernetesRecordStore>(*client_, client_->config().name_space);
  return cluster_.get();
}

kube::Client* Stores::client() { return cluster() ? client_.get() : nullptr; }

FoundRun Stores::find(const std::string& name) {
  if (name == "@latest" && cluster()) {
    const auto here = local().list();
    const auto there = cluster()->list();
    if (!there.empty() && (here.empty() || here.front().created < there.front().created))
      return {cluster(), there.front().id, false};
    if (!here.empty()) return {&local(), here.front().id, true};
  }
  try {
    return {&local(), local().find(name), true};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found || !cluster()) throw;
  }
  return {cluster(), cluster()->find(name), false};
}

}  // namespace kfrun::cli
