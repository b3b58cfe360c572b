#include "kube/client.h"

#include "document/writer.h"
#include "kube/loop.h"
#include "kube/watch.h"

namespace kfrun::kube {

namespace {

using document::Node;

const std::string& name_of(const Node& object) {
  static const std::string none;
  const Node* name = object.find_path({"metadata", "name"});
  return name == nullptr ? none : name->text();
}

// Cancels a request that is still under way when its scope is left by an exception of somebody else's callback.
class CancelGuard {
 public:
  CancelGuard(Loop& loop, Handle handle) : loop_(loop), handle_(handle) {}
  ~CancelGuard() { loop_.cancel(handle_); }
  CancelGuard(const CancelGuard&) = delete;
  CancelGuard& operator=(const CancelGuard&) = delete;

 private:
  Loop& loop_;
  Handle handle_;
};

}  // namespace

Client::Client(const Config& config) : loop_(std::make_unique<Loop>(config)) {}
Client::~Client() = default;

const Config& Client::config() const { return loop_->config(); }

Handle Client::start(Request request, OnReply done) {
  return loop_->start(std::move(request), [done = std::move(done)](Reply&& reply) { done(reply); });
}

Handle Client::stream(Request request, OnBytes piece, OnReply done) {
  StreamOptions options;
  options.piece = std::move(piece);
  return loop_->stream(std::move(request), std::move(options), [done = std::move(done)](Reply&& reply) { done(reply); });
}

Handle Client::watch(const ResourceType& type, const std::string& name_space, WatchOptions options,
                     std::function<void(const WatchEvent&)> event, std::function<void(const Error&)> failed) {
  return loop_->start_watch(type, name_space, std::move(options), std::move(event), std::move(failed));
}

void Client::cancel(Handle handle) { loop_->cancel(handle); }

void Client::run_once(Duration wait) { loop_->run_once(wait); }
void Client::run_until(const std::function<bool()>& done) {
  const auto wakes = loop_->wakes();
  while (!done()) loop_->run_once(std::chrono::hours(1));
  if (loop_->wakes() != wakes) loop_->wake();  // it was meant for the caller's own run_once()
}
void Client::wake() { loop_->wake(); }
void Client::add_descriptor(int descriptor, std::function<void()> readable) {
  loop_->add_descriptor(descriptor, std::move(readable));
}
void Client::remove_descriptor(int descriptor) { loop_->remove_descriptor(descriptor); }

Reply Client::send(Request request) {
  std::optional<Reply> reply;
  const Handle handle = loop_->start(std::move(request), [&reply](Reply&& answer) { reply = std::move(answer); });
  const CancelGuard guard(*loop_, handle);
  run_until([&reply] { return reply.has_value(); });
  return std::move(*reply);
}

Reply Client::get(const ResourceType& type, const std::string& name_space, const std::string& name) {
  Request request;
  request.path = path_of(type, name_space, name);
  return send(std::move(request));
}

std::vector<Node> Client::list(const ResourceType& type, const std::string& name_space, const std::string& label_selector,
                               int page_size) {
  std::vector<Node> objects;
  std::string continue_token;
  int restarts = 0;
  for (;;) {
    std::vector<std::pair<std::string, std::string>> query{{"limit", std::to_string(page_size)}};
    if (!label_selector.empty()) query.emplace_back("labelSelector", label_selector);
    if (!continue_token.empty()) query.emplace_back("continue", continue_token);
    Request request;
    request.path = path_of(type, name_space) + encode_query(query);
    Reply reply = send(std::move(request));
    if (reply.status == 410 && !continue_token.empty() && restarts++ < 3) {
      objects.clear();
      continue_token.clear();
      continue;
    }
    throw_unless_ok(reply, "listing " + type.plural);
    if (Node* items = reply.body.find("items"); items != nullptr && items->is_sequence()) {
      std::move(items->items().begin(), items->items().end(), std::back_inserter(objects));
    }
    const Node* more = reply.body.find_path({"metadata", "continue"});
    continue_token = more == nullptr ? std::string() : more->text();
    if (continue_token.empty()) return objects;
  }
}

Reply Client::create(const ResourceType& type, const std::string& name_space, const Node& object) {
  Request request;
  request.method = "POST";
  request.path = path_of(type, name_space);
  request.body = document::write_json(object);
  return send(std::move(request));
}

Reply Client::update(const ResourceType& type, const std::string& name_space, const Node& object) {
  Request request;
  request.method = "PUT";
  request.path = path_of(type, name_space, name_of(object));
  request.body = document::write_json(object);
  return send(std::move(request));
}

Reply Client::patch(const ResourceType& type, const std::string& name_space, const std::string& name, const Node& patch,
                    std::string_view content_type, std::string_view query) {
  Request request;
  request.method = "PATCH";
  request.path = path_of(type, name_space, name);
  request.path += query;
  request.body = document::write_json(patch);
  request.content_type = content_type;
  return send(std::move(request));
}

Reply Client::remove(const ResourceType& type, const std::string& name_space, const std::string& name, const Node& options) {
  Request request;
  request.method = "DELETE";
  request.path = path_of(type, name_space, name);
  if (!options.is_null()) request.body = document::write_json(options);
  request.idempotent = true;
  return send(std::move(request));
}

}  // namespace kfrun::kube
