#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

extern char** environ;

namespace kfrun {

namespace {

// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

Descriptor open_or_throw(const std::string& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0666));
  if (!file.is_open()) throw make_error(ErrorKind::input, "open {}: {}", path, std::strerror(errno));
  return file;
}

// The child's environment as "name=value" strings.
std::vector<std::string> environment_of(const ProcessSpec& spec) {
  std::vector<std::string> list;
  if (!spec.clear_environment) {
    for (char** entry = environ; entry && *entry; ++entry) {
      const std::string_view text(*entry);
      if (!spec.environment.count(std::string(text.substr(0, text.find('='))))) list.emplace_back(text);
    }
  }
  for (const auto& [name, value] : spec.environment) list.push_back(name + "=" + value);
  return list;
}

std::string path_variable(const std::vector<std::string>& environment) {
  for (const auto& entry : environment) {
    if (entry.starts_with("PATH=")) return entry.substr(5);
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

bool is_program(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// Looks a program up as a shell would, in the PATH that the child will see, from the folder that it will run in.
std::string program_of(const ProcessSpec& spec, const std::vector<std::string>& environment) {
  const std::string& name = spec.command.front();
  const auto from_directory = [&](const std::string& path) {
    return spec.directory.empty() ? path : join_path(spec.directory, path);
  };
  if (name.find('/') != std::string::npos) {
    if (!disk().is_file(from_directory(name))) throw make_error(ErrorKind::not_found, "there is no program {}", name);
    return name;  // taken from the child's folder, which it enters first
  }
  for (const auto& folder : split(path_variable(environment), ':')) {
    const std::string path = join_path(folder.empty() ? "." : folder, name);
    if (is_program(from_directory(path))) return path;
  }
  throw make_error(ErrorKind::not_found, "there is no program '{}' in PATH", name);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (const auto& text : strings) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// posix_spawn's two parameter objects. The child gets the three streams, default signals, and mostly a group of its own.
class SpawnPlan {
 public:
  SpawnPlan(const ProcessSpec& spec, int input, int output, int error_output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_adddup2(&actions_, input, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, 1);
    posix_spawn_file_actions_adddup2(&actions_, error_output, 2);
    if (!spec.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions_, spec.directory.c_str());
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    const int group = spec.stays_in_group ? 0 : POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(&attributes_, static_cast<short>(group | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
  }
  ~SpawnPlan() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Error spawn_error(const std::string& program, int fault) {
  if (fault == ENOENT) {  // the program is there: find_program saw it
    return make_error(ErrorKind::input, "cannot execute {}: its interpreter does not exist", program)
        .hint("see the first line of the file ('#!...')");
  }
  if (fault == ENOEXEC) {
    return make_error(ErrorKind::input, "cannot execute {}: it is no program", program)
        .hint("a script needs a first line '#!/bin/sh'");
  }
  if (fault == E2BIG) {
    return make_error(ErrorKind::input, "cannot execute {}: its arguments and environment are too long", program)
        .hint("hand large values over as files: the system allows 128 KiB an argument");
  }
  if (fault == EAGAIN || fault == ENOMEM) {
    return make_error(ErrorKind::failed, "cannot start {}: {}", program, std::strerror(fault));
  }
  return make_error(ErrorKind::input, "cannot execute {}: {}", program, std::strerror(fault));
}

// With SIGCHLD ignored (as some parents leave it) the kernel forgets how children ended before anyone can ask.
void keep_ended_children() {
  static const bool done = [] {
    struct sigaction action {};
    if (::sigaction(SIGCHLD, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) ::signal(SIGCHLD, SIG_DFL);
    return true;
  }();
  (void)done;
}

Process spawn(const ProcessSpec& spec, int input, int output, int error_output) {
  if (spec.command.empty()) throw make_error(ErrorKind::input, "a command without words cannot be started");
  if (!spec.directory.empty() && !disk().is_directory(spec.directory)) {
    throw make_error(ErrorKind::input, "there is no folder {} to run {} in", spec.directory, spec.command.front());
  }
  keep_ended_children();
  const auto environment = environment_of(spec);
  const std::string program = program_of(spec, environment);
  const SpawnPlan plan(spec, input, output, error_output);
  const auto words = pointers(spec.command);
  const auto variables = pointers(environment);
  Process process;
  const int fault =
      ::posix_spawn(&process.pid, program.c_str(), plan.actions(), plan.attributes(), words.data(), variables.data());
  if (fault != 0) throw spawn_error(program, fault);
  process.ended = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
  if (process.ended < 0) {
    const int reason = errno;
    ::kill(process.pid, SIGKILL);
    ::waitpid(process.pid, nullptr, 0);
    throw make_error(ErrorKind::failed, "pidfd_open: {}", std::strerror(reason));
  }
  return process;
}

// `input` as a file that is read from its start; /dev/null when it is empty.
Descriptor input_file(std::string_view input) {
  if (input.empty()) return open_or_throw("/dev/null", O_RDONLY);
  Descriptor file(::memfd_create("kfrun-input", MFD_CLOEXEC));
  if (!file.is_open()) throw make_error(ErrorKind::failed, "memfd_create: {}", std::strerror(errno));
  while (!input.empty()) {
    const auto count = ::write(file.number(), input.data(), input.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw make_error(ErrorKind::failed, "write: {}", std::strerror(errno));
    input.remove_prefix(static_cast<std::size_t>(count));
  }
  ::lseek(file.number(), 0, SEEK_SET);
  return file;
}

// The reading end of a pipe, and the text that came out of it.
struct Capture {
  Descriptor reader;
  std::string text;

  Descriptor open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw make_error(ErrorKind::failed, "pipe: {}", std::strerror(errno));
    reader = Descriptor(ends[0]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return Descriptor(ends[1]);
  }

  // Reads all that is there now.
  void drain(std::size_t limit) {
    std::array<char, 65536> buffer{};
    while (reader.is_open()) {
      const auto count = ::read(reader.number(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) return reader.close();
      text.append(buffer.data(), static_cast<std::size_t>(count));
      if (text.size() > limit) throw make_error(ErrorKind::failed, "the program wrote more than {} bytes", limit);
    }
  }
};

constexpr int kGraceMs = 1000;

// Kills and takes a child that nobody took.
class ProcessGuard {
 public:
  ProcessGuard(Process process, bool has_group) : process_(process), has_group_(has_group) {}
  ~ProcessGuard() {
    if (process_.ended < 0) return;
    if (has_group_) {
      signal_process_group(process_, SIGKILL);
    } else {
      // It may end what it started itself; nobody else will.
      ::kill(process_.pid, SIGTERM);
      pollfd wait{process_.ended, POLLIN, 0};
      ::poll(&wait, 1, kGraceMs);
      ::kill(process_.pid, SIGKILL);
    }
    ::waitpid(process_.pid, nullptr, 0);
    ::close(process_.ended);
  }
  ProcessGuard(const ProcessGuard&) = delete;
  ProcessGuard& operator=(const ProcessGuard&) = delete;
  Process& process() { return process_; }

 private:
  Process process_;
  const bool has_group_;
};

int milliseconds_until(std::optional<std::chrono::steady_clock::time_point> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
}

}  // namespace

std::optional<std::string> find_program(const std::string& name) {
  const ProcessSpec spec{{name}};
  try {
    return program_of(spec, environment_of(spec));
  } catch (const Error&) {
    return std::nullopt;
  }
}

ProcessResult run_process(const ProcessSpec& spec, std::string_view input, std::optional<Duration> timeout, std::size_t limit) {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  if (timeout) deadline = std::chrono::steady_clock::now() + *timeout;
  Capture output, error_output;
  const auto start = [&] {
    const Descriptor in = input_file(input), out = output.open();
    if (spec.joins_streams) return spawn(spec, in.number(), out.number(), out.number());
    const Descriptor error = error_output.open();
    return spawn(spec, in.number(), out.number(), error.number());
  };
  ProcessGuard guard(start(), !spec.stays_in_group);
  for (;;) {
    // A closed stream has number -1, which poll() passes over.
    std::array<pollfd, 3> waits{
        {{guard.process().ended, POLLIN, 0}, {output.reader.number(), POLLIN, 0}, {error_output.reader.number(), POLLIN, 0}}};
    const int ready = ::poll(waits.data(), waits.size(), milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR) throw make_error(ErrorKind::failed, "poll: {}", std::strerror(errno));
    const bool ended = ready > 0 && waits[0].revents != 0;
    output.drain(limit);
    error_output.drain(limit);
    if (spec.on_error_output && !error_output.text.empty()) spec.on_error_output(std::exchange(error_output.text, {}));
    if (ended) break;  // what it left running in the background may keep the streams open: not waited for
    if (deadline && std::chrono::steady_clock::now() >= *deadline) {
      throw make_error(ErrorKind::timed_out, "{} did not end within {}", spec.command.front(), to_string(*timeout));
    }
  }
  auto result = reap_process(guard.process());
  KFRUN_CHECK(result.has_value());
  result->output = std::move(output.text);
  result->error_output = std::move(error_output.text);
  return std::move(*result);
}

Process start_process(const ProcessSpec& spec) {
  const Descriptor in = open_or_throw("/dev/null", O_RDONLY);
  const auto stream = [](const std::string& path) {
    return open_or_throw(path.empty() ? "/dev/null" : path, O_WRONLY | O_APPEND | O_CREAT);
  };
  const Descriptor out = stream(spec.stdout_file);
  if (spec.stderr_file == spec.stdout_file) return spawn(spec, in.number(), out.number(), out.number());
  const Descriptor error = stream(spec.stderr_file);
  return spawn(spec, in.number(), out.number(), error.number());
}

std::optional<ProcessResult> reap_process(Process& process) {
  int status = 0;
  pid_t pid = 0;
  do {
    pid = ::waitpid(process.pid, &status, WNOHANG);
  } while (pid < 0 && errno == EINTR);
  if (pid == 0) return std::nullopt;
  if (process.ended >= 0) ::close(std::exchange(process.ended, -1));
  if (pid < 0) throw make_error(ErrorKind::failed, "waitpid: {}", std::strerror(errno));
  ProcessResult result;
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.exit_code = result.signal ? 128 + result.signal : WEXITSTATUS(status);
  return result;
}

void signal_process_group(const Process& process, int signal) {
  if (process.pid > 0) ::kill(-process.pid, signal);
}

}  // namespace kfrun
