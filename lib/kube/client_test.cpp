// Requests and streams against a server that misbehaves to order.
#include "kube/client.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/test.h"
#include "kube/fault_server.h"

namespace kfrun::kube {

namespace {

using document::Node;
using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

Request get(const std::string& path = "/api/v1/x") {
  Request request;
  request.path = path;
  return request;
}

Request post(bool idempotent = false) {
  Request request;
  request.method = "POST";
  request.path = "/api/v1/x";
  request.body = R"({"a":1})";
  request.idempotent = idempotent;
  return request;
}

// The first `count` requests get `fault`, all others 200.
FaultServer::Handler first(int count, FaultServer::Handler fault) {
  return [count, fault = std::move(fault)](Exchange& exchange) {
    if (exchange.number <= count) return fault(exchange);
    exchange.reply(200, R"({"ok":true})");
  };
}

}  // namespace

TEST_CASE("a reply has status, headers and a body that is read when it is JSON") {
  FaultServer server([](Exchange& exchange) {
    if (exchange.request.path == "/json")
      return exchange.reply(201, R"({"a":[1]})", "Warning: 299 - \"old\"\r\nWARNING: two\r\n");
    exchange.reply(404, "404 page not found\n", "", "text/plain");
  });
  Client client(server.config());
  const Reply json = client.send(get("/json"));
  CHECK(json.status == 201);
  CHECK(json.ok());
  CHECK(json.http_version == 11);
  CHECK(json.body.find("a")->items()[0].as_integer() == 1);
  CHECK(json.headers.at("warning") == "299 - \"old\", two");
  const Reply text = client.send(get("/text"));
  CHECK(text.body.text() == "404 page not found\n");
  CHECK(text.message() == "404 page not found (HTTP 404)");
  CHECK(server.connections() == 1);
}

TEST_CASE("methods, bodies and headers arrive as they were meant") {
  FaultServer server([](Exchange& exchange) { exchange.reply(200); });
  Config config = server.config();
  config.server += "/prefix";
  config.token = "t0";
  config.impersonate_user = "jane";
  config.impersonate_groups = {"a", "b"};
  config.impersonate_extra = {{"Scopes/x", {"y"}}};
  Client client(config);
  for (const std::string method : {"GET", "DELETE", "POST", "PUT", "PATCH", "DELETE"}) {
    Request request = get("/p?q=1");
    request.method = method;
    if (method == "PATCH") request.content_type = "application/merge-patch+json";
    if (method != "GET") request.body = method == "DELETE" ? "" : "{\"b\":2}";
    CHECK(client.send(request).ok());
  }
  Request with_options = get("/p");
  with_options.method = "DELETE";
  with_options.body = "{}";
  CHECK(client.send(with_options).ok());

  const auto seen = server.seen();
  REQUIRE(seen.size() == 7);
  const std::vector<std::string> methods{"GET", "DELETE", "POST", "PUT", "PATCH", "DELETE", "DELETE"};
  for (std::size_t i = 0; i < seen.size(); ++i) {
    CAPTURE(i);
    CHECK(seen[i].method == methods[i]);
    CHECK(seen[i].path == (i == 6 ? "/prefix/p" : "/prefix/p?q=1"));
    CHECK(seen[i].headers.at("authorization") == "Bearer t0");
    CHECK(seen[i].headers.at("impersonate-user") == "jane");
    CHECK(seen[i].headers.at("impersonate-extra-scopes%2fx") == "y");
    CHECK(seen[i].headers.count("expect") == 0);
  }
  CHECK(seen[0].body.empty());
  CHECK(seen[1].body.empty());
  CHECK(seen[2].body == "{\"b\":2}");
  CHECK(seen[3].body == "{\"b\":2}");
  CHECK(seen[4].headers.at("content-type") == "application/merge-patch+json");
  CHECK(seen[5].body.empty());
  CHECK(seen[6].body == "{}");
}

TEST_CASE("the kubeconfig's proxy is used, the environment's is not for this machine") {
  FaultServer proxy([](Exchange& exchange) { exchange.reply(200, R"({"by":"proxy"})"); });
  FaultServer server([](Exchange& exchange) { exchange.reply(200, R"({"by":"server"})"); });
  Config config = server.config();
  ::setenv("http_proxy", proxy.config().server.c_str(), 1);
  CHECK(Client(config).send(get()).body.text_of("by") == "server");
  ::unsetenv("http_proxy");
  CHECK(proxy.seen().empty());

  config.server = "http://kube.invalid:6443";
  config.proxy_url = proxy.config().server;
  CHECK(Client(config).send(get()).body.text_of("by") == "proxy");
  REQUIRE(proxy.seen().size() == 1);
  CHECK(proxy.seen()[0].path == "http://kube.invalid:6443/api/v1/x");
  CHECK(server.seen().size() == 1);
}

TEST_CASE("what is urgent goes before all that waits for a place") {
  FaultServer server([](Exchange& exchange) { exchange.reply(200); });
  Client client(server.config());
  int done = 0;
  for (int i = 0; i < 300; ++i) client.start(get("/many"), [&](const Reply&) { ++done; });
  Request request = get("/one");
  request.urgent = true;
  int before = -1;
  client.start(request, [&](const Reply&) { before = done; });
  while (done < 300) client.run_once(seconds(1));
  CHECK(before >= 0);
  CHECK(before <= 150);
}

TEST_CASE("no more requests a second are sent than the ceiling says, but for urgent ones") {
  FaultServer server([](Exchange& exchange) { exchange.reply(200); });
  Config config = server.config();
  config.max_requests_per_second = 20;
  Client client(config);
  const auto began = SteadyClock::now();
  int done = 0;
  for (int i = 0; i < 13; ++i) client.start(get("/many"), [&](const Reply&) { ++done; });
  Request request = get("/one");
  request.urgent = true;
  CHECK(client.send(request).ok());
  CHECK(SteadyClock::now() - began < milliseconds(400));
  while (done < 13) client.run_once(seconds(1));
  CHECK(SteadyClock::now() - began >= milliseconds(500));  // two or three of the thirteen at once
}

TEST_CASE("while a Retry-After lasts nobody else is sent, but for urgent ones") {
  FaultServer server([](Exchange& exchange) {
    if (exchange.number == 1) return exchange.reply(429, "{}", "Retry-After: 1\r\n");
    exchange.reply(200);
  });
  Client client(server.config());
  Request once = get("/refused");
  once.retry_for = Duration::zero();
  CHECK(client.send(once).status == 429);
  const auto began = SteadyClock::now();
  Request urgent = get("/urgent");
  urgent.urgent = true;
  CHECK(client.send(urgent).ok());
  CHECK(SteadyClock::now() - began < milliseconds(700));
  CHECK(client.send(get("/other")).ok());
  CHECK(SteadyClock::now() - began >= milliseconds(900));
}

TEST_CASE("429 is tried again after the time that the server asks for, whatever the method") {
  FaultServer server(first(1, [](Exchange& exchange) { exchange.reply(429, "{}", "Retry-After: 1\r\n"); }));
  Client client(server.config());
  const auto began = SteadyClock::now();
  const Reply reply = client.send(post());
  CHECK(reply.ok());
  CHECK(reply.attempts == 2);
  CHECK(SteadyClock::now() - began >= seconds(1));
  CHECK(server.seen().size() == 2);
}

TEST_CASE("a server that stays unavailable is given up on, with its last answer") {
  FaultServer server([](Exchange& exchange) {
    exchange.reply(503, R"({"kind":"Status","message":"please wait","reason":"ServiceUnavailable"})");
  });
  Client client(server.config());
  Request request = post();
  request.retry_for = milliseconds(400);
  const Reply reply = client.send(request);
  CHECK(reply.status == 503);
  CHECK(reply.message() == "please wait");
  CHECK(reply.attempts > 1);
  CHECK(reply.attempts == static_cast<int>(server.seen().size()));

  request.retry_for = Duration::zero();
  CHECK(client.send(request).attempts == 1);
}

TEST_CASE("an answer that breaks off is asked for again only where that is safe") {
  const auto fault = GENERATE(std::string("reset before a byte"), std::string("reset in the body"),
                              std::string("truncated chunk"), std::string("closed in the body"));
  CAPTURE(fault);
  const auto misbehave = [&](Exchange& exchange) {
    if (fault == "truncated chunk") {
      exchange.begin_chunks();
      exchange.raw("ff\r\n{\"half");
      return exchange.close();
    }
    if (fault != "reset before a byte")
      exchange.raw("HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{");
    if (fault == "closed in the body") return exchange.close();
    std::this_thread::sleep_for(milliseconds(20));
    exchange.reset();
  };
  {
    FaultServer server(first(1, misbehave));
    Client client(server.config());
    const Reply reply = client.send(get());
    CHECK(reply.ok());
    CHECK(reply.attempts == 2);
  }
  {
    FaultServer server(first(1, misbehave));
    Client client(server.config());
    const Reply reply = client.send(post());
    CHECK(reply.status == 0);
    CHECK(reply.failure_kind == ErrorKind::unreachable);
    CHECK(reply.attempts == 1);
    CHECK(server.seen().size() == 1);
  }
  {
    FaultServer server(first(1, misbehave));
    Client client(server.config());
    CHECK(client.send(post(true)).ok());
    CHECK(server.seen().size() == 2);
    CHECK(server.seen()[1].body == R"({"a":1})");
  }
}

TEST_CASE("a connection that dies under a second request does not make libcurl repeat a POST by itself") {
  FaultServer server([](Exchange& exchange) {
    if (exchange.number != 2) return exchange.reply(200);
    exchange.close();  // it was read, perhaps acted on
  });
  Client client(server.config());
  CHECK(client.send(get()).ok());
  const Reply reply = client.send(post());
  CHECK(reply.status == 0);
  CHECK(server.seen().size() == 2);
}

TEST_CASE("what cannot be JSON is a broken answer") {
  FaultServer server(first(1, [](Exchange& exchange) { exchange.reply(200, "{\"half"); }));
  Client client(server.config());
  const Reply reply = client.send(get());
  CHECK(reply.ok());
  CHECK(reply.attempts == 2);
}

TEST_CASE("no answer in time is an end, and its kind says so") {
  FaultServer server([](Exchange& exchange) { exchange.hold(); });
  Client client(server.config());
  Request request = post();
  request.timeout = milliseconds(100);
  const Reply reply = client.send(request);
  CHECK(reply.status == 0);
  CHECK(reply.failure_kind == ErrorKind::timed_out);
  CHECK(reply.attempts == 1);
  CHECK_THROWS_WITH(throw_unless_ok(reply, "creating x"), ContainsSubstring("creating x") && ContainsSubstring("timed out"));

  request.idempotent = true;
  request.retry_for = milliseconds(250);
  CHECK(client.send(request).attempts > 1);
}

TEST_CASE("a read that hears nothing is tried three times, though one try outlasts the time for retries") {
  const bool has_begun = GENERATE(false, true);
  CAPTURE(has_begun);
  FaultServer server(first(2, [&](Exchange& exchange) {
    if (has_begun) {
      exchange.begin_chunks();
      exchange.chunk("{\"half\":");
    }
    exchange.hold();
  }));
  Config config = server.config();
  config.request_timeout = milliseconds(300);
  config.retry_for = milliseconds(50);
  const Reply reply = Client(config).send(get());
  CHECK(reply.ok());
  CHECK(reply.attempts == 3);
  CHECK(server.connections() == 3);  // a connection that may hang is not trusted with the next try

  Request once = get();
  once.retry_for = Duration::zero();
  FaultServer silent([](Exchange& exchange) { exchange.hold(); });
  config.server = silent.config().server;
  const Reply none = Client(config).send(once);
  CHECK(none.attempts == 1);
  CHECK(none.failure_kind == ErrorKind::timed_out);
}

TEST_CASE("a slow answer is waited for as long as it comes") {
  FaultServer server([](Exchange& exchange) {
    exchange.begin_chunks();
    exchange.chunk("[0");
    for (int i = 0; i < 10; ++i) {
      std::this_thread::sleep_for(milliseconds(100));
      exchange.chunk(",1");
    }
    exchange.chunk("]");
    exchange.end_chunks();
  });
  Config config = server.config();
  config.request_timeout = milliseconds(600);
  const Reply reply = Client(config).send(get());
  CHECK(reply.ok());
  CHECK(reply.attempts == 1);
}

TEST_CASE("a refused connection is tried again for a while, then unreachable") {
  Config config;
  {
    FaultServer server([](Exchange&) {});
    config = server.config();
  }
  config.retry_for = milliseconds(300);
  Client client(config);
  const Reply reply = client.send(post());
  CHECK(reply.status == 0);
  CHECK(reply.failure_kind == ErrorKind::unreachable);
  CHECK(reply.attempts > 1);
  CHECK_THAT(reply.message(), ContainsSubstring(config.server));
  Request once = get();
  once.retry_for = Duration::zero();
  CHECK(client.send(once).attempts == 1);
}

TEST_CASE("many requests at once all come back") {
  FaultServer server([](Exchange& exchange) { exchange.reply(200, "{\"path\":\"" + exchange.request.path + "\"}"); });
  Client client(server.config());
  int done = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string path = "/" + std::to_string(i);
    client.start(get(path), [&done, path](const Reply& reply) {
      CHECK(reply.body.text_of("path") == path);
      ++done;
    });
  }
  while (done < 300) client.run_once(seconds(1));
  CHECK(server.seen().size() == 300);
  CHECK(server.connections() <= 100);
}

