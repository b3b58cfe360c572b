// What an attempt on this machine needs before it runs, and what it leaves: folders, command, environment, outputs.
#pragma once

#include <set>
#include <string>

#include "base/process.h"
#include "run/artifact_store.h"
#include "run/executor.h"
#include "run/local_kfp.h"
#include "run/local_layout.h"

namespace kfrun::run {

struct LocalAttempt {
  ProcessSpec process;
  std::string scratch;
  double cores = 0;  // its CPU request; 0: none
};

// The attempts of one run.
class LocalAttempts {
 public:
  // `kfp_runtime`: see KfpRuntime.
  LocalAttempts(const RunContext& run, LocalLayout layout, std::string kfp_runtime = {});

  // Makes the attempt's folders and files. Throws Error for what cannot run here: no command, an input that cannot be read.
  LocalAttempt prepare(const Work& work);
  // The outputs that an attempt wrote, artifacts moved to the store. `began` is when it was started. Throws Error(input) naming
  // the output that is missing or not as declared.
  Values collect(const Work& work, const LocalAttempt& attempt, TimePoint began);
  // Once an attempt is over: a scratch folder in which it left nothing is another's, all others go at the end.
  void release(const LocalAttempt& attempt);
  void remove_scratch();

 private:
  void make_folder(const std::string& path);
  std::string take_scratch();
  std::string kfp_path(const std::string& uri) const;
  static std::string results_path(const std::string& scratch);
  Values collect_kfp(const Work& work, const LocalAttempt& attempt);
  std::string input_path(const pipeline::Artifact& artifact) const;
  std::string output_path(const pipeline::Output& output, const std::string& scratch) const;
  Value collect_artifact(const Work& work, const pipeline::Output& output, const std::string& path);
  Value collect_artifact_list(const Work& work, const pipeline::Output& output, const std::string& path);
  std::string keep_copy(const std::string& path, const std::string& scratch) const;
  void link_artifact(const Work& work, const std::string& name, const std::string& target);

  const RunContext& run_;
  const LocalLayout layout_;
  ArtifactStore store_;
  KfpRuntime kfp_;
  std::set<std::string> folders_;  // that are known to be there
  // Folders are used again, not made and removed for every attempt: file systems are slow at both (ext4 looks long for an inode
  // that was not freed in the last seconds).
  std::vector<std::string> free_scratch_;
  int scratch_count_ = 0;
};

// Kubernetes' quantity of CPU, "500m" or "1.5", in cores; 0 for what is none.
double parse_cores(const std::string& quantity);

}  // namespace kfrun::run
