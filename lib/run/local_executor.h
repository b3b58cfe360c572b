// Attempts on this machine, each with a scratch folder and a log file with both of its streams.
// As processes: each has a process group of its own and runs in the pipeline file's folder, so that scripts beside it are found.
// Images are ignored: the machine's own programs are run. Environment: this process's, the task's, and
//   KFRUN_RUN_ID KFRUN_TASK (path of the instance) KFRUN_ATTEMPT KFRUN_SCRATCH TMPDIR (both the scratch folder)
// In containers of docker or podman: of the task's image, as in a cluster: of this machine's files only the scratch folder and
// the artifacts that the command names are there, at the same paths. They survive a kfrun that is killed. Tasks that state
// requests share the machine's cores and memory by them; the others only count against the parallelism. Limits hold in containers
// alone.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "run/container_engine.h"
#include "run/executor.h"
#include "run/local_resources.h"

namespace kfrun::run {

struct LocalOptions {
  std::string state_directory;                // LocalRecordStore's
  Duration grace = std::chrono::seconds(10);  // from SIGTERM to SIGKILL, for cancelled and overdue attempts
  Resources resources{};                      // what requests share; 0: the machine's
  std::string kfp_runtime = {};               // a wheel or folder of the KFP SDK; "": the one that python3 imports
  std::optional<ContainerEngine> engine{};    // containers instead of processes
};

class LocalSources;

class LocalExecutor : public Executor {
 public:
  // run.source_directory must be absolute. Throws Error when there is to be an engine that does not work.
  LocalExecutor(RunContext run, LocalOptions options);
  // Kills what still runs.
  ~LocalExecutor() override;

  void start(const Work& work) override;
  void adopt(const Work& work) override;
  void cancel(const AttemptId& id) override;
  std::vector<ExecutorEvent> wait(Duration wait) override;
  void wake() override;
  bool adopts() const override;
  // 32, or four a core where that is more: tasks that wait cost nothing, and those that compute should state their request. Of
  // containers two a core, and at least four: each has its engine's programs beside it.
  int default_parallelism() const override;
  std::string source_digest(const Work& work) const override;
  void show_cached(const Work& work, const Values& outputs) override;
  void finish() override;

 private:
  class Processes;
  std::unique_ptr<LocalSources> sources_;  // of processes
  std::unique_ptr<Processes> processes_;
};

}  // namespace kfrun::run
