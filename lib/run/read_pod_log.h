// The whole log of a pod, for tests on a real cluster; the logs verb tails many at once (cli/log_tail.h).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "run/kubernetes_executor.h"
#include "run/kubernetes_message.h"

namespace kfrun::run {

// Whether the main container may still begin.
inline bool may_begin(kube::Client& client, const std::string& name_space, const std::string& pod) {
  const auto reply = client.get(kube::types::pods, name_space, pod);
  throw_unless_ok(reply, "reading pod " + pod);
  const auto phase = classify_pod(reply.body, false).phase;
  return phase != PodPhase::running && phase != PodPhase::ended;
}

// The lines of the `main` container, in pieces as they come. With `follow` until the container ends or `piece` gives false.
// Blocks; throws Error(not_found) when the pod is gone.
inline void read_pod_log(kube::Client& client, const std::string& name_space, const std::string& pod, bool follow,
                         const kube::OnBytes& piece) {
  kube::LogOptions options;
  options.container = kMainContainer;
  options.follow = follow;
  LogFilter filter;
  bool wanted = true;
  bool is_empty = true;
  const auto hand_on = [&](const std::string& bytes) {
    is_empty = is_empty && bytes.empty();
    if (wanted && !bytes.empty()) wanted = piece(bytes);
    return wanted;
  };
  for (;;) {
    kube::Request request;
    request.path = kube::log_path(name_space, pod, options);
    std::optional<kube::Reply> reply;
    const auto handle = client.stream(
        std::move(request), [&](std::string_view bytes) { return hand_on(filter.add(bytes)); },
        [&](const kube::Reply& answer) { reply = answer; });
    try {
      while (!reply) client.run_once(std::chrono::hours(1));
    } catch (...) {
      client.cancel(handle);
      throw;
    }
    // A container that has not begun: the server answers 400, or nothing at all while no node has the pod.
    const bool has_no_log = reply->status == 400 || (reply->ok() && is_empty && wanted);
    if (follow && has_no_log && may_begin(client, name_space, pod)) {
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
      while (std::chrono::steady_clock::now() < until) client.run_once(until - std::chrono::steady_clock::now());
      continue;
    }
    throw_unless_ok(*reply, "reading the log of pod " + pod);
    hand_on(filter.finish());
    return;
  }
}

}  // namespace kfrun::run
