#include "kube/transfer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "document/reader.h"

namespace kfrun::kube {

namespace {

constexpr std::size_t kLargestBody = 512u << 20;
constexpr std::size_t kMostIdleHandles = 128;
constexpr long kConnectTimeoutMs = 10000;
constexpr unsigned kDeadPeerMs = 30000;  // bytes that stay unacknowledged for so long: the connection is dead

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  KFRUN_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

void set_blob(CURL* easy, CURLoption option, const std::string& bytes) {
  curl_blob blob{const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_COPY};
  KFRUN_CHECK(curl_easy_setopt(easy, option, &blob) == CURLE_OK);
}

LocalPort local_port_of(curl_socket_t socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

std::string host_of(const std::string& server) {
  const auto begin = server.find("://") + 3;
  std::string host = server.substr(begin, server.find('/', begin) - begin);
  return host;
}

// "host:port" in its two parts; an IPv6 address keeps its brackets.
std::pair<std::string, std::string> split_port(const std::string& authority, bool https) {
  const auto colon = authority.rfind(':');
  if (colon == std::string::npos || authority.find(']', colon) != std::string::npos) return {authority, https ? "443" : "80"};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

bool is_loopback(const std::string& server) {
  const std::string host = split_port(host_of(server), true).first;
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

// The URL that libcurl is given: where a TLS server name is set it stands in the host's place, since libcurl checks the
// certificate against the URL's host; EasyPool then says where to connect to instead.
std::string base_url(const Config& config) {
  if (config.tls_server_name.empty() || !config.server.starts_with("https://")) return config.server;
  const std::string authority = host_of(config.server);
  const std::string port = split_port(authority, true).second;
  return "https://" + config.tls_server_name + ":" + port + config.server.substr(std::strlen("https://") + authority.size());
}

void set_proxy(CURL* easy, const Config& config) {
  if (!config.proxy_url.empty()) {
    std::string proxy = config.proxy_url;
    if (proxy.starts_with("socks5://")) proxy.replace(0, 6, "socks5h");  // Go lets the proxy resolve names
    set(easy, CURLOPT_PROXY, proxy.c_str());
    set(easy, CURLOPT_NOPROXY, "");
  } else if (is_loopback(config.server)) {
    set(easy, CURLOPT_NOPROXY, "*");  // as Go: the environment's proxy is not for this machine
  }
}

void set_tls(CURL* easy, const Config& config, const Credential& credential) {
  if (!config.certificate_authority.empty()) set_blob(easy, CURLOPT_CAINFO_BLOB, config.certificate_authority);
  if (config.insecure_skip_tls_verify) {
    set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!credential.client_certificate.empty()) {
    set(easy, CURLOPT_SSLCERTTYPE, "PEM");
    set(easy, CURLOPT_SSLKEYTYPE, "PEM");
    set_blob(easy, CURLOPT_SSLCERT_BLOB, credential.client_certificate);
    set_blob(easy, CURLOPT_SSLKEY_BLOB, credential.client_key);
  }
}

void add_header(Slist& list, const std::string& line) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; };
  if (std::any_of(line.begin(), line.end(), is_control)) {
    throw make_error(ErrorKind::input, "the value for the header {} contains a line break", line.substr(0, line.find(':')));
  }
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  KFRUN_CHECK(longer != nullptr);
  (void)list.release();
  list.reset(longer);
}

bool is_unreserved_header_character(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return letter || std::strchr("!#$&'*+-.^_`|~", c) != nullptr;
}

// client-go's headerKeyEscape: lower case, everything that is no header character percent-encoded.
std::string escape_header_key(std::string_view key) {
  std::string escaped;
  for (const char c : to_lower(key)) {
    if (c != '\0' && is_unreserved_header_character(c)) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

void add_impersonation(Slist& list, const Config& config) {
  if (!config.impersonate_user.empty()) add_header(list, "Impersonate-User: " + config.impersonate_user);
  if (!config.impersonate_uid.empty()) add_header(list, "Impersonate-Uid: " + config.impersonate_uid);
  for (const std::string& group : config.impersonate_groups) add_header(list, "Impersonate-Group: " + group);
  for (const auto& [key, values] : config.impersonate_extra) {
    for (const std::string& value : values) add_header(list, "Impersonate-Extra-" + escape_header_key(key) + ": " + value);
  }
}

struct Verdict {
  Transport transport;
  ErrorKind kind;
};

// `sent` says whether any byte of the request left.
Verdict judge(CURLcode code, bool sent) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {Transport::hopeless, ErrorKind::input};
    case CURLE_OPERATION_TIMEDOUT:
      if (!sent) return {Transport::unsent, ErrorKind::unreachable};
      return {Transport::timed_out, ErrorKind::timed_out};
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      return {Transport::unsent, ErrorKind::unreachable};
    default:
      return {sent ? Transport::broken : Transport::unsent, ErrorKind::unreachable};
  }
}

int http_version_of(CURL* easy) {
  long version = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
  if (version == CURL_HTTP_VERSION_2_0) return 20;
  if (version == CURL_HTTP_VERSION_1_1) return 11;
  return version == CURL_HTTP_VERSION_1_0 ? 10 : 0;
}

long status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

}  // namespace

EasyPool::EasyPool(const Config& config) : config_(config) {
  const std::string url = base_url(config);
  if (url == config.server) return;
  // ":: means whatever host and port the URL has".
  connect_to_ = "::" + split_port(host_of(config.server), true).first + ":" + split_port(host_of(config.server), true).second;
  add_header(connect_to_list_, connect_to_);
}

int EasyPool::on_open(void* self, curl_socket_t socket, curlsocktype) {
  static_cast<EasyPool*>(self)->open_.push_back(socket);
  ::fcntl(socket, F_SETFD, FD_CLOEXEC);  // credential plugins need not inherit it
  // A peer that vanished without a word (a laptop that slept, a NAT that forgot) would hold a connection, and all that is
  // multiplexed on it, for the kernel's quarter of an hour.
  const unsigned timeout = kDeadPeerMs;
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
  return CURL_SOCKOPT_OK;
}

int EasyPool::on_close(void* self, curl_socket_t socket) {
  std::erase(static_cast<EasyPool*>(self)->open_, socket);
  return ::close(socket);
}

void EasyPool::end_connections(const std::function<bool(LocalPort)>& is_dead) {
  for (const curl_socket_t socket : open_) {
    const LocalPort port = local_port_of(socket);
    if (port != 0 && is_dead(port)) ::shutdown(socket, SHUT_RDWR);
  }
}

Easy EasyPool::make(const Credential& credential) {
  Easy easy(curl_easy_init());
  if (!easy) throw make_error(ErrorKind::internal, "curl_easy_init failed");
  set(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy.get(), CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  // libcurl writes with MSG_NOSIGNAL, TLS included, and resolves names on a thread: it need not change SIGPIPE's handler, which
  // it otherwise does fourteen times a request.
  set(easy.get(), CURLOPT_NOSIGNAL, 1L);
  set(easy.get(), CURLOPT_PIPEWAIT, 1L);  // rather one more stream than one more connection
  set(easy.get(), CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  set(easy.get(), CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy.get(), CURLOPT_TCP_KEEPIDLE, 30L);
  set(easy.get(), CURLOPT_TCP_KEEPINTVL, 10L);
  set(easy.get(), CURLOPT_SOCKOPTFUNCTION, &EasyPool::on_open);
  set(easy.get(), CURLOPT_SOCKOPTDATA, this);
  set(easy.get(), CURLOPT_CLOSESOCKETFUNCTION, &EasyPool::on_close);
  set(easy.get(), CURLOPT_CLOSESOCKETDATA, this);
  set(easy.get(), CURLOPT_USERAGENT, "kfrun");
  if (connect_to_list_) set(easy.get(), CURLOPT_CONNECT_TO, connect_to_list_.get());
  set_proxy(easy.get(), config_);
  set_tls(easy.get(), config_, credential);
  return easy;
}

Easy EasyPool::take(const Credential& credential) {
  if (credential.client_certificate != base_certificate_) {
    idle_.clear();
    base_certificate_ = credential.client_certificate;
  }
  if (idle_.empty()) return make(credential);
  Easy easy = std::move(idle_.back());
  idle_.pop_back();
  return easy;
}

void EasyPool::give_back(Easy easy) {
  if (idle_.size() < kMostIdleHandles) idle_.push_back(std::move(easy));
}

Transfer::Transfer(Easy easy, const Config& config, const Credential& credential, const Request& request, TransferOptions options)
    : easy_(std::move(easy)), config_(config), request_(request), options_(std::move(options)) {
  url_ = base_url(config) + request.path;
  set(easy_.get(), CURLOPT_URL, url_.c_str());
  set(easy_.get(), CURLOPT_ERRORBUFFER, error_);
  set(easy_.get(), CURLOPT_FRESH_CONNECT, options_.fresh_connection ? 1L : 0L);
  set(easy_.get(), CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(easy_.get(), CURLOPT_WRITEDATA, this);
  set(easy_.get(), CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(easy_.get(), CURLOPT_HEADERDATA, this);
  // gzip where a whole answer is wanted: a list of pods shrinks to a tenth.
  set(easy_.get(), CURLOPT_ACCEPT_ENCODING, options_.streaming ? static_cast<const char*>(nullptr) : "gzip");
  // A large answer may take its time as long as it comes: the loop ends reads and streams that hear nothing.
  const bool unlimited = options_.streaming || request.method == "GET";
  const Duration timeout = request.timeout.value_or(unlimited ? Duration::zero() : config.request_timeout);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  set(easy_.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<long long>(milliseconds, 0)));
  set_method();
  set_headers(config, credential);
}

void Transfer::set_method() {
  CURL* easy = easy_.get();
  const bool bodyless = request_.body.empty() && (request_.method == "GET" || request_.method == "DELETE");
  if (bodyless) {
    set(easy, CURLOPT_HTTPGET, 1L);
  } else {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    const bool repeatable = request_.idempotent || request_.method == "GET" || request_.body.empty();
    // libcurl sends a request again by itself when a connection that it reuses was closed before an answer. The server may
    // have acted on it: a body that libcurl cannot rewind keeps it from repeating what is not safe to repeat.
    set(easy, CURLOPT_POSTFIELDS, repeatable ? request_.body.data() : static_cast<const char*>(nullptr));
    set(easy, CURLOPT_READFUNCTION, &Transfer::on_read);
    set(easy, CURLOPT_READDATA, this);
  }
  const bool native = bodyless ? request_.method == "GET" : request_.method == "POST";
  set(easy, CURLOPT_CUSTOMREQUEST, native ? static_cast<const char*>(nullptr) : request_.method.c_str());
}

void Transfer::set_headers(const Config& config, const Credential& credential) {
  add_header(header_list_, "Accept: " + request_.accept);
  add_header(header_list_, "Expect:");
  if (!request_.body.empty()) add_header(header_list_, "Content-Type: " + request_.content_type);
  if (!credential.authorization.empty()) add_header(header_list_, "Authorization: " + credential.authorization);
  if (!config.tls_server_name.empty()) add_header(header_list_, "Host: " + host_of(config.server));
  add_impersonation(header_list_, config);
  set(easy_.get(), CURLOPT_HTTPHEADER, header_list_.get());
}

LocalPort Transfer::local_port() const {
  LocalPort port = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_LOCAL_PORT, &port);
  return port;
}

void Transfer::note_byte() {
  has_begun_ = true;
  last_byte_ = std::chrono::steady_clock::now();
  options_.heard_from[local_port()] = last_byte_;
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t length = size * count;
  transfer.note_byte();
  const long status = status_of(transfer.easy_.get());
  if (transfer.options_.streaming && status >= 200 && status < 300) {
    const bool first = transfer.pieces_.empty();
    transfer.pieces_.append(bytes, length);
    transfer.had_pieces_ = true;
    if (first) transfer.options_.on_pieces();
    return length;
  }
  if (transfer.body_.size() + length > kLargestBody) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.body_.append(bytes, length);
  return length;
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) {  // the first, or that behind a proxy's or a 100
    transfer.note_byte();
    transfer.headers_.clear();
    return line.size();
  }
  if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    std::string& value = transfer.headers_[to_lower(line.substr(0, colon))];
    if (!value.empty()) value += ", ";
    value += trim(line.substr(colon + 1));
  }
  return line.size();
}

std::size_t Transfer::on_read(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t length = std::min(size * count, transfer.request_.body.size() - transfer.sent_);
  std::memcpy(bytes, transfer.request_.body.data() + transfer.sent_, length);
  transfer.sent_ += length;
  return length;
}

Reply Transfer::answer() {
  Reply reply;
  reply.status = static_cast<int>(status_of(easy_.get()));
  reply.http_version = http_version_of(easy_.get());
  reply.headers = std::move(headers_);
  const auto type = reply.headers.find("content-type");
  const bool json = type != reply.headers.end() && type->second.starts_with("application/json");
  reply.body =
      json && !body_.empty() ? document::read_json(body_, "the server's answer") : document::Node::string(std::move(body_));
  return reply;
}

Reply Transfer::stopped() {
  Reply reply;
  reply.status = static_cast<int>(status_of(easy_.get()));
  reply.http_version = http_version_of(easy_.get());
  reply.headers = std::move(headers_);
  return reply;
}

TryResult Transfer::result(CURLcode code) {
  TryResult result;
  if (code == CURLE_OK) {
    try {
      result.reply = answer();
      return result;
    } catch (const Error& error) {
      result.transport = Transport::broken;
      result.reply = {};
      result.reply.failure = fmt::format("{}: {}", config_.server, error.message());
      return result;
    }
  }
  long request_size = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &request_size);
  const Verdict verdict = judge(code, request_size > 0);
  result.transport = verdict.transport;
  result.reply.failure_kind = verdict.kind;
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    result.reply.hints.push_back("the server's certificate does not fit the kubeconfig's certificate-authority or server name");
  }
  std::string_view words = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  if (too_large_) {
    words = "the answer is larger than 512 MiB";
    result.transport = Transport::hopeless;
    result.reply.failure_kind = ErrorKind::failed;
  }
  result.reply.failure = fmt::format("{}: {}", config_.server, words);
  return result;
}

}  // namespace kfrun::kube
