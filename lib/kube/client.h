// One API server, spoken to over one event loop.
//
// Client owns a libcurl multi handle: HTTP/2, many requests over few connections, no threads. Requests are started with a
// callback; run_once() waits for sockets, timers and extra file descriptors and calls what is due, on the caller's thread.
// The blocking verbs are the same requests with a loop around them. Not thread-safe: one owner, one loop; only wake() may be
// called from elsewhere (also from a signal handler).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "document/node.h"
#include "kube/config.h"

namespace kfrun::kube {

// A resource of the API, as in a URL: {"", "v1", "pods"}.
struct ResourceType {
  std::string group;
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;
  bool operator==(const ResourceType&) const = default;
};

// The types kfrun itself uses; everything else comes from discovery.
namespace types {
extern const ResourceType pods, config_maps, secrets, persistent_volume_claims, events, nodes, namespaces, leases;
}

// An answer. `status` 0 means that none came, or not the whole of it (see `failure`). A JSON body is read; any other is one
// string. The body of an error is a Kubernetes Status object.
struct Reply {
  int status = 0;
  document::Node body;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string failure;                         // why no answer came: libcurl's words, or those of the credential plugin
  // What throw_unless_ok() throws for status 0: unreachable, timed_out, denied (no credentials), input (TLS, URL).
  ErrorKind failure_kind = ErrorKind::unreachable;
  std::vector<std::string> hints;  // what to do about the failure
  int attempts = 1;
  int http_version = 0;  // 11 or 20; 0 when no answer came

  bool ok() const { return status >= 200 && status < 300; }
  // "pods "x" is forbidden: ..." from the Status object, or the failure, or "HTTP 502".
  std::string message() const;
  // The Status object's machine-readable reason ("AlreadyExists", "Conflict", "Expired"), "".
  std::string reason() const;
};

// Throws the Error that fits a reply that is not ok: 401 and 403 denied, 404 not_found, 409 conflict, 0 its failure_kind, else
// failed. `doing` becomes its context: "creating pod x".
void throw_unless_ok(const Reply& reply, std::string_view doing);

struct Request {
  std::string method = "GET";
  std::string path;  // "/api/v1/namespaces/x/pods?limit=500", already percent-encoded (see encode_query)
  std::string body{};
  std::string content_type = "application/json";
  std::string accept = "application/json";
  // Of one try; the client's default (30 s) when absent. For a GET the default is of silence, 5 s once the answer has begun: a
  // large answer may take its time as long as it comes.
  std::optional<Duration> timeout{};
  // How the client retries by itself, with full-jitter back-off: what the server surely did not act on (429 with its
  // Retry-After, 503, refused connections) always; what may have been done already (502, 504, broken connections, time-outs)
  // only for GET, or when `idempotent` says that the same request is safe again (a POST is where names are fixed). A GET that
  // hears nothing has three tries at least, which may outlast `retry_for`.
  // A 401 (or a credential plugin that fails) is met at once with credentials got anew; where the server has taken the login
  // before, it is tried on for Config::refusal_patience, whatever retry_for says: only a refusal that lasts is one.
  bool idempotent = false;
  // Goes before all that waits for a place, and is not held back by the rate limit: for the few that others wait for.
  bool urgent = false;
  bool any_fault = false;               // 500 is retried too, though it may last: for those who would rather wait than give up
  std::optional<Duration> retry_for{};  // give up after; the client's default when absent, 0: no retry
};

// Pieces of a stream (logs, watch), as they come from the network. Return false to stop it: OnReply follows, without failure.
using OnBytes = std::function<bool(std::string_view)>;
using OnReply = std::function<void(const Reply&)>;
using Handle = unsigned long long;

enum class WatchEventType { added, modified, deleted, bookmark, synced };

struct WatchEvent {
  WatchEventType type = WatchEventType::added;
  // Without metadata.managedFields, which is often half of an object and of no use to a watcher. Of `synced` (the first list
  // is complete): null. Of `bookmark`: only metadata.resourceVersion.
  document::Node object;
};

struct WatchOptions {
  std::string label_selector;
  std::string field_selector;
  int page_size = 500;
  Duration silence = std::chrono::seconds(75);       // no byte for that long: the stream is dead, connect again
  Duration poll_interval = std::chrono::seconds(1);  // where watching is denied
  Duration stream_time = std::chrono::seconds(290);  // one stream's length, up to a fifth more; the watch then resumes
};

class Loop;

// Callbacks are called from run_once() and the blocking verbs, never from start(); they may start and cancel requests. What
// they throw leaves run_once(), and the client can be used further.
class Client {
 public:
  // Takes a copy of the configuration. Credentials are fetched (exec plugin, token file) at the first request and again
  // before they expire or after a 401.
  explicit Client(const Config& config);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const Config& config() const;

