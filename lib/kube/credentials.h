// Who we say we are with each request: a fixed token, a token file, a password, or what an exec plugin gives.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "kube/config.h"

namespace kfrun::kube {

struct Credential {
  std::string authorization;       // value of the Authorization header; "" = none
  std::string client_certificate;  // PEM
  std::string client_key;          // PEM
  // Counts up whenever it is got anew, so that a refused request can be told from one that was refused with older credentials.
  unsigned generation = 1;
};

class Credentials {
 public:
  explicit Credentials(const Config& config);

  // What to send now. A token file is read again every 10 s; a plugin is called at the first use and shortly before its
  // credential expires (it may take seconds: nothing else happens meanwhile). Throws Error(denied) when there is none to be
  // had; no text of it contains a secret.
  const Credential& current(TimePoint now);
  // The server answered 401 to a request with the credential of that generation. Whether another try can help: the
  // credential has changed since, or a fresh one can be had (which current() then gets).
  bool refused(unsigned generation, TimePoint now);

 private:
  void read_token_file(TimePoint now);
  void call_plugin(TimePoint now);
  void use(std::string authorization, std::string certificate, std::string key);

  const Config& config_;
  Credential credential_;
  TimePoint fetched_{};  // when the file was read or the plugin called; the epoch: never
  std::optional<TimePoint> refresh_at_;
  bool stale_ = true;
};

}  // namespace kfrun::kube
