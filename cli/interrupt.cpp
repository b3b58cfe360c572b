#include "cli/interrupt.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "cli/exit_code.h"

namespace kfrun::cli {

namespace {

volatile std::sig_atomic_t signals_seen = 0;
std::function<void()> wake_run;

void on_signal(int) {
  const int fault = errno;  // of what was interrupted
  signals_seen = signals_seen + 1;
  if (signals_seen > 2) ::_exit(kInterrupted);
  constexpr char message[] = "\ninterrupted: nothing new is started, what runs is waited for (again to leave at once)\n";
  if (signals_seen == 1) (void)!::write(STDERR_FILENO, message, sizeof message - 1);
  if (wake_run) wake_run();
  errno = fault;
}

void handle(void (*handler)(int)) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) continue;  // nohup, or a shell's background job
    action.sa_handler = handler;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

InterruptGuard::InterruptGuard(std::function<void()> wake) {
  wake_run = std::move(wake);
  handle(on_signal);
}

InterruptGuard::~InterruptGuard() {
  handle(SIG_DFL);
  wake_run = nullptr;
}

int InterruptGuard::count() { return signals_seen; }

}  // namespace kfrun::cli
