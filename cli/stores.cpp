#include "cli/stores.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

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
  // Absolute: containers are known by it, wherever kfrun is called.
  if (const auto own = value("KFRUN_STATE_DIR"); !own.empty()) return std::filesystem::absolute(own).string();
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
    const char* named = std::getenv("KUBECONFIG");
    if (error.kind() != ErrorKind::not_found || flags_.names_cluster() || (named && *named)) throw;
    return nullptr;
  }
  cluster_ = std::make_unique<run::KubernetesRecordStore>(*client_, client_->config().name_space);
  return cluster_.get();
}

kube::Client* Stores::client() { return cluster() ? client_.get() : nullptr; }

std::string Stores::place_in_cluster() {
  const auto& config = cluster() ? client_->config() : kube::Config{};
  return fmt::format("in namespace {} of {}", config.name_space,
                     config.context.empty() ? config.server : "context " + config.context);
}

namespace {

std::optional<run::RunHead> newest_of(run::RecordStore& store) {
  Diagnostics faults;
  auto heads = store.list(faults);
  print_diagnostics(faults);
  return heads.empty() ? std::nullopt : std::optional(std::move(heads.front()));
}

}  // namespace

FoundRun Stores::newest() {
  const auto here = looks_here() ? newest_of(local()) : std::nullopt;
  std::optional<run::RunHead> there;
  try {
    if (cluster()) there = newest_of(*cluster());
  } catch (const Error& error) {
    if (!here) throw;
    print_warning(fmt::format("the cluster's runs are not looked at: {}", error.what()));
  }
  if (there && (!here || here->created < there->created)) return {cluster(), there->id, false};
  if (here) return {&local(), here->id, true};
  throw make_error(ErrorKind::not_found, "there are no runs {}", places());
}

std::string Stores::places() {
  std::string here = looks_here() ? fmt::format("on this machine ({})", state_directory()) : std::string();
  if (!cluster()) return here;
  return here + (here.empty() ? "" : ", nor ") + place_in_cluster();
}

FoundRun Stores::find(const std::string& name) {
  if (name == "@latest") return newest();
  std::vector<std::string> hints;
  const auto note = [&](const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw error;
    for (const auto& hint : error.hints()) {
      if (std::find(hints.begin(), hints.end(), hint) == hints.end()) hints.push_back(hint);
    }
  };
  try {
    if (looks_here()) return {&local(), local().find(name), true};
  } catch (const Error& error) {
    note(error);
  }
  if (auto* store = cluster()) {
    try {
      return {store, store->find(name), false};
    } catch (const Error& error) {
      note(error);
    }
  }
  Error error = make_error(ErrorKind::not_found, "there is no run {} {}", name, places());
  for (const auto& hint : hints) error.hint(hint);
  throw error.hint("'kfrun runs' lists them");
}

void require_answer(kube::Client& client) {
  kube::Request request;
  request.path = "/version";
  request.retry_for = kPatience;
  if (const auto reply = client.send(std::move(request)); reply.status == 0) {
    kube::throw_unless_ok(reply, "asking for the server's version");
  }
}

}  // namespace kfrun::cli
