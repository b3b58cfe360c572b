// What the executor and the record store say about objects of a run alike.
#pragma once

#include <string>
#include <string_view>

#include "document/node.h"
#include "kube/client.h"

namespace kfrun::run {

// What an object is to a run: "run" (its head), "plan", "log".
inline constexpr std::string_view kKindLabel = "kfrun.dev/kind";
inline constexpr std::string_view kCacheLabel = "kfrun.dev/cache";

// The name of a run's head ConfigMap.
std::string head_name(const std::string& run);
// {"app.kubernetes.io/managed-by": kfrun} and, unless it is "", the run's label.
document::Node run_labels(const std::string& run);
// A list of one owner: a ConfigMap.
document::Node owned_by(const std::string& name, const std::string& uid);
std::string uid_of(const document::Node& object);
// Its resourceVersion.
std::string version_of(const document::Node& object);

// Of all that belongs to a run.
std::string run_selector(const std::string& run);
// Whether a pod waits for its result to be recorded, and the request that lets it go.
bool holds_finalizer(const document::Node& pod);
kube::Request release_of_pod(const std::string& name_space, const std::string& pod);

// A login that is over ends this process, not the run: throws Error(denied) for a 401, which the client could not
// mend, and where the credential plugin gave none.
void throw_if_logged_out(const kube::Reply& reply);

// Requests that a run does not do without: the same request again through faults and restarts of the server, for a day.
kube::Request patient(std::string method, std::string path, const document::Node& body = {});
// A merge patch, patiently.
kube::Request patient_patch(std::string path, const document::Node& patch,
                            std::string content_type = "application/merge-patch+json");
// The same, before the many that wait; of an object only its metadata is answered.
kube::Request urgent(kube::Request request);
kube::Request briefly(kube::Request request);

}  // namespace kfrun::run
