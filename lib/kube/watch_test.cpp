// List and watch against a server that misbehaves to order.
#include <chrono>
#include <mutex>
#include <thread>

#include "base/test.h"
#include "base/text.h"
#include "kube/client.h"
#include "kube/fault_server.h"

namespace kfrun::kube {

namespace {

using document::Node;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string object(const std::string& name, int version, const std::string& more = "") {
  return fmt::format(
      R"({{"metadata":{{"name":"{0}","uid":"u-{0}","resourceVersion":"{1}","managedFields":[{{"manager":"m"}}]}},"status":{{"n":{1}}}{2}}})",
      name, version, more);
}

std::string list(int version, const std::vector<std::string>& objects, const std::string& more = "") {
  return fmt::format(R"({{"kind":"PodList","metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})", version, more,
                     join(objects, ","));
}

std::string event(const std::string& type, const std::string& body) {
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, body);
}

const std::string kBookmark = R"({"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"77","creationTimestamp":null}})";
const std::string kExpired =
    R"({"kind":"Status","status":"Failure","message":"too old resource version: 5","reason":"Expired","code":410})";

bool is_watch(const Exchange& exchange) { return exchange.request.path.find("watch=true") != std::string::npos; }

std::string parameter(const std::string& path, const std::string& name) {
  for (const auto& part : split(path.substr(path.find('?') + 1), '&')) {
    if (part.starts_with(name + "=")) return part.substr(name.size() + 1);
  }
  return "";
}

// A watch whose events are written down as words: "added a@1", "synced", "failed: ...".
class Watcher {
 public:
  explicit Watcher(FaultServer::Handler handler, WatchOptions options = {})
      : server_(std::move(handler)), client_(server_.config()) {
    handle_ = client_.watch(
        types::pods, "ns", std::move(options), [this](const WatchEvent& event) { write_down(event); },
        [this](const Error& error) { log_.push_back(fmt::format("failed: {}", error.what())); });
  }

  // Runs until `count` words are there, and a little longer: no more may come.
  std::vector<std::string> events(std::size_t count) {
    const auto until = std::chrono::steady_clock::now() + seconds(10);
    while (log_.size() < count && std::chrono::steady_clock::now() < until) client_.run_once(milliseconds(100));
    client_.run_once(milliseconds(20));
    return log_;
  }
  void run(Duration time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) client_.run_once(milliseconds(10));
  }

  std::vector<std::string> versions_watched() const {
    std::vector<std::string> versions;
    for (const auto& request : server_.seen()) {
      if (request.path.find("watch=true") != std::string::npos) versions.push_back(parameter(request.path, "resourceVersion"));
    }
    return versions;
  }

  FaultServer server_;
  Client client_;
  Handle handle_ = 0;
  std::vector<std::string> log_;
  std::vector<Node> objects_;
  std::function<void()> on_event_;

 private:
  void write_down(const WatchEvent& event) {
    const Node* name = event.object.find_path({"metadata", "name"});
    const Node* version = event.object.find_path({"metadata", "resourceVersion"});
    const std::string what = (name == nullptr ? "" : " " + name->text()) + (version == nullptr ? "" : "@" + version->text());
    constexpr std::string_view words[] = {"added", "modified", "deleted", "bookmark", "synced"};
    log_.push_back(std::string(words[static_cast<int>(event.type)]) + what);
    objects_.push_back(event.object);
    if (on_event_) on_event_();
  }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a watch lists page by page, then follows") {
  WatchOptions options;
  options.label_selector = "run=x";
  options.field_selector = "status.phase!=Pending";
  options.page_size = 2;
  Watcher watcher(
      [](Exchange& exchange) {
        if (parameter(exchange.request.path, "continue") == "more") return exchange.reply(200, list(5, {object("c", 3)}));
        if (!is_watch(exchange)) return exchange.reply(200, list(5, {object("a", 1), object("b", 2)}, "more"));
        exchange.begin_chunks();
        exchange.chunk(event("MODIFIED", object("a", 6)) + event("ADDED", object("d", 7)));
        exchange.chunk(event("DELETED", object("b", 8)).substr(0, 40));
        std::this_thread::sleep_for(milliseconds(20));
        exchange.chunk(event("DELETED", object("b", 8)).substr(40) + event("BOOKMARK", kBookmark));
        exchange.hold();
      },
      options);
  CHECK(watcher.events(8) ==
        Words{"added a@1", "added b@2", "added c@3", "synced", "modified a@6", "added d@7", "deleted b@8", "bookmark@77"});
  CHECK(watcher.objects_[0].text_of("kind") == "Pod");
  CHECK(watcher.objects_[0].text_of("apiVersion") == "v1");
  CHECK(watcher.objects_[0].find_path({"metadata", "managedFields"}) == nullptr);
  CHECK(watcher.objects_[4].find_path({"metadata", "managedFields"}) == nullptr);
  CHECK(watcher.objects_[0].find_path({"status", "n"})->text() == "1");
  const auto seen = watcher.server_.seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].path == "/api/v1/namespaces/ns/pods?limit=2&labelSelector=run%3Dx&fieldSelector=status.phase%21%3DPending");
  CHECK(parameter(seen[2].path, "labelSelector") == "run%3Dx");
  CHECK(parameter(seen[2].path, "allowWatchBookmarks") == "true");
  CHECK(watcher.versions_watched() == Words{"5"});
}