  // Starts a request; `done` is called exactly once from run_once(), unless it is cancelled.
  Handle start(Request request, OnReply done);
  // Starts a streamed GET (logs with follow=true): pieces as they come, then `done`. No total time-out unless the request has
  // one. It is retried like any other until its first piece came; the body of an error is in the reply, not in the pieces.
  Handle stream(Request request, OnBytes piece, OnReply done);
  // List, then watch with bookmarks, for ever until cancelled: resumes from the last resourceVersion, lists again after 410
  // (objects that vanished meanwhile come as `deleted`, with the apiVersion, kind and metadata last known), polls where
  // watching is denied. Faults are retried; `failed` is called with what can't be (403 on list, 404), and the watch is over then.
  Handle watch(const ResourceType& type, const std::string& name_space, WatchOptions options,
               std::function<void(const WatchEvent&)> event, std::function<void(const Error&)> failed);
  void cancel(Handle handle);

  // Waits at most `wait` for something to happen and calls what is due. Also returns when `wake` was called or one of the
  // descriptors added is readable.
  void run_once(Duration wait);
  // Goes on with that until `done` says so, asked after each turn. A wake() meanwhile is met by the caller's next run_once().
  void run_until(const std::function<bool()>& done);
  void wake();
  // A descriptor to wait for too; `readable` is called from run_once(). remove_descriptor() before closing it.
  void add_descriptor(int descriptor, std::function<void()> readable);
  void remove_descriptor(int descriptor);

  // Blocking forms, which serve everything else that is under way too. get() and the like give the reply as it came; use
  // throw_unless_ok().
  Reply send(Request request);
  Reply get(const ResourceType& type, const std::string& name_space, const std::string& name);
  // Every object, page by page (limit/continue; 410 on a continue token starts again). Throws on failure.
  std::vector<document::Node> list(const ResourceType& type, const std::string& name_space,
                                   const std::string& label_selector = {}, int page_size = 500);
  Reply create(const ResourceType& type, const std::string& name_space, const document::Node& object);
  Reply update(const ResourceType& type, const std::string& name_space, const document::Node& object);
  // content_type: application/merge-patch+json, application/strategic-merge-patch+json, application/json-patch+json,
  // application/apply-patch+yaml.
  Reply patch(const ResourceType& type, const std::string& name_space, const std::string& name, const document::Node& patch,
              std::string_view content_type, std::string_view query = {});
  // `options` is a DeleteOptions object, or null. Safe to repeat, so it is: 404 then says that it is gone.
  Reply remove(const ResourceType& type, const std::string& name_space, const std::string& name,
               const document::Node& options = {});

 private:
  std::unique_ptr<Loop> loop_;
};

// "/api/v1/namespaces/ns/pods/name"; with an empty name the collection; with an empty name_space the cluster-wide path.
std::string path_of(const ResourceType& type, const std::string& name_space, const std::string& name = {});
// Which lines of a container's log.
struct LogOptions {
  std::string container;  // "" where the pod has only one
  bool follow = false;
  bool previous = false;  // of the container's run before the last restart
  bool timestamps = false;
  std::optional<long long> since_seconds;
  std::string since_time;  // RFC 3339
  std::optional<long long> tail_lines;
  std::optional<long long> limit_bytes;
};
// The path of a pod's log, for Client::stream() or send().
std::string log_path(const std::string& name_space, const std::string& pod, const LogOptions& options = {});
// "?a=b&c=d" percent-encoded, "" for none.
std::string encode_query(const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace kfrun::kube
