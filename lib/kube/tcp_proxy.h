// For tests: carries bytes between a client and a real server, and stops doing so to order, which HTTP/2 and TLS do not see.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace kfrun::kube {

class TcpProxy {
 public:
  // To a port of this machine.
  explicit TcpProxy(int target_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  int port() const { return port_; }
  int connections() const { return connections_; }
  // Connections of now carry nothing more, though they stay open; later ones are served.
  void freeze();
  // Connections of now are reset.
  void reset();

 private:
  void carry_all();
  void wait_a_round() const;

  int target_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<int> frozen_{0};  // how many of the first connections are
  std::atomic<int> reset_{0};
  std::atomic<unsigned> rounds_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace kfrun::kube
