#include "launcher/child.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "launcher/exit_code.h"
#include "launcher/files.h"

namespace kfrun::launcher {

namespace {

// Never returns: the child becomes the command, or says through `report` why it cannot.
[[noreturn]] void become(char** command, const sigset_t& signals, mode_t mask, int report) {
  ::umask(mask);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  ::execvp(command[0], command);
  const int fault = errno;
  [[maybe_unused]] const auto written = ::write(report, &fault, sizeof fault);
  ::_exit(kCannotStart);
}

// 0 once the child has become the command (the pipe closes by itself), else why it could not.
int start_fault(int report) {
  int fault = 0;
  ssize_t count = 0;
  do count = ::read(report, &fault, sizeof fault);
  while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(sizeof fault) ? fault : 0;
}

// Takes in all children that have ended; whether `child` was among them.
bool reap(pid_t child, int& status) {
  bool ended = false;
  for (;;) {
    int one = 0;
    const pid_t found = ::waitpid(-1, &one, WNOHANG);
    if (found <= 0) return ended;
    if (found != child) continue;
    status = one;
    ended = true;
  }
}

int wait_for(pid_t child, const sigset_t& all) {
  int status = 0;
  while (!reap(child, status)) {
    const int signal = ::sigwaitinfo(&all, nullptr);
    if (signal > 0 && signal != SIGCHLD) ::kill(child, signal);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string why_not_started(const char* command, int fault) {
  const std::string name = command;
  if (fault == ENOENT) return "the command '" + name + "' is not in the image";
  if (fault == E2BIG) return "the command line of '" + name + "' and its environment are longer than Linux takes";
  return "the command '" + name + "' cannot be run: " + words_of(fault);
}

}  // namespace

Problem run_command(char** command, mode_t mask, int& exit_code) {
  // Faults of the launcher itself (SIGSEGV and the like) must still end it.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  for (const int fatal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::sigdelset(&all, fatal);
  ::sigprocmask(SIG_BLOCK, &all, &before);

  int report[2];
  if (::pipe2(report, O_CLOEXEC) < 0) return Failure{kCannotStart, "CannotStart", "no pipe: " + words_of(errno)};
  const pid_t child = ::fork();
  if (child < 0) return Failure{kCannotStart, "CannotStart", "no process can be started: " + words_of(errno)};
  if (child == 0) become(command, before, mask, report[1]);
  ::close(report[1]);
  const int fault = start_fault(report[0]);
  ::close(report[0]);
  exit_code = wait_for(child, all);
  if (fault != 0) return Failure{kCannotStart, "CannotStart", why_not_started(command[0], fault)};
  return std::nullopt;
}

}  // namespace kfrun::launcher