TEST_CASE("a watch resumes from the last version seen, however the stream ended") {
  const auto fault = GENERATE(std::string("closed in order"), std::string("reset"), std::string("cut in a line"),
                              std::string("garbled"), std::string("error event"), std::string("unavailable"));
  CAPTURE(fault);
  std::atomic<int> watches = 0;
  Watcher watcher([&](Exchange& exchange) {
    if (!is_watch(exchange)) return exchange.reply(200, list(5, {}));
    const int number = ++watches;
    if (number == 2 && fault == "unavailable") return exchange.reply(503);
    exchange.begin_chunks();
    if (number > 1) {
      exchange.chunk(event("ADDED", object("b", 7)));
      return exchange.hold();
    }
    exchange.chunk(event("ADDED", object("a", 6)));
    if (fault == "cut in a line") exchange.chunk(event("ADDED", object("b", 7)).substr(0, 50));
    if (fault == "garbled") exchange.chunk("{\"type\":\"ADDED\",,}\n" + event("ADDED", object("c", 8)));
    if (fault == "error event") exchange.chunk(event("ERROR", R"({"kind":"Status","code":500,"message":"etcd"})"));
    std::this_thread::sleep_for(milliseconds(20));
    if (fault == "reset") return exchange.reset();
    if (fault == "cut in a line") return exchange.close();
    if (fault == "garbled") return exchange.hold();
    exchange.end_chunks();
  });
  CHECK(watcher.events(3) == Words{"synced", "added a@6", "added b@7"});
  const auto versions = watcher.versions_watched();
  CHECK(versions.front() == "5");
  CHECK(versions.back() == "6");
  CHECK(versions.size() == (fault == "unavailable" ? 3 : 2));
}

TEST_CASE("a watch that has expired lists again and tells the difference") {
  const bool as_event = GENERATE(true, false);
  std::atomic<int> lists = 0, watches = 0;
  Watcher watcher([&](Exchange& exchange) {
    if (!is_watch(exchange)) {
      if (++lists == 1) return exchange.reply(200, list(5, {object("same", 1), object("changed", 2), object("gone", 3)}));
      return exchange.reply(200, list(9, {object("same", 1), object("changed", 7), object("new", 8)}));
    }
    if (++watches > 1) {
      exchange.begin_chunks();
      return exchange.hold();
    }
    if (!as_event) return exchange.reply(410, kExpired);
    exchange.begin_chunks();
    exchange.chunk(event("ERROR", kExpired));
    exchange.end_chunks();
  });
  CHECK(watcher.events(7) == Words{"added same@1", "added changed@2", "added gone@3", "synced", "modified changed@7",
                                   "added new@8", "deleted gone@3"});
  CHECK(watcher.objects_.back().text_of("kind") == "Pod");
  watcher.run(milliseconds(50));
  CHECK(watcher.versions_watched() == Words{"5", "9"});
}

TEST_CASE("a list whose continue token has expired begins again, and tells nothing twice") {
  std::atomic<int> number = 0;
  Watcher watcher([&](Exchange& exchange) {
    if (is_watch(exchange)) return exchange.hold();
    const bool second = !parameter(exchange.request.path, "continue").empty();
    if (second && ++number == 1) return exchange.reply(410, kExpired);
    if (second) return exchange.reply(200, list(9, {object("c", 3)}));
    exchange.reply(200, list(5, {object("a", 1), object("b", 2)}, "more"));
  });
  CHECK(watcher.events(4) == Words{"added a@1", "added b@2", "added c@3", "synced"});
}

