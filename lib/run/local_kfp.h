// Lightweight components of Kubeflow Pipelines on this machine: their commands install the SDK by pip before they run a function.
// Where its runtime (kfp.dsl.executor_main) is there already, that step is left out; packages that a component asks for itself
// stay.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "run/container_engine.h"

namespace kfrun::run {

// Whether a command runs the SDK's runtime.
bool runs_kfp_module(const std::vector<std::string>& command);
// Such a command without its installation of the SDK; nothing for any other command.
std::optional<std::vector<std::string>> without_sdk_installation(const std::vector<std::string>& command);

class KfpRuntime {
 public:
  // A wheel, or a folder with the package `kfp` in it; "": what this machine's python3 imports, if anything.
  explicit KfpRuntime(std::string given) : given_(std::move(given)) {}
  // Leaves the installation out where it is not needed.
  void prepare(ProcessSpec& process);
  // In a container only what was given counts.
  void prepare(ContainerSpec& container);

 private:
  bool is_importable(const ProcessSpec& process);

  const std::string given_;
  std::optional<bool> importable_;
};

}  // namespace kfrun::run
