// The lines of one attempt as they come: from a log file of this machine, or from a pod.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "kube/client.h"

namespace kfrun::cli {

// Prints lines on stdout, each behind `prefix`; without a prefix bytes go through as they come.
class LinePrinter {
 public:
  explicit LinePrinter(std::string prefix) : prefix_(std::move(prefix)) {}
  void add(std::string_view bytes);
  // The last line, when it has no newline.
  void finish();

 private:
  std::string prefix_;
  std::string partial_;
};

class LogTail {
 public:
  virtual ~LogTail() = default;
  // Prints what came since the last call. `ended`: the attempt is over, nothing more will be written. Returns whether
  // everything has been printed.
  virtual bool pump(bool ended) = 0;
};

// `lines`: only the last ones of what is there already; -1: all.
std::unique_ptr<LogTail> tail_file(std::string path, int lines, std::string prefix);
// The log of the pod's `main` container; with `follow` until it ends. `client` must be driven between calls of pump(), and
// outlive the tail.
std::unique_ptr<LogTail> tail_pod(kube::Client& client, std::string name_space, std::string pod, int lines, bool follow,
                                  std::string prefix);

}  // namespace kfrun::cli