TEST_CASE("a silent stream is dead, and the watch resumes") {
  WatchOptions options;
  options.silence = milliseconds(150);
  std::atomic<int> watches = 0;
  Watcher watcher(
      [&](Exchange& exchange) {
        if (!is_watch(exchange)) return exchange.reply(200, list(5, {}));
        exchange.begin_chunks();
        if (++watches == 2) exchange.chunk(event("ADDED", object("a", 6)));
        exchange.hold();
      },
      options);
  CHECK(watcher.events(2) == Words{"synced", "added a@6"});
  CHECK(watcher.versions_watched() == Words{"5", "5"});
}

TEST_CASE("where watching is denied, lists are compared") {
  WatchOptions options;
  options.poll_interval = milliseconds(20);
  std::atomic<int> lists = 0;
  Watcher watcher(
      [&](Exchange& exchange) {
        if (is_watch(exchange)) return exchange.reply(403, R"({"kind":"Status","message":"cannot watch","code":403})");
        if (++lists == 1) return exchange.reply(200, list(5, {object("a", 1), object("b", 2)}));
        exchange.reply(200, list(6, {object("b", 6), object("c", 5)}));
      },
      options);
  CHECK(watcher.events(6) == Words{"added a@1", "added b@2", "synced", "modified b@6", "added c@5", "deleted a@1"});
  watcher.run(milliseconds(100));
  CHECK(lists >= 3);
  CHECK(watcher.log_.size() == 6);
  CHECK(watcher.versions_watched() == Words{"5"});
}

TEST_CASE("a watch that cannot be ends with the reason") {
  const auto [status, reason] = GENERATE(std::pair(403, "pods is forbidden"), std::pair(404, "not found"),
                                         std::pair(400, "bad selector"), std::pair(401, "Unauthorized"));
  Watcher watcher([&, status = status, reason = reason](Exchange& exchange) {
    exchange.reply(status, fmt::format(R"({{"kind":"Status","message":"{}"}})", reason));
  });
  CHECK(watcher.events(1) == Words{fmt::format("failed: watching pods: {}", reason)});
  CHECK(watcher.server_.seen().size() == 1);
  watcher.client_.cancel(watcher.handle_);
}

TEST_CASE("a list that fails for a while is tried until it succeeds") {
  Watcher watcher([&](Exchange& exchange) {
    if (exchange.number == 1) return exchange.reset();
    if (exchange.number == 2) return exchange.reply(500, R"({"kind":"Status","message":"boom"})");
    if (is_watch(exchange)) return exchange.hold();
    exchange.reply(200, list(5, {}));
  });
  CHECK(watcher.events(1) == Words{"synced"});
}

TEST_CASE("a cancelled watch says nothing more, even from inside of its own event") {
  Watcher watcher([](Exchange& exchange) {
    if (!is_watch(exchange)) return exchange.reply(200, list(5, {object("a", 1), object("b", 2)}));
    exchange.begin_chunks();
    exchange.hold();
  });
  watcher.on_event_ = [&] { watcher.client_.cancel(watcher.handle_); };
  CHECK(watcher.events(1) == Words{"added a@1"});
  watcher.run(milliseconds(50));
  CHECK(watcher.log_.size() == 1);
  CHECK(watcher.server_.seen().size() <= 2);
}

TEST_CASE("an event's callback may throw or wait for something else: the others come, each once, in order") {
  Watcher watcher([](Exchange& exchange) {
    if (exchange.request.path == "/other") return exchange.reply(200);
    if (!is_watch(exchange)) return exchange.reply(200, list(5, {object("a", 1), object("b", 2)}));
    exchange.begin_chunks();
    exchange.chunk(event("ADDED", object("c", 6)) + event("ADDED", object("d", 7)));
    exchange.hold();
  });
  int thrown = 0;
  bool inside = false;
  watcher.on_event_ = [&] {
    CHECK_FALSE(inside);
    inside = true;
    Request other;
    other.path = "/other";
    CHECK(watcher.client_.send(other).ok());
    inside = false;
    throw std::runtime_error("mine");
  };
  while (thrown < 5) {
    try {
      watcher.client_.run_once(seconds(5));
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  CHECK(watcher.log_ == Words{"added a@1", "added b@2", "synced", "added c@6", "added d@7"});
}

}  // namespace kfrun::kube
