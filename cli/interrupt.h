// Ctrl-C: once, nothing new is started and the run is left when what runs has ended; twice, it is left at once; three times ends
// this process. SIGTERM is the same, but counts twice after 10 s. `kfrun resume` goes on with it.
#pragma once

#include <functional>

namespace kfrun::cli {

// While it lives, SIGINT, SIGTERM and SIGHUP (those that are not ignored) are counted and call `wake` (which must be safe in a
// signal handler); the third ends the process with exit code 130. One may live inside of another, whose `wake` then counts again
// when it is gone.
class InterruptGuard {
 public:
  explicit InterruptGuard(std::function<void()> wake);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  // How often so far.
  static int count();

 private:
  std::function<void()> outer_;  // of the guard around this one
};

}  // namespace kfrun::cli