TEST_CASE("a cancelled request never comes back, whether it was sent or not") {
  FaultServer server([](Exchange& exchange) { exchange.request.path == "/held" ? exchange.hold() : exchange.reply(200); });
  Client client(server.config());
  int called = 0;
  const auto count = [&](const Reply&) { ++called; };
  client.cancel(client.start(get("/unsent"), count));
  const Handle held = client.start(get("/held"), count);
  while (server.seen().empty()) client.run_once(milliseconds(5));
  client.cancel(held);
  client.cancel(held);
  CHECK(client.send(get("/other")).ok());
  CHECK(called == 0);
  CHECK(server.seen().size() == 2);
}

TEST_CASE("callbacks may start, cancel and wait for other requests") {
  FaultServer server([](Exchange& exchange) { exchange.reply(200); });
  Client client(server.config());
  std::vector<std::string> order;
  Handle never = 0;
  client.start(get("/a"), [&](const Reply&) {
    order.push_back("a");
    client.cancel(never);
    CHECK(client.send(get("/b")).ok());
    order.push_back("b");
    client.start(get("/c"), [&](const Reply&) { order.push_back("c"); });
  });
  Request late = get("/never");
  never = client.start(late, [&](const Reply&) { order.push_back("never"); });
  // Both may be answered in the same turn: the first one called cancels the other.
  while (order.empty() || order.back() != "c") client.run_once(seconds(1));
  if (order.front() == "never") order.erase(order.begin());
  CHECK(order == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("what a callback throws leaves run_once, and the rest comes afterwards") {
  FaultServer server([](Exchange& exchange) { exchange.request.path == "/late" ? exchange.hold() : exchange.reply(200); });
  Client client(server.config());
  int thrown = 0, done = 0;
  for (int i = 0; i < 10; ++i) {
    client.start(get(), [&](const Reply&) {
      ++done;
      throw std::runtime_error("mine");
    });
  }
  while (done < 10) {
    try {
      client.run_once(seconds(1));
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  CHECK(thrown == 10);
  CHECK(client.send(get()).ok());

  // Another's exception leaves send() too, and its own request is dropped.
  client.start(get(), [](const Reply&) { throw std::runtime_error("other"); });
  CHECK_THROWS_WITH(client.send(get("/late")), "other");
  CHECK(client.send(get()).ok());
}

TEST_CASE("run_once wakes for wake(), for descriptors, and at its time") {
  FaultServer server([](Exchange& exchange) { exchange.reply(200); });
  Client client(server.config());
  const auto began = SteadyClock::now();
  client.run_once(milliseconds(50));
  CHECK(SteadyClock::now() - began >= milliseconds(50));

  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(50));
    client.wake();
  });
  client.run_once(seconds(60));
  other.join();
  CHECK(SteadyClock::now() - began < seconds(30));

  // A wake that a blocking call met is kept for the caller's own loop.
  client.wake();
  CHECK(client.send(get()).ok());
  client.run_once(seconds(60));
  CHECK(SteadyClock::now() - began < seconds(30));

  const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int readable = 0;
  client.add_descriptor(descriptor, [&] {
    eventfd_t value = 0;
    CHECK(::eventfd_read(descriptor, &value) == 0);
    ++readable;
  });
  ::eventfd_write(descriptor, 1);
  client.run_once(seconds(60));
  CHECK(readable == 1);
  client.remove_descriptor(descriptor);
  ::eventfd_write(descriptor, 1);
  client.run_once(milliseconds(20));
  CHECK(readable == 1);
  ::close(descriptor);
}

TEST_CASE("a stream hands over pieces as they come, and can be stopped") {
  FaultServer server([](Exchange& exchange) {
    if (exchange.request.path == "/other") return exchange.reply(200);
    exchange.begin_chunks();
    exchange.chunk("one\n");
    std::this_thread::sleep_for(milliseconds(50));
    exchange.chunk("two\n");
    if (exchange.request.path == "/endless") return exchange.hold();
    exchange.end_chunks();
  });
  Client client(server.config());
  std::string text;
  std::optional<Reply> reply;
  int pieces = 0;
  const auto piece = [&](std::string_view bytes) {
    text += bytes;
    ++pieces;
    return text.find("two") == std::string::npos;
  };
  client.stream(
      get("/log"), [&](std::string_view bytes) { return piece(bytes), true; }, [&](const Reply& end) { reply = end; });
  while (!reply) client.run_once(seconds(1));
  CHECK(text == "one\ntwo\n");
  CHECK(pieces == 2);
  CHECK(reply->ok());

  text.clear();
  reply.reset();
  client.stream(get("/endless"), piece, [&](const Reply& end) { reply = end; });
  while (!reply) client.run_once(seconds(1));
  CHECK(text == "one\ntwo\n");
  CHECK(reply->status == 200);
  CHECK(reply->failure.empty());
  CHECK(client.send(get("/other")).ok());
}

TEST_CASE("a stream is tried again until its first piece; a later break is its end") {
  FaultServer server([](Exchange& exchange) {
    if (exchange.number == 1) return exchange.reset();
    if (exchange.number == 2) return exchange.reply(503);
    exchange.begin_chunks();
    exchange.chunk("piece");
    std::this_thread::sleep_for(milliseconds(30));
    exchange.reset();
  });
  Client client(server.config());
  std::string text;
  std::optional<Reply> reply;
  client.stream(
      get(), [&](std::string_view bytes) { return text += bytes, true; }, [&](const Reply& end) { reply = end; });
  while (!reply) client.run_once(seconds(1));
  CHECK(text == "piece");
  CHECK(reply->status == 0);
  CHECK_FALSE(reply->failure.empty());
  CHECK(reply->attempts == 3);
  CHECK(server.seen().size() == 3);
}

TEST_CASE("a stream's error is in the reply, not in the pieces") {
  FaultServer server([](Exchange& exchange) {
    exchange.reply(400, R"({"kind":"Status","message":"container \"x\" is waiting to start","reason":"BadRequest"})");
  });
  Client client(server.config());
  std::string text;
  std::optional<Reply> reply;
  client.stream(
      get(), [&](std::string_view bytes) { return text += bytes, true; }, [&](const Reply& end) { reply = end; });
  while (!reply) client.run_once(seconds(1));
  CHECK(text.empty());
  CHECK(reply->status == 400);
  CHECK(reply->message() == "container \"x\" is waiting to start");
}

TEST_CASE("a list is read over its pages, and anew when the continue token has expired") {
  FaultServer server([](Exchange& exchange) {
    const bool second = exchange.request.path.find("continue=") != std::string::npos;
    if (exchange.number == 2) return exchange.reply(410, R"({"kind":"Status","code":410,"reason":"Expired"})");
    exchange.reply(200, second ? R"({"metadata":{},"items":[{"n":2}]})" : R"({"metadata":{"continue":"a/b"},"items":[{"n":1}]})");
  });
  Client client(server.config());
  const auto objects = client.list(types::pods, "ns", "a=b", 1);
  REQUIRE(objects.size() == 2);
  CHECK(objects[1].text_of("n") == "2");
  const auto seen = server.seen();
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].path == "/api/v1/namespaces/ns/pods?limit=1&labelSelector=a%3Db");
  CHECK(seen[1].path == "/api/v1/namespaces/ns/pods?limit=1&labelSelector=a%3Db&continue=a%2Fb");
}

}  // namespace kfrun::kube
