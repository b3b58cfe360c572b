// Requests whose answers are no longer wanted when their owner goes.
#pragma once

#include <set>
#include <utility>

#include "kube/client.h"

namespace kfrun::run {

class Requests {
 public:
  explicit Requests(kube::Client& client) : client_(client) {}
  ~Requests() {
    for (const auto handle : open_) client_.cancel(handle);
  }
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  kube::Client& client() { return client_; }
  std::size_t open() const { return open_.size(); }

  void start(kube::Request request, kube::OnReply done) {
    // The handle is known only after the request was started, and its answer never comes before that.
    const auto handle = std::make_shared<kube::Handle>(0);
    *handle = client_.start(std::move(request), [this, handle, done = std::move(done)](const kube::Reply& reply) {
      open_.erase(*handle);
      done(reply);
    });
    open_.insert(*handle);
  }

 private:
  kube::Client& client_;
  std::set<kube::Handle> open_;
};

}  // namespace kfrun::run
