#include "kube/fault_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"

namespace kfrun::kube {

namespace {

// False when the client is gone.
bool read_more(int socket, std::string& buffer) {
  char bytes[16384];
  const auto count = ::recv(socket, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  buffer.append(bytes, static_cast<std::size_t>(count));
  return true;
}

bool read_request(int socket, std::string& buffer, SeenRequest& request) {
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more(socket, buffer)) return false;
  }
  const auto lines = split(std::string_view(buffer).substr(0, end), '\n');
  const auto words = split(lines.front(), ' ');
  request.method = words.at(0);
  request.path = words.at(1);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto colon = lines[i].find(':');
    request.headers[to_lower(lines[i].substr(0, colon))] = trim(std::string_view(lines[i]).substr(colon + 1));
  }
  buffer.erase(0, end + 4);
  const auto length = request.headers.find("content-length");
  const std::size_t size =
      length == request.headers.end() ? 0 : static_cast<std::size_t>(parse_integer(length->second).value_or(0));
  while (buffer.size() < size) {
    if (!read_more(socket, buffer)) return false;
  }
  request.body = buffer.substr(0, size);
  buffer.erase(0, size);
  return true;
}

}  // namespace

void Exchange::raw(std::string_view bytes) {
  while (open_ && !bytes.empty()) {
    const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return close();
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Exchange::reply(int status, const std::string& body, const std::string& more_headers, const std::string& type) {
  raw(fmt::format("HTTP/1.1 {} X\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n{}", status, type, body.size(), more_headers,
                  body));
}

void Exchange::begin_chunks(int status) {
  raw(fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", status));
}

void Exchange::chunk(const std::string& bytes) { raw(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes)); }

void Exchange::close() {
  if (open_) ::shutdown(socket_, SHUT_RDWR);
  open_ = false;
}

void Exchange::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  open_ = false;  // serve() closes it, which with this option sends RST
}

void Exchange::hold() {
  while (open_ && !stopping_) {
    pollfd wait{socket_, POLLIN | POLLRDHUP, 0};
    if (::poll(&wait, 1, 20) > 0) return close();
  }
}

FaultServer::FaultServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  KFRUN_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  KFRUN_CHECK(::listen(listener_, 256) == 0);
  KFRUN_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

FaultServer::~FaultServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

void FaultServer::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int at_once = 1;  // small pieces go out as they are written
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, connection = static_cast<int>(sockets_.size())] { serve(socket, connection); });
  }
}

void FaultServer::serve(int socket, int connection) {
  std::string buffer;
  SeenRequest request;
  request.connection = connection;
  while (!stopping_ && read_request(socket, buffer, request)) {
    int number = 0;
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
      number = static_cast<int>(seen_.size());
    }
    Exchange exchange(socket, request, number, stopping_);
    handler_(exchange);
    if (!exchange.open()) break;
    request.headers.clear();
  }
  // The number stays taken until the server ends, so that no other connection gets it: an end of /dev/null takes its place.
  const int placeholder = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup3(placeholder, socket, O_CLOEXEC);
  ::close(placeholder);
}

Config FaultServer::config() const {
  Config config;
  config.server = fmt::format("http://127.0.0.1:{}", port_);
  config.request_timeout = std::chrono::seconds(5);
  config.retry_for = std::chrono::seconds(5);
  return config;
}

std::vector<SeenRequest> FaultServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

int FaultServer::connections() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(sockets_.size());
}

}  // namespace kfrun::kube
