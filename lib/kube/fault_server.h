// For tests: an HTTP/1.1 server in this process that misbehaves to order. A real API server is never this rude on demand.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kube/config.h"

namespace kfrun::kube {

struct SeenRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
  int connection = 0;  // which one it came over, counted from 1
};

// One request being answered, on a thread of its own. What is sent to a client that is gone is dropped.
class Exchange {
 public:
  Exchange(int socket, const SeenRequest& seen, int count, const std::atomic<bool>& stopping)
      : request(seen), number(count), socket_(socket), stopping_(stopping) {}

  const SeenRequest& request;
  const int number;  // of the request, counted from 1 over all connections

  void raw(std::string_view bytes);
  // A whole answer.
  void reply(int status, const std::string& body = "{}", const std::string& more_headers = "",
             const std::string& type = "application/json");
  // An answer in chunks: begin, pieces, end.
  void begin_chunks(int status = 200);
  void chunk(const std::string& bytes);
  void end_chunks() { raw("0\r\n\r\n"); }
  // Ends the connection: in order, or with a TCP reset.
  void close();
  void reset();
  // Says nothing until the client goes away or the server ends.
  void hold();
  bool open() const { return open_; }

 private:
  int socket_;
  bool open_ = true;
  const std::atomic<bool>& stopping_;
};

class FaultServer {
 public:
  using Handler = std::function<void(Exchange&)>;
  // `handler` is called from several threads at once.
  explicit FaultServer(Handler handler);
  ~FaultServer();
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;

  // For a client of this server, with short times.
  Config config() const;
  std::vector<SeenRequest> seen() const;
  int connections() const;

 private:
  void accept_all();
  void serve(int socket, int connection);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<SeenRequest> seen_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace kfrun::kube
