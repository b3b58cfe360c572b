// What an answer of the API server means.
#include "kube/client.h"

namespace kfrun::kube {

namespace {

constexpr std::size_t kLongestPlainMessage = 300;  // a proxy's HTML page is no message

ErrorKind kind_of(const Reply& reply) {
  switch (reply.status) {
    case 0:
      return reply.failure_kind;
    case 401:
    case 403:
      return ErrorKind::denied;
    case 404:
      return ErrorKind::not_found;
    case 409:
      return ErrorKind::conflict;
    default:
      return ErrorKind::failed;
  }
}

}  // namespace

std::string Reply::message() const {
  if (!failure.empty()) return failure;
  if (body.is_mapping() && body.text_of("kind") == "Status") {
    if (auto text = body.text_of("message"); !text.empty()) return text;
  }
  if (!ok() && body.is_string() && !body.text().empty() && body.text().size() <= kLongestPlainMessage &&
      body.text().front() != '<') {
    std::string text = body.text();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return fmt::format("{} (HTTP {})", text, status);
  }
  return fmt::format("HTTP {}", status);
}

std::string Reply::reason() const {
  return body.is_mapping() && body.text_of("kind") == "Status" ? body.text_of("reason") : std::string();
}

void throw_unless_ok(const Reply& reply, std::string_view doing) {
  if (reply.ok()) return;
  Error error(kind_of(reply), reply.message());
  if (reply.status == 401)
    error.hint("the server does not accept these credentials: check the user of the kubeconfig's context, or log in again");
  if (reply.status == 0 && reply.failure_kind == ErrorKind::unreachable) {
    error.hint("is the cluster running, and does the kubeconfig name the right server?");
  }
  for (const std::string& hint : reply.hints) error.hint(hint);
  if (!doing.empty()) error.within(std::string(doing));
  throw error;
}

}  // namespace kfrun::kube
