#include "kube/watch.h"

#include <algorithm>

#include "document/reader.h"
#include "document/writer.h"

namespace kfrun::kube {

namespace {

using document::Node;

constexpr std::size_t kLongestLine = 64u << 20;
constexpr Duration kProsperous = std::chrono::seconds(5);  // a stream that lived so long was a success

const Node* metadata_of(const Node& object) {
  const Node* metadata = object.find("metadata");
  return metadata != nullptr && metadata->is_mapping() ? metadata : nullptr;
}

std::string version_of(const Node& object) {
  const Node* metadata = metadata_of(object);
  return metadata == nullptr ? std::string() : metadata->text_of("resourceVersion");
}

std::string identity_of(const Node& object) {
  const Node* metadata = metadata_of(object);
  if (metadata == nullptr) return {};
  std::string uid = metadata->text_of("uid");
  return uid.empty() ? metadata->text_of("namespace") + "/" + metadata->text_of("name") : uid;
}

// What later tells that it vanished; an object's spec and status would fill the memory of a big run.
std::string remains_of(const Node& object) {
  Node remains = Node::mapping();
  for (const std::string_view key : {"apiVersion", "kind", "metadata"}) {
    if (const Node* value = object.find(key)) remains.set(key, *value);
  }
  return document::write_json(remains);
}

// What is often half of an object, and of no use to a watcher.
void drop_managed_fields(Node& object) {
  if (Node* metadata = object.find("metadata"); metadata != nullptr && metadata->is_mapping()) metadata->remove("managedFields");
}

// Items of a list do not say what they are; those of a watch do.
void add_type(Node& object, const ResourceType& type) {
  if (object.find("kind") != nullptr) return;
  const std::string version = type.group.empty() ? type.version : type.group + "/" + type.version;
  auto& members = object.members();
  members.insert(members.begin(), {Node::string("kind"), Node::string(type.kind)});
  members.insert(members.begin(), {Node::string("apiVersion"), Node::string(version)});
}

bool watching_is_denied(const Reply& reply) { return reply.status == 403 || reply.status == 405; }

}  // namespace

Watch::Watch(Loop& loop, Handle handle, const ResourceType& type, const std::string& name_space, WatchOptions options,
             std::function<void(const WatchEvent&)> event, std::function<void(const Error&)> failed)
    : loop_(loop),
      handle_(handle),
      type_(type),
      path_(path_of(type, name_space)),
      options_(std::move(options)),
      event_(std::move(event)),
      failed_(std::move(failed)) {}

void Watch::cancel() {
  over_ = true;
  to_tell_.clear();
  failure_.reset();
  if (request_) loop_.cancel(*request_);
  if (timer_) loop_.cancel_timer(*timer_);
}

std::string Watch::query(std::vector<std::pair<std::string, std::string>> parameters) const {
  if (!options_.label_selector.empty()) parameters.emplace_back("labelSelector", options_.label_selector);
  if (!options_.field_selector.empty()) parameters.emplace_back("fieldSelector", options_.field_selector);
  return encode_query(parameters);
}

void Watch::after(Duration delay, std::function<void(Watch&)> action) {
  timer_ = loop_.after(delay, [self = shared_from_this(), action = std::move(action)] {
    self->timer_.reset();
    if (!self->over_) action(*self);
  });
}

// The same or another step after a fault.
void Watch::again(std::function<void(Watch&)> action) {
  after(retry_delay(++failures_, std::nullopt, loop_.random()), std::move(action));
}

bool Watch::is_lasting(const Reply& reply) const {
  switch (reply.status) {
    case 0:
      return reply.failure_kind == ErrorKind::input || (reply.failure_kind == ErrorKind::denied && !synced_);
    case 401:  // a login that expires in the middle may be renewed
      return !synced_;
    case 408:
    case 410:  // of a continue token, too
    case 429:
      return false;
    default:
      return reply.status >= 400 && reply.status < 500;
  }
}

// ---- list

void Watch::poll_later() {
  failures_ = 0;
  after(options_.poll_interval, [](Watch& self) { self.list_page({}); });
}

void Watch::list_page(const std::string& continue_token) {
  if (continue_token.empty()) ++list_number_;
  std::vector<std::pair<std::string, std::string>> parameters{{"limit", std::to_string(options_.page_size)}};
  if (!continue_token.empty()) parameters.emplace_back("continue", continue_token);
  Request request;
  request.path = path_ + query(std::move(parameters));
  request_ = loop_.start(std::move(request), [self = shared_from_this()](Reply&& reply) {
    self->request_.reset();
    self->on_page(std::move(reply));
  });
}

void Watch::on_page(Reply&& reply) {
  if (reply.ok()) {
    take_page(std::move(reply.body));
  } else if (is_lasting(reply)) {
    fail(reply);
  } else {
    again([](Watch& self) { self.list_page({}); });
  }
  flush();
}

void Watch::take_page(Node list) {
  if (Node* items = list.find("items"); items != nullptr && items->is_sequence()) {
    for (Node& item : items->items()) take_object(std::move(item));
  }
  const Node* metadata = metadata_of(list);
  const std::string more = metadata == nullptr ? std::string() : metadata->text_of("continue");
  if (!more.empty()) return list_page(more);
  version_ = version_of(list);
  tell_vanished();
  if (!synced_) {
    synced_ = true;
    tell(WatchEventType::synced, Node());
  }
  if (polling_) return poll_later();
  watch_from_version();
}

void Watch::tell_vanished() {
  for (auto known = known_.begin(); known != known_.end();) {
    if (known->second.list == list_number_) {
      ++known;
      continue;
    }
    tell(WatchEventType::deleted, document::read_json(known->second.remains, "the last state known"));
    known = known_.erase(known);
  }
}

// ---- watch

void Watch::watch_from_version() {
  fault_ = StreamFault::none;
  unread_.clear();
  stream_began_ = std::chrono::steady_clock::now();
  // Spread, so that many watchers do not come back at once.
  const auto seconds = std::chrono::duration<double>(options_.stream_time).count() * (1 + loop_.random() / 5);
  Request request;
  request.path = path_ + query({{"watch", "true"},
                                {"allowWatchBookmarks", "true"},
                                {"resourceVersion", version_},
                                {"timeoutSeconds", std::to_string(std::max(1, static_cast<int>(seconds)))}});
  StreamOptions stream;
  stream.silence = options_.silence;
  stream.piece = [self = shared_from_this()](std::string_view bytes) { return self->on_piece(bytes); };
  request_ = loop_.stream(std::move(request), std::move(stream), [self = shared_from_this()](Reply&& reply) {
    self->request_.reset();
    self->on_stream_end(std::move(reply));
  });
}

bool Watch::on_piece(std::string_view bytes) {
  unread_ += bytes;
  std::size_t begin = 0;
  for (auto end = unread_.find('\n'); end != std::string::npos && fault_ == StreamFault::none; end = unread_.find('\n', begin)) {
    on_line(std::string_view(unread_).substr(begin, end - begin));
    begin = end + 1;
  }
  unread_.erase(0, begin);
  flush();
  return !over_ && fault_ == StreamFault::none && unread_.size() <= kLongestLine;
}

void Watch::on_line(std::string_view line) {
  if (line.empty()) return;
  Node event;
  try {
    event = document::read_json(line, "the watch");
  } catch (const Error&) {
    fault_ = StreamFault::garbled;  // nothing behind it is taken: the next stream brings it again
    return;
  }
  Node* object = event.find("object");
  if (object == nullptr || !object->is_mapping()) return;
  const std::string type = event.text_of("type");
  if (type == "ERROR") {
    const bool expired = object->text_of("code") == "410" || object->text_of("reason") == "Expired";
    fault_ = expired ? StreamFault::expired : StreamFault::garbled;
    return;
  }
  failures_ = 0;
  if (auto version = version_of(*object); !version.empty()) version_ = std::move(version);
  if (type == "BOOKMARK") {
    tell(WatchEventType::bookmark, Node::mapping({{"metadata", Node::mapping({{"resourceVersion", Node::string(version_)}})}}));
  } else if (type == "DELETED") {
    take_deleted(std::move(*object));
  } else if (type == "ADDED" || type == "MODIFIED") {
    take_object(std::move(*object));
  }
}

void Watch::on_stream_end(Reply&& reply) {
  if (std::chrono::steady_clock::now() - stream_began_ >= kProsperous) failures_ = 0;
  if (watching_is_denied(reply)) {
    polling_ = true;
    poll_later();
  } else if (fault_ == StreamFault::expired || reply.status == 410 || reply.status == 404) {
    again([](Watch& self) { self.list_page({}); });  // where the type is gone, the list says so
  } else if (is_lasting(reply)) {
    fail(reply);
  } else {
    again([](Watch& self) { self.watch_from_version(); });
  }
  flush();
}

// ---- objects

void Watch::take_object(Node object) {
  if (!object.is_mapping()) return;
  drop_managed_fields(object);
  add_type(object, type_);
  Known& known = known_[identity_of(object)];
  const bool is_new = known.list == 0;
  known.list = list_number_;
  std::string version = version_of(object);
  if (!is_new && known.version == version) return;
  known.version = std::move(version);
  known.remains = remains_of(object);
  tell(is_new ? WatchEventType::added : WatchEventType::modified, std::move(object));
}

void Watch::take_deleted(Node object) {
  drop_managed_fields(object);
  if (known_.erase(identity_of(object)) > 0) tell(WatchEventType::deleted, std::move(object));
}

// ---- what the user is told

void Watch::tell(WatchEventType type, Node object) {
  if (!over_) to_tell_.push_back({type, std::move(object)});
}

void Watch::fail(const Reply& reply) {
  try {
    throw_unless_ok(reply, "watching " + type_.plural);
  } catch (const Error& error) {
    failure_ = error;
  }
}

void Watch::flush() {
  if (flushing_) return;  // called back from inside of an event: the outer one goes on
  const auto self = shared_from_this();
  flushing_ = true;
  try {
    while (!to_tell_.empty()) {
      const WatchEvent event = std::move(to_tell_.front());
      to_tell_.pop_front();
      loop_.note_called();
      event_(event);
    }
  } catch (...) {
    flushing_ = false;
    if (!to_tell_.empty() || failure_) {
      loop_.after(Duration::zero(), [self] {
        if (!self->over_) self->flush();
      });
    }
    throw;
  }
  flushing_ = false;
  if (!failure_ || over_) return;
  over_ = true;
  const Error error = std::move(*failure_);
  const auto failed = failed_;
  loop_.end_watch(handle_);
  loop_.note_called();
  failed(error);
}

}  // namespace kfrun::kube
