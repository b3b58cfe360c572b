// One try of a request, as libcurl carries it. Nobody outside of this file and loop.cpp speaks to libcurl.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kube/client.h"
#include "kube/credentials.h"
#include "kube/retry.h"

namespace kfrun::kube {

using SteadyTime = std::chrono::steady_clock::time_point;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct SlistDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistDeleter>;

// Several transfers share a connection. This machine's port tells which, since libcurl does not say a shared one's socket.
using LocalPort = long;
// When each connection was last heard of.
using HeardFrom = std::unordered_map<LocalPort, SteadyTime>;

// Handles that are ready to speak to the server: TLS, proxy and time-outs are set once and kept from request to request.
// It outlives all connections.
class EasyPool {
 public:
  explicit EasyPool(const Config& config);
  EasyPool(const EasyPool&) = delete;
  EasyPool& operator=(const EasyPool&) = delete;
  // Handles made for another client certificate are dropped.
  Easy take(const Credential& credential);
  // Only a handle whose transfer ended well.
  void give_back(Easy easy);
  // Shuts down the open connections that `is_dead` picks: all that they carry ends as broken.
  void end_connections(const std::function<bool(LocalPort)>& is_dead);

 private:
  Easy make(const Credential& credential);
  static int on_open(void* self, curl_socket_t socket, curlsocktype purpose);
  static int on_close(void* self, curl_socket_t socket);

  const Config& config_;
  std::string base_certificate_;
  std::string connect_to_;
  Slist connect_to_list_;
  std::vector<Easy> idle_;
  std::vector<curl_socket_t> open_;
};

// How a try ended.
struct TryResult {
  Reply reply;
  Transport transport = Transport::answered;
};

struct TransferOptions {
  HeardFrom& heard_from;  // kept up to date
  bool streaming = false;
  bool fresh_connection = false;
  // Called inside libcurl whenever pieces of a stream have come where there were none waiting; must not throw nor touch libcurl.
  std::function<void()> on_pieces;
};

class Transfer {
 public:
  // `config` and `request` outlive the transfer.
  Transfer(Easy easy, const Config& config, const Credential& credential, const Request& request, TransferOptions options);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() const { return easy_.get(); }
  Easy release() { return std::move(easy_); }
  // What came of a stream since the last call.
  std::string take_pieces() { return std::exchange(pieces_, {}); }
  bool had_pieces() const { return had_pieces_; }
  SteadyTime last_byte() const { return last_byte_; }
  bool has_begun() const { return has_begun_; }  // the answer
  // Of the connection that it uses or used; 0 when it never had one.
  LocalPort local_port() const;
  // What the server has answered, now that libcurl says that the transfer ended so.
  TryResult result(CURLcode code);
  // The answer so far, for a stream that is stopped by its reader.
  Reply stopped();

 private:
  void set_headers(const Config& config, const Credential& credential);
  void set_method();
  Reply answer();
  void note_byte();
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* bytes, std::size_t size, std::size_t count, void* self);

  Easy easy_;
  const Config& config_;
  const Request& request_;
  TransferOptions options_;
  Slist header_list_;
  std::string url_;
  char error_[CURL_ERROR_SIZE] = "";
  std::size_t sent_ = 0;  // of the body

  std::map<std::string, std::string> headers_;
  std::string body_;
  std::string pieces_;
  bool had_pieces_ = false;
  bool too_large_ = false;
  bool has_begun_ = false;
  SteadyTime last_byte_ = std::chrono::steady_clock::now();
};

}  // namespace kfrun::kube
