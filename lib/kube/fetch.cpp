#include "kube/fetch.h"

#include <curl/curl.h>

#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "kube/transfer.h"

namespace kfrun::kube {

namespace {

constexpr std::size_t kLargestBody = 512u << 20;
constexpr long kConnectTimeoutSeconds = 30;  // as Go's dialer
constexpr long kSilenceSeconds = 60;         // without a byte: the server has gone
constexpr long kMostRedirects = 10;

template <typename Value>
void set(const Easy& easy, CURLoption option, Value value) {
  KFRUN_CHECK(curl_easy_setopt(easy.get(), option, value) == CURLE_OK);
}

std::size_t append_body(char* bytes, std::size_t size, std::size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size * count > kLargestBody) return 0;
  text.append(bytes, size * count);
  return size * count;
}

// "127.0.0.1:80", as Go writes the address of a socket.
std::string address_text(const sockaddr* address, socklen_t size) {
  char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
  ::getnameinfo(address, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  const bool is_v6 = address->sa_family == AF_INET6;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

// Notes the address that is connected to; libcurl tells it only of connections that came about.
curl_socket_t open_socket(void* noted, curlsocktype, curl_sockaddr* address) {
  *static_cast<std::string*>(noted) = address_text(&address->addr, address->addrlen);
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

long number_info(const Easy& easy, CURLINFO info) {
  long number = 0;
  curl_easy_getinfo(easy.get(), info, &number);
  return number;
}

std::string host_of(const std::string& url) {
  const auto begin = url.find("://");
  if (begin == std::string::npos) return url;
  std::string authority = url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3);
  authority = authority.substr(authority.rfind('@') + 1);
  const auto colon = authority.rfind(':');
  return authority.find(']', colon) == std::string::npos ? authority.substr(0, colon) : authority;
}

// Go shows no passwords.
std::string shown(const std::string& url) {
  const auto begin = url.find("://");
  const auto end = begin == std::string::npos ? begin : url.find_first_of("/?#", begin + 3);
  const auto at = begin == std::string::npos ? begin : url.substr(0, end).rfind('@');
  if (at == std::string::npos) return url;
  const auto colon = url.find(':', begin + 3);
  return colon < at ? url.substr(0, colon) + ":***" + url.substr(at) : url;
}

std::string words_of(CURLcode code, const Easy& easy, const std::string& url, const std::string& address, const char* detail) {
  if (code == CURLE_COULDNT_RESOLVE_HOST) return fmt::format("dial tcp: lookup {}: no such host", host_of(url));
  if (code == CURLE_COULDNT_CONNECT && number_info(easy, CURLINFO_OS_ERRNO) == ECONNREFUSED) {
    return fmt::format("dial tcp {}: connect: connection refused", address);
  }
  if (code == CURLE_GOT_NOTHING) return "EOF";
  if (code == CURLE_PARTIAL_FILE) return "unexpected EOF";
  if (code == CURLE_TOO_MANY_REDIRECTS) return fmt::format("stopped after {} redirects", kMostRedirects);
  return *detail != '\0' ? detail : curl_easy_strerror(code);
}

}  // namespace

Fetched fetch(const std::string& url) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);  // once, thread-safe
  KFRUN_CHECK(initialised == CURLE_OK);
  const Easy easy(curl_easy_init());
  if (!easy) throw make_error(ErrorKind::failed, "libcurl cannot be set up");
  char detail[CURL_ERROR_SIZE] = "";
  std::string address;  // the last one that was tried
  Fetched fetched;
  const std::string written = replace_all(url, " ", "%20");
  set(easy, CURLOPT_URL, written.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");  // an older libcurl may also follow to FTP
  set(easy, CURLOPT_FOLLOWLOCATION, 1L);
  set(easy, CURLOPT_MAXREDIRS, kMostRedirects - 1);
  set(easy, CURLOPT_USERAGENT, "kfrun");
  set(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutSeconds);
  set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(easy, CURLOPT_LOW_SPEED_TIME, kSilenceSeconds);
  set(easy, CURLOPT_WRITEFUNCTION, append_body);
  set(easy, CURLOPT_WRITEDATA, &fetched.body);
  set(easy, CURLOPT_ERRORBUFFER, detail);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, &address);
  const CURLcode code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) {
    throw make_error(ErrorKind::unreachable, "Get \"{}\": {}", shown(written), words_of(code, easy, written, address, detail));
  }
  fetched.status = static_cast<int>(number_info(easy, CURLINFO_RESPONSE_CODE));
  return fetched;
}

}  // namespace kfrun::kube
