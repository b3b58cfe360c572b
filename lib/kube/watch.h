// List and watch: the state machine behind Client::watch().
//
// list pages -> watch from the list's resourceVersion -> (stream ended) watch from the last one seen -> (410) list again, with
// the difference told as events. Where watching is denied it lists again and again.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kube/loop.h"

namespace kfrun::kube {

class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(Loop& loop, Handle handle, const ResourceType& type, const std::string& name_space, WatchOptions options,
        std::function<void(const WatchEvent&)> event, std::function<void(const Error&)> failed);

  void begin() { list_page({}); }
  // Nothing is called any more.
  void cancel();

 private:
  // What is kept of an object that was told of: enough to tell that it vanished.
  struct Known {
    std::string version;
    std::string remains;  // JSON: apiVersion, kind, metadata
    unsigned list = 0;    // the number of the list that it was last seen in
  };

  std::string query(std::vector<std::pair<std::string, std::string>> parameters) const;
  void poll_later();
  void list_page(const std::string& continue_token);
  void on_page(Reply&& reply);
  void take_page(document::Node list);
  void tell_vanished();

  void watch_from_version();
  bool on_piece(std::string_view bytes);
  void on_line(std::string_view line);
  void on_stream_end(Reply&& reply);

  void take_object(document::Node object);
  void take_deleted(document::Node object);
  void again(std::function<void(Watch&)> action);
  void after(Duration delay, std::function<void(Watch&)> action);
  void tell(WatchEventType type, document::Node object);
  bool is_lasting(const Reply& reply) const;
  void fail(const Reply& reply);
  // Calls the user with what is to be told. If that throws, the rest is told later.
  void flush();

  Loop& loop_;
  const Handle handle_;
  const ResourceType type_;
  const std::string path_;
  const WatchOptions options_;
  std::function<void(const WatchEvent&)> event_;
  std::function<void(const Error&)> failed_;

  std::map<std::string, Known> known_;  // by uid
  std::string version_;                 // resourceVersion to watch from
  unsigned list_number_ = 0;
  bool synced_ = false;
  bool polling_ = false;
  enum class StreamFault { none, expired, garbled } fault_ = StreamFault::none;
  SteadyTime stream_began_;
  int failures_ = 0;    // in a row, without an event between them
  std::string unread_;  // of the stream, up to the next line break

  std::optional<Handle> request_;
  std::optional<Timers::Id> timer_;
  std::deque<WatchEvent> to_tell_;
  std::optional<Error> failure_;
  bool flushing_ = false;
  bool over_ = false;
};

}  // namespace kfrun::kube
