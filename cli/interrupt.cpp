#include "cli/interrupt.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "cli/exit_code.h"

namespace kfrun::cli {

namespace {

volatile std::sig_atomic_t signals_seen = 0;
std::function<void()> wake_run;
int guards = 0;

// The handler must not see `wake_run` half changed.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before_);
  }
  ~HeldSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

 private:
  sigset_t before_;
};

// Whoever sends SIGTERM will not wait for long, and then sends SIGKILL.
constexpr unsigned kTermSeconds = 10;

void on_signal(int number) {
  const int fault = errno;  // of what was interrupted
  signals_seen = signals_seen + 1;
  if (signals_seen > 2) ::_exit(kInterrupted);
  constexpr char message[] = "\ninterrupted: nothing new is started, what runs is waited for (again to leave at once)\n";
  constexpr char limited[] = "\nterminated: nothing new is started, what runs is waited for, for at most 10 s\n";
  if (signals_seen == 1 && number == SIGTERM) {
    (void)!::write(STDERR_FILENO, limited, sizeof limited - 1);
    ::alarm(kTermSeconds);
  } else if (signals_seen == 1) {
    (void)!::write(STDERR_FILENO, message, sizeof message - 1);
  }
  if (wake_run) wake_run();
  errno = fault;
}

// It has waited long enough.
void on_alarm(int) {
  const int fault = errno;
  if (signals_seen == 1) signals_seen = 2;
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
  const HeldSignals held;
  outer_ = std::exchange(wake_run, std::move(wake));
  if (guards++ > 0) return;
  handle(on_signal);
  std::signal(SIGALRM, on_alarm);
}

InterruptGuard::~InterruptGuard() {
  const HeldSignals held;
  wake_run = std::move(outer_);
  if (--guards > 0) return;
  handle(SIG_DFL);
  ::alarm(0);
  std::signal(SIGALRM, SIG_IGN);  // forgets one that is under way
  std::signal(SIGALRM, SIG_DFL);
}

int InterruptGuard::count() { return signals_seen; }

}  // namespace kfrun::cli
