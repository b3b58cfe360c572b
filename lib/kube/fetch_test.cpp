#include "kube/fetch.h"

#include "base/error.h"
#include "base/test.h"
#include "kube/fault_server.h"

using namespace kfrun;
using namespace kfrun::kube;

TEST_CASE("a URL is read, with redirects, and a refusal is a value") {
  FaultServer server([](Exchange& exchange) {
    const std::string& path = exchange.request.path;
    if (path == "/from") return exchange.reply(302, "", "Location: /to%20here?x=1\r\n");
    if (path == "/to%20here?x=1") return exchange.reply(200, "text", "", "text/plain");
    if (path == "/round") return exchange.reply(302, "", "Location: /round\r\n");
    if (path == "/torn") {
      exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      return exchange.close();
    }
    exchange.reply(404, "no");
  });
  const std::string base = server.config().server;
  CHECK(fetch(base + "/from").body == "text");
  CHECK(fetch(base + "/to here?x=1").status == 200);
  CHECK(fetch(base + "/absent").status == 404);
  CHECK_THROWS_WITH(fetch(base + "/round"), ContainsSubstring("stopped after 10 redirects"));
  CHECK_THROWS_WITH(fetch(base + "/torn"), "Get \"" + base + "/torn\": unexpected EOF");
}

TEST_CASE("a server that is not there is told in Go's words, without the password") {
  CHECK_THROWS_WITH(fetch("http://127.0.0.1:1/a.yaml"),
                    "Get \"http://127.0.0.1:1/a.yaml\": dial tcp 127.0.0.1:1: connect: connection refused");
  CHECK_THROWS_WITH(fetch("http://me:secret@127.0.0.1:1/a"), ContainsSubstring("http://me:***@127.0.0.1:1/a"));
}
