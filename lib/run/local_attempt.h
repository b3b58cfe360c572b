// What an attempt on this machine needs before it runs, and what it leaves: folders, command, environment, outputs.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/process.h"
#include "run/artifact_store.h"
#include "run/container_engine.h"
#include "run/executor.h"
#include "run/local_kfp.h"
#include "run/local_layout.h"
#include "run/local_resources.h"

namespace kfrun::run {

struct LocalAttempt {
  ProcessSpec process;  // what runs for it now; in a container's stead the engine's program
  std::string scratch;
  std::string log;
  Resources requests;
  // In a container:
  std::optional<ContainerSpec> container;
  std::vector<std::pair<std::string, std::string>> copies;  // outputs at fixed paths: from the container, to this machine
};

// The attempts of one run.
class LocalAttempts {
 public:
  // `kfp_runtime`: see KfpRuntime.
  LocalAttempts(const RunContext& run, LocalLayout layout, std::string kfp_runtime = {}, bool in_containers = false);

  // Makes the attempt's folders and files; of one that is adopted they are those that it has. Throws Error for what cannot run
  // here: no command, an input that cannot be read.
  LocalAttempt prepare(const Work& work, bool adopted = false);
  // The outputs that an attempt wrote, artifacts moved to the store. `began` is when it was started. Throws Error(input) naming
  // the output that is missing or not as declared.
  Values collect(const Work& work, const LocalAttempt& attempt, TimePoint began);
  // Links in the run's folder to artifacts that an earlier run made.
  void link_artifacts(const Work& work, const Values& outputs);
  // Once an attempt is over: a scratch folder in which it left nothing is another's, all others go at the end.
  void release(const LocalAttempt& attempt);
  void remove_scratch();

 private:
  void make_folder(const std::string& path);
  std::string take_scratch();
  std::string kfp_path(const std::string& uri) const;
  static std::string results_path(const std::string& scratch);
  Values collect_kfp(const Work& work, const LocalAttempt& attempt);
  std::string own_scratch(const std::string& container, bool adopted);
  void set_process(const Work& work, const std::string& script, const pipeline::Scope& scope, LocalAttempt& attempt);
  void set_container(const Work& work, const std::string& script, const pipeline::Scope& scope, LocalAttempt& attempt);
  void set_kfp_container(ContainerSpec& spec);
  std::vector<std::pair<std::string, std::string>> environment_of(const Work& work, const pipeline::Scope& scope,
                                                                  const LocalAttempt& attempt) const;
  std::string input_path(const pipeline::Artifact& artifact) const;
  // Where the task writes it, and where it is found afterwards.
  std::string output_path(const pipeline::Output& output, const std::string& scratch) const;
  std::string found_path(const pipeline::Output& output, const std::string& scratch) const;
  void check_is_inside(const pipeline::Output& output, const std::string& path, const std::string& scratch) const;
  Value collect_artifact(const Work& work, const pipeline::Output& output, const std::string& path);
  Value collect_artifact_list(const Work& work, const pipeline::Output& output, const std::string& path);
  std::string keep_copy(const std::string& path, const std::string& scratch) const;
  void link_artifact(const Work& work, const std::string& name, const std::string& target);

  const RunContext& run_;
  const LocalLayout layout_;
  const bool in_containers_;
  ArtifactStore store_;
  KfpRuntime kfp_;
  std::set<std::string> folders_;  // that are known to be there
  // Folders are used again, not made and removed for every attempt: file systems are slow at both (ext4 looks long for an inode
  // that was not freed in the last seconds).
  std::vector<std::string> free_scratch_;
  int scratch_count_ = 0;
};

}  // namespace kfrun::run
