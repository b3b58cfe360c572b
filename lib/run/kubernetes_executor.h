// Attempts as pods: one pod an attempt, watched by one label-selected watch a run.
//
// Nothing is created before it is needed: the launcher's ConfigMap with the first task that hands something over, the
// artifact claim with the first task that hands over files. Pods are the truth for attempts that have not ended: starting an
// attempt again (a resumed run) adopts the pod of that name when its labels and input hash match.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kube/client.h"
#include "run/executor.h"
#include "run/kubernetes_pod.h"
#include "run/kubernetes_status.h"

namespace kfrun::run {

struct KubernetesOptions {
  PodOptions pod;             // owner, launcher and architecture are filled in by the executor
  document::Node workspace;   // Pipeline::workspace
  std::string kfp_runtime;    // a wheel of the KFP SDK for lightweight components; "": pip brings it, as the components say
  std::string storage_class;  // of the artifact claim; "" = the cluster's default
  std::string storage_size = "10Gi";
  std::string access_mode = "ReadWriteOnce";           // ReadWriteMany where the class has it and there are several nodes
  Duration image_pull_wait = std::chrono::minutes(5);  // an image that cannot be pulled fails the attempt after that
  std::optional<Duration> unschedulable_wait;          // absent: waits for ever, as news
  // Beyond the grace period of a pod: for the kubelet to hear of it and to tell. Then its node does not answer.
  Duration kubelet_delay = std::chrono::seconds(10);
};

class KubernetesExecutor : public Executor {
 public:
  // `client` outlives the executor and is driven by it: wait() runs its loop. run.name_space says where. The head ConfigMap
  // of the run (KubernetesRecordStore::create) becomes the owner of every pod when it exists.
  KubernetesExecutor(kube::Client& client, RunContext run, KubernetesOptions options = {});
  ~KubernetesExecutor() override;

  void start(const Work& work) override;
  void adopt(const Work& work) override;
  void cancel(const AttemptId& id) override;
  std::vector<ExecutorEvent> wait(Duration wait) override;
  void wake() override;
  int default_parallelism() const override { return 0; }
  void finish() override;

 private:
  class Pods;
  std::unique_ptr<Pods> pods_;
};

}  // namespace kfrun::run
