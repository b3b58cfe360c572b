// Ctrl-C: once asks the run to stop, twice leaves at once.
#pragma once

#include <functional>

namespace kfrun::cli {

// While it lives, SIGINT and SIGTERM set a flag and call `wake` (which must be safe in a signal handler); a second one ends
// the process with exit code 130.
class InterruptGuard {
 public:
  explicit InterruptGuard(std::function<void()> wake);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  static bool interrupted();
};

}  // namespace kfrun::cli
