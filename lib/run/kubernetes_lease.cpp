#include "run/kubernetes_lease.h"

#include "base/text.h"
#include "run/kubernetes_objects.h"
#include "run/process_identity.h"

namespace kfrun::run {

namespace {

using document::Node;
using kube::types::leases;
using std::chrono::seconds;

constexpr auto kLength = seconds(15);
constexpr auto kRenewAfter = seconds(5);
constexpr auto kLook = std::chrono::milliseconds(500);  // between looks at another's lease
constexpr auto kGoodbye = seconds(3);

std::string text_at(const Node& lease, std::string_view key) {
  const Node* found = lease.find_path({"spec", key});
  return found ? found->text() : std::string();
}

// As the API wants it: with six digits, always.
std::string micro_time(TimePoint time) {
  const auto second = std::chrono::floor<seconds>(time);
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time - second).count();
  return fmt::format("{}.{:06}Z", to_rfc3339(second).substr(0, 19), micros);
}

// Renewed so lately that its holder must be alive. A clock that is wrong only makes this false.
bool is_fresh(const Node& lease) {
  const auto renewed = parse_rfc3339(text_at(lease, "renewTime"));
  if (!renewed) return false;
  const auto age = system_clock().now() - *renewed;
  return age > -kLength && age < kRenewAfter + kRenewAfter;
}

bool is_free(const Node& lease) {
  const auto holder = text_at(lease, "holderIdentity");
  return holder.empty() || is_known_dead(holder);
}

}  // namespace

RunLease::RunLease(kube::Client& client, SegmentOwner owner)
    : requests_(client),
      owner_(std::move(owner)),
      identity_(process_identity()),
      path_(path_of(leases, owner_.name_space, head_name(owner_.run))) {
  while (!try_to_take()) {
    const auto until = Steady::now() + kLook;
    while (Steady::now() < until) client.run_once(until - Steady::now());
  }
}

RunLease::~RunLease() {
  try {
    release();
  } catch (const Error&) {
    // it will be over by itself
  }
}

// A whole one, held by this process from now on.
Node RunLease::object() const {
  const auto now = Node::string(micro_time(system_clock().now()));
  Node metadata = Node::mapping({{"name", Node::string(head_name(owner_.run))},
                                 {"labels", run_labels(owner_.run)},
                                 {"ownerReferences", owned_by(head_name(owner_.run), owner_.uid)}});
  if (!version_.empty()) metadata.set("resourceVersion", Node::string(version_));
  return Node::mapping({{"apiVersion", Node::string("coordination.k8s.io/v1")},
                        {"kind", Node::string("Lease")},
                        {"metadata", std::move(metadata)},
                        {"spec", Node::mapping({{"holderIdentity", Node::string(identity_)},
                                                {"leaseDurationSeconds", Node::integer(kLength.count())},
                                                {"leaseTransitions", Node::integer(epoch_)},
                                                {"acquireTime", now},
                                                {"renewTime", now}})}});
}

void RunLease::take(const Node& lease) {
  version_ = version_of(lease);
  renewed_ = Steady::now();
  is_held_ = true;
}

bool RunLease::try_to_take() {
  auto& client = requests_.client();
  const auto there = client.send(patient("GET", path_));
  if (there.status == 403) return is_denied_ = true;
  kube::Reply reply;
  if (there.status == 404) {
    version_.clear();
    reply = client.send(patient("POST", path_of(leases, owner_.name_space), object()));
  } else {
    throw_unless_ok(there, "reading the lease of run " + owner_.run);
    if (text_at(there.body, "holderIdentity") == identity_) return take(there.body), true;
    if (!is_free(there.body)) watch_holder(there.body);
    if (!is_free(there.body) && Steady::now() - seen_since_ < kLength) return false;
    version_ = version_of(there.body);
    const Node* transitions = there.body.find_path({"spec", "leaseTransitions"});
    epoch_ = (transitions ? transitions->as_integer().value_or(0) : 0) + 1;
    reply = client.send(patient("PUT", path_, object()));
  }
  if (reply.status == 403) return is_denied_ = true;
  if (reply.status == 409 || reply.status == 404) return false;  // ours, from an answer that was lost, or another's: look again
  throw_unless_ok(reply, "taking the lease of run " + owner_.run);
  take(reply.body);
  return true;
}

void RunLease::watch_holder(const Node& lease) {
  const auto renewal = text_at(lease, "holderIdentity") + text_at(lease, "renewTime");
  const bool has_moved = !seen_.empty() && seen_ != renewal;
  if (has_moved || is_fresh(lease)) throw carried_by_another(owner_.run);
  if (seen_.empty()) seen_since_ = Steady::now();
  seen_ = renewal;
}

void RunLease::hold() {
  if (is_lost_) throw carried_by_another(owner_.run);
  if (is_held_ && !is_renewing_ && Steady::now() - renewed_ >= kRenewAfter) renew();
}

void RunLease::renew() {
  is_renewing_ = true;
  auto request = urgent(patient("PUT", path_, object()));
  request.retry_for = kRenewAfter;
  const auto began = Steady::now();
  requests_.start(std::move(request), [this, began](const kube::Reply& reply) {
    is_renewing_ = false;
    if (reply.ok()) {
      take(reply.body);
      renewed_ = began;
    } else if (reply.status == 409) {
      look();
    } else if (reply.status == 404) {
      is_lost_ = true;  // the run was deleted
    } else {
      renewed_ = began - kRenewAfter + seconds(1);  // again soon
    }
  });
}

// Another took it, or the answer to a renewal was lost.
void RunLease::look() {
  is_renewing_ = true;
  requests_.start(urgent(patient("GET", path_)), [this](const kube::Reply& reply) {
    is_renewing_ = false;
    if (reply.status == 404 || (reply.ok() && text_at(reply.body, "holderIdentity") != identity_)) is_lost_ = true;
    if (reply.ok() && !is_lost_) take(reply.body);
  });
}

void RunLease::release() {
  if (!std::exchange(is_held_, false) || is_lost_) return;
  auto request =
      urgent(patient("DELETE", path_,
                     Node::mapping({{"apiVersion", Node::string("v1")},
                                    {"kind", Node::string("DeleteOptions")},
                                    {"preconditions", Node::mapping({{"resourceVersion", Node::string(version_)}})}})));
  request.retry_for = kGoodbye;
  requests_.client().send(std::move(request));
}

std::optional<bool> is_lease_held(kube::Client& client, const std::string& name_space, const std::string& run) {
  const auto reply = client.get(leases, name_space, head_name(run));
  if (reply.status == 404) return false;
  if (!reply.ok()) return std::nullopt;
  return !is_free(reply.body) && is_fresh(reply.body);
}

}  // namespace kfrun::run
