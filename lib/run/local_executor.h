// Attempts as processes of this machine. Each gets a scratch folder, a process group of its own and a log file with both of
// its streams; it runs in the pipeline file's folder, so that scripts beside it are found. Images are ignored: the machine's
// own programs are run. Environment: this process's, the task's, and
//   KFRUN_RUN_ID KFRUN_TASK (path of the instance) KFRUN_ATTEMPT KFRUN_SCRATCH TMPDIR (both the scratch folder)
// Tasks that state a CPU request share the machine's cores by it; the others only count against the parallelism.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "run/executor.h"

namespace kfrun::run {

struct LocalOptions {
  std::string state_directory;                // LocalRecordStore's
  Duration grace = std::chrono::seconds(10);  // from SIGTERM to SIGKILL, for cancelled and overdue attempts
  double cores = 0;                           // what CPU requests share; 0: the machine's
  std::string kfp_runtime = {};               // a wheel or folder of the KFP SDK; "": the one that python3 imports
};

class LocalSources;

class LocalExecutor : public Executor {
 public:
  // run.source_directory must be absolute.
  LocalExecutor(RunContext run, LocalOptions options);
  // Kills what still runs.
  ~LocalExecutor() override;

  void start(const Work& work) override;
  void cancel(const AttemptId& id) override;
  std::vector<ExecutorEvent> wait(Duration wait) override;
  void wake() override;
  bool adopts() const override { return false; }
  // 32, or four a core where that is more: tasks that wait cost nothing, and those that compute should state their request.
  int default_parallelism() const override;
  std::string source_digest(const Work& work) const override;
  void finish() override;

 private:
  class Processes;
  std::unique_ptr<LocalSources> sources_;
  std::unique_ptr<Processes> processes_;
};

}  // namespace kfrun::run
