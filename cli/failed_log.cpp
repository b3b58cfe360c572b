#include "cli/failed_log.h"

#include <algorithm>

#include "base/text.h"
#include "run/kubernetes_message.h"
#include "run/kubernetes_pod.h"

namespace kfrun::cli {

namespace {

constexpr std::size_t kLines = 20;
constexpr auto kPatience = std::chrono::seconds(3);
constexpr int kMostTasks = 10;

}  // namespace

std::string last_lines_of_pod(kube::Client& client, const std::string& name_space, const std::string& run,
                              const std::string& instance, const std::string& pod) {
  kube::LogOptions options;
  options.container = run::kMainContainer;
  options.tail_lines = static_cast<long long>(kLines) + 1;  // one may be the launcher's own
  kube::Request request;
  request.path = kube::log_path(name_space, pod, options);
  request.timeout = request.retry_for = kPatience;
  const auto reply = client.send(std::move(request));
  if (!reply.ok()) return {};
  run::LogFilter filter;
  std::string log = filter.add(reply.body.text());
  log += filter.finish();
  auto lines = split(log, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string text;
  for (auto i = lines.size() > kLines ? lines.size() - kLines : 0; i < lines.size(); ++i)
    text += fmt::format("    | {}\n", lines[i]);
  return text.empty() ? text : text + fmt::format("    'kfrun logs {} {} -n {}' prints all\n", run, instance, name_space);
}

std::string last_lines_of_failed(kube::Client& client, const run::RunSummary& summary) {
  std::string text;
  int count = 0;
  for (const auto& task : summary.tasks) {
    if (task.state != run::State::failed || task.pod.empty() || ++count > kMostTasks) continue;
    const auto lines = last_lines_of_pod(client, summary.head.name_space, summary.head.id, task.path, task.pod);
    if (!lines.empty()) text += fmt::format("\n{}\n{}", task.path, lines);
  }
  return text;
}

}  // namespace kfrun::cli
