// One try of a request, as libcurl carries it. Nobody outside of this file and loop.cpp speaks to libcurl.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
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

// Handles that are ready to speak to the server: TLS, proxy and time-outs are set once and kept from request to request.
class EasyPool {
 public:
  explicit EasyPool(const Config& config);
  // Handles made for another client certificate are dropped.
  Easy take(const Credential& credential);
  // Only a handle whose transfer ended well.
  void give_back(Easy easy);

 private:
  Easy make(const Credential& credential) const;

  const Config& config_;
  std::string base_certificate_;
  std::string connect_to_;
  Slist connect_to_list_;
  std::vector<Easy> idle_;
};

// How a try ended.
struct TryResult {
  Reply reply;
  Transport transport = Transport::answered;
};

class Transfer {
 public:
  // `request` outlives the transfer. `on_pieces` is called inside libcurl whenever pieces of a stream have come where there
  // were none waiting; it must not throw nor touch libcurl.
  Transfer(Easy easy, const Config& config, const Credential& credential, const Request& request, bool streaming,
           bool fresh_connection, std::function<void()> on_pieces);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() const { return easy_.get(); }
  Easy release() { return std::move(easy_); }
  // What came of a stream since the last call.
  std::string take_pieces() { return std::exchange(pieces_, {}); }
  bool had_pieces() const { return had_pieces_; }
  SteadyTime last_byte() const { return last_byte_; }
  // What the server has answered, now that libcurl says that the transfer ended so.
  TryResult result(CURLcode code);
  // The answer so far, for a stream that is stopped by its reader.
  Reply stopped();

 private:
  void set_headers(const Config& config, const Credential& credential);
  void set_method();
  Reply answer();
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* bytes, std::size_t size, std::size_t count, void* self);

  Easy easy_;
  const Config& config_;
  const Request& request_;
  bool streaming_;
  std::function<void()> on_pieces_;
  Slist header_list_;
  std::string url_;
  char error_[CURL_ERROR_SIZE] = "";
  std::size_t sent_ = 0;  // of the body

  std::map<std::string, std::string> headers_;
  std::string body_;
  std::string pieces_;
  bool had_pieces_ = false;
  bool too_large_ = false;
  SteadyTime last_byte_ = std::chrono::steady_clock::now();
};

}  // namespace kfrun::kube
