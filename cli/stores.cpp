#include "cli/stores.h"

#include <cstdlib>

#include "cli/screen.h"
#include "run/kubernetes_record_store.h"
#include "run/local_record_store.h"

namespace kfrun::cli {

// Somebody is waiting for the answer: how long a server that does not answer is asked again.
constexpr auto kPatience = std::chrono::seconds(2);

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
    auto config = cluster_config(flags_);
    config.retry_for = kPatience;
    client_ = std::make_unique<kube::Client>(config);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found || !flags_.config.kubeconfig.empty()) throw;
    return nullptr;
  }
  cluster_ = std::make_unique<run::KubernetesRecordStore>(*client_, client_->config().name_space);
  return cluster_.get();
}

kube::Client* Stores::client() { return cluster() ? client_.get() : nullptr; }

std::optional<run::RunHead> Stores::newest_in_cluster() {
  if (!cluster()) return std::nullopt;
  const auto heads = cluster()->list();
  return heads.empty() ? std::nullopt : std::optional(heads.front());
}

FoundRun Stores::newest() {
  const auto here = local().list();
  std::optional<run::RunHead> there;
  try {
    there = newest_in_cluster();
  } catch (const Error& error) {
    if (here.empty()) throw;
    print_warning(fmt::format("the cluster's runs are not looked at: {}", error.what()));
  }
  if (there && (here.empty() || here.front().created < there->created)) return {cluster(), there->id, false};
  return {&local(), local().find("@latest"), true};
}

FoundRun Stores::find(const std::string& name) {
  if (name == "@latest") return newest();
  try {
    return {&local(), local().find(name), true};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found || !cluster()) throw;
  }
  return {cluster(), cluster()->find(name), false};
}

void require_answer(kube::Client& client) {
  kube::Request request;
  request.path = "/version";
  request.retry_for = kPatience;
  if (const auto reply = client.send(std::move(request)); reply.status == 0) {
    kube::throw_unless_ok(reply, "asking " + client.config().server);
  }
}

}  // namespace kfrun::cli
