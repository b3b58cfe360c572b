// Outputs of earlier attempts by content: the same image, command, inputs and declared outputs give the same key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipeline/dag.h"
#include "run/state.h"

namespace kfrun::run {

// SHA-256 in hex over a canonical JSON of all that decides a task's outputs: image, command, arguments, environment, script,
// declared outputs and inputs; artifacts count by digest (by URI when unknown), not by where they are. `loop_index` counts only
// when the task asks for it. "" when the task names facts of its run or attempt (run.id, task.path, ...) and has no
// `cache_key` of its own: such outputs are no one else's. "" also when the task declares no outputs: it runs for what it does
// elsewhere (tells somebody, fills a table), and that is not kept here; only Kubeflow's pipelines mean it to be left out. The
// driver joins it with Executor::source_digest(), so that locally an edited script runs again.
std::string cache_key(const pipeline::Task& task, const Values& inputs, int loop_index = -1);

class Cache {
 public:
  virtual ~Cache() = default;
  // What find() is going to be asked for next, so that it can be found out for all at once.
  virtual void expect(const std::vector<std::string>&) {}
  // The outputs kept under `key`; nothing when there are none or an artifact among them is gone.
  virtual std::optional<Values> find(const std::string& key) = 0;
  // May go on after it returned; find() knows of it already.
  virtual void keep(const std::string& key, const Values& outputs) = 0;
  // Waits for what keep() began; not for ever.
  virtual void settle() {}
};

// Keeps nothing.
class NoCache : public Cache {
 public:
  std::optional<Values> find(const std::string&) override { return std::nullopt; }
  void keep(const std::string&, const Values&) override {}
};

}  // namespace kfrun::run
