#include "kube/tcp_proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "base/error.h"

namespace kfrun::kube {

namespace {

struct Pair {
  int client = -1;
  int server = -1;
  int number = 0;
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

void end(Pair& pair, bool reset) {
  const linger now{reset ? 1 : 0, 0};
  ::setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(pair.client);
  ::close(pair.server);
  pair.client = pair.server = -1;
}

// What `from` has to say; false when it has ended.
bool carry(int from, int to) {
  char bytes[65536];
  const auto count = ::recv(from, bytes, sizeof bytes, 0);
  for (ssize_t sent = 0; sent < count;) {
    const auto more = ::send(to, bytes + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return count > 0;
}

}  // namespace

TcpProxy::TcpProxy(int target_port) : target_port_(target_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  KFRUN_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  KFRUN_CHECK(::listen(listener_, 64) == 0);
  KFRUN_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { carry_all(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
}

void TcpProxy::freeze() {
  frozen_ = connections_.load();
  wait_a_round();
}

void TcpProxy::reset() {
  reset_ = connections_.load();
  wait_a_round();
}

// Until the thread has seen what was said.
void TcpProxy::wait_a_round() const {
  const unsigned seen = rounds_;
  while (rounds_ - seen < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void TcpProxy::carry_all() {
  std::vector<Pair> pairs;
  for (; !stopping_; ++rounds_) {
    std::vector<pollfd> waits{{listener_, POLLIN, 0}};
    for (Pair& pair : pairs) {
      if (pair.client >= 0 && pair.number <= reset_) end(pair, true);
      const bool served = pair.client >= 0 && pair.number > frozen_;
      waits.push_back({served ? pair.client : -1, POLLIN, 0});
      waits.push_back({served ? pair.server : -1, POLLIN, 0});
    }
    ::poll(waits.data(), waits.size(), 10);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      Pair& pair = pairs[i];
      const bool ended = (waits[2 * i + 1].revents != 0 && !carry(pair.client, pair.server)) ||
                         (waits[2 * i + 2].revents != 0 && !carry(pair.server, pair.client));
      if (ended) end(pair, false);
    }
    if (waits[0].revents == 0) continue;
    Pair pair;
    pair.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    pair.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in target = loopback(target_port_);
    pair.number = ++connections_;
    if (::connect(pair.server, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) end(pair, true);
    pairs.push_back(pair);
  }
  for (Pair& pair : pairs) {
    if (pair.client >= 0) end(pair, true);
  }
}

}  // namespace kfrun::kube
