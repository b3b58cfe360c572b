// The Lease that keeps a second driver from a run, `kfrun-<run>` of coordination.k8s.io. Clocks of machines differ: a lease is
// over when its time of renewal has not changed for its length as this machine counts it, or when its holder is known to be dead.
// Where leases are denied, runs go without; records still tell a stale writer (kubernetes_segments.h).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "run/kubernetes_requests.h"
#include "run/kubernetes_segments.h"

namespace kfrun::run {

class RunLease {
 public:
  // Takes the lease, waiting until it is over when its holder seems dead; throws Error(conflict) when the holder is alive.
  RunLease(kube::Client& client, SegmentOwner owner);
  ~RunLease();

  // Renews it when it is time. Throws Error(conflict) when another has it.
  void hold();
  // How often the run has changed hands.
  long long epoch() const { return epoch_; }
  // Whether leases may not be written here: then nothing keeps a second driver out.
  bool is_denied() const { return is_denied_; }
  // Gives it back, so that the next driver need not wait.
  void release();

 private:
  using Steady = std::chrono::steady_clock;

  bool try_to_take();
  void watch_holder(const document::Node& lease);
  document::Node object() const;
  void take(const document::Node& lease);
  void renew();
  void look();

  Requests requests_;
  SegmentOwner owner_;
  const std::string identity_;
  std::string path_, version_, holder_;
  long long epoch_ = 0;
  bool is_denied_ = false, is_held_ = false, is_lost_ = false, is_renewing_ = false;
  Steady::time_point renewed_{};
  std::string seen_;  // the other holder's last renewal, and since when it is the last
  Steady::time_point seen_since_{};
};

// Whether the run's lease says that somebody carries it, by this machine's clock; nothing when it cannot be read.
std::optional<bool> is_lease_held(kube::Client& client, const std::string& name_space, const std::string& run);

}  // namespace kfrun::run
