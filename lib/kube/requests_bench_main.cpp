// Creates COUNT ConfigMaps, or the pods of a file with a line of JSON for each, with CONCURRENCY requests on their way, each
// started as another ends, and prints figures:
//   kfrun_kube_bench KUBECONFIG NAMESPACE COUNT CONCURRENCY [PODS]
// The namespace must exist. scripts/bench/requests.py runs this beside other clients, scripts/bench/cluster.py beside kfrun.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "document/writer.h"
#include "kube/client.h"

namespace {

using namespace std::chrono_literals;
using kfrun::document::Node;
namespace kube = kfrun::kube;

class Creator {
 public:
  Creator(kube::Client& client, std::string name_space, int count, std::ifstream* pods)
      : client_(client), name_space_(std::move(name_space)), left_(count), pods_(pods) {}

  void next() {
    if (left_-- <= 0) return;
    kube::Request request;
    request.method = "POST";
    request.path = kube::path_of(pods_ ? kube::types::pods : kube::types::config_maps, name_space_);
    request.body = next_body();
    client_.start(std::move(request), [this](const kube::Reply& reply) {
      ++done;
      if (reply.status != 201) ++failed;
      http_version = reply.http_version;
      next();
    });
  }

  int done = 0;
  int failed = 0;
  int http_version = 0;

 private:
  std::string next_body() {
    std::string line;
    if (pods_ && std::getline(*pods_, line)) return line;
    return kfrun::document::write_json(
        Node::mapping({{"metadata", Node::mapping({{"name", Node::string("bench-" + std::to_string(left_))}})},
                       {"data", Node::mapping({{"value", Node::string(std::string(200, 'x'))}})}}));
  }

  kube::Client& client_;
  std::string name_space_;
  int left_;
  std::ifstream* pods_;
};

double seconds_of(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::puts("usage: kfrun_kube_bench KUBECONFIG NAMESPACE COUNT CONCURRENCY [PODS]");
    return 2;
  }
  try {
    kube::ConfigOverrides overrides;
    overrides.kubeconfig = argv[1];
    kube::Client client(kube::load_config(overrides, kfrun::disk(), kube::process_environment()));
    const int count = std::atoi(argv[3]);
    std::ifstream pods;
    if (argc == 6) pods.open(argv[5]);
    Creator creator(client, argv[2], count, argc == 6 ? &pods : nullptr);
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < std::atoi(argv[4]); ++i) creator.next();
    while (creator.done < count) client.run_once(1h);
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%.0f requests/s, %.3f s wall, %.3f s CPU, %ld KiB, HTTP/%d, %d failed\n", count / wall, wall,
                seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime), usage.ru_maxrss, creator.http_version / 10,
                creator.failed);
    return creator.failed == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}
