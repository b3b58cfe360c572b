// Attempts in containers. An attempt has one container, of a name that follows from run, task and attempt; the engine refuses a
// second one of that name, so that none is ever made twice, whoever asks for it. It stays until its end has been recorded:
// a kfrun that goes on with the run finds it by its name, and takes one that is gone for lost.
#include <signal.h>
#include <unistd.h>

#include <map>

#include "base/files.h"
#include "base/text.h"
#include "run/local_orphans.h"
#include "run/local_outcome.h"
#include "run/local_runner.h"

namespace kfrun::run {

namespace {

constexpr int kMostQuestions = 30;  // that an engine may leave without an answer, a second between them
constexpr std::size_t kWords = 8192;
constexpr int kEngineFailed = 125;  // the least exit code that `run` has for faults of its own

using Phase = ContainerState::Phase;

// What is being done about one container.
struct Chain {
  enum class Step { run, look, pause, follow, remove, copy };
  Step step = Step::run;
  bool is_adopted = false;   // an earlier kfrun may have made it, and nothing is known of it yet
  bool is_followed = false;  // its lines are in the log
  bool is_replaced = false;  // one that was in the way was removed
  int questions = 0;         // without an answer
  std::size_t copied = 0;    // outputs at fixed paths
  ProcessResult result;      // of the last `run`, then of the container
  TimePoint asked;           // when `run` was begun
  std::optional<TimePoint> began;
};

int signal_of(int exit_code) { return exit_code > 128 && exit_code <= 128 + SIGRTMAX ? exit_code - 128 : 0; }

Outcome failed(FailureClass failure, std::string reason, std::string message) {
  Outcome outcome;
  outcome.failure = failure;
  outcome.reason = std::move(reason);
  outcome.message = std::move(message);
  return outcome;
}

class ContainerRunner : public LocalRunner {
 public:
  ContainerRunner(const ContainerEngine& engine, const LocalLayout& layout, const std::string& run)
      : engine_(engine), user_(ask_engine(engine)), layout_(layout), run_(run) {}

  bool in_containers() const override { return true; }

  ProcessSpec first(const LocalAttempt& attempt, bool adopted) override {
    Chain& chain = chains_[name_of(attempt)] = Chain{};
    chain.is_adopted = adopted;
    return adopted ? look(attempt, chain) : run(attempt, chain);
  }

  Next next(const LocalAttempt& attempt, const ProcessResult& result, bool is_ending) override {
    Chain& chain = chains_.at(name_of(attempt));
    switch (chain.step) {
      case Chain::Step::run:
        chain.result = result;
        if (result.exit_code == 0) return succeed(attempt, chain);
        return look(attempt, chain);
      case Chain::Step::look:
        return judge(attempt, chain, is_ending);
      case Chain::Step::pause:
      case Chain::Step::follow:
        return look(attempt, chain);
      case Chain::Step::remove:
        if (is_ending) return ChainEnd{chain.result, {}};
        return run(attempt, chain);
      case Chain::Step::copy:
        return succeed(attempt, chain);
    }
    return ChainEnd{chain.result, {}};
  }

  std::optional<TimePoint> began(const LocalAttempt& attempt) const override { return chains_.at(name_of(attempt)).began; }

  // The engine's `run` hands the signal on, or gives up what it does before the container is there.
  std::optional<ProcessSpec> terminate(const LocalAttempt& attempt, const Process& process) override {
    if (chains_.at(name_of(attempt)).step != Chain::Step::run) return quiet(terminate_command(engine_, name_of(attempt)));
    signal_process_group(process, SIGTERM);
    return {};
  }

  std::optional<ProcessSpec> kill(const LocalAttempt& attempt, const Process& process) override {
    signal_process_group(process, SIGKILL);
    return quiet(remove_command(engine_, {name_of(attempt)}));
  }

  std::optional<ProcessSpec> forget(const std::vector<LocalAttempt>& attempts) override {
    for (const auto& attempt : attempts) chains_.erase(name_of(attempt));
    return quiet(remove_command(engine_, names_of(attempts)));
  }

  void abandon(const std::vector<LocalAttempt>& attempts) override {
    try {
      remove_containers(engine_, names_of(attempts));
    } catch (const Error&) {
      // `kfrun resume`, `delete` and `gc` find them.
    }
  }

  bool finish() override {
    try {
      remove_containers(engine_, containers_of(engine_, layout_.root, run_));
      return true;
    } catch (const Error&) {
      return false;
    }
  }

 private:
  static const std::string& name_of(const LocalAttempt& attempt) { return attempt.container->name; }
  static std::vector<std::string> names_of(const std::vector<LocalAttempt>& attempts) {
    std::vector<std::string> names;
    for (const auto& attempt : attempts) names.push_back(name_of(attempt));
    return names;
  }
  static std::string answer_file(const LocalAttempt& attempt) { return attempt.scratch + ".state"; }
  // Where the engine's `run` works. Podman 4 with cgroups of version 1 leaves an empty file `oom` there, and forgets it.
  static std::string engine_folder(const LocalAttempt& attempt) { return attempt.scratch + ".engine"; }

  static ProcessSpec quiet(std::vector<std::string> command) { return {.command = std::move(command)}; }

  // With both streams in a file that is emptied first.
  static ProcessSpec written_to(const std::string& file, std::vector<std::string> command) {
    ProcessSpec process{.command = std::move(command), .stdout_file = file, .stderr_file = file};
    if (disk().is_file(file) && ::truncate(file.c_str(), 0) != 0) ::unlink(file.c_str());
    return process;
  }

  // Whoever takes the run over ends what still speaks for us.
  ProcessSpec marked(ProcessSpec process) const {
    process.environment[kEngineClient] = layout_.scratch(run_);
    return process;
  }

  // Steps.

  ProcessSpec run(const LocalAttempt& attempt, Chain& chain) const {
    chain.step = Chain::Step::run;
    chain.asked = system_clock().now();
    ProcessSpec process = marked(written_to(attempt.log, container_command(engine_, user_, *attempt.container)));
    process.directory = engine_folder(attempt);
    make_directories(process.directory);
    return process;
  }

  ProcessSpec look(const LocalAttempt& attempt, Chain& chain) const {
    chain.step = Chain::Step::look;
    return written_to(answer_file(attempt), inspect_command(engine_, name_of(attempt)));
  }

  ProcessSpec follow(const LocalAttempt& attempt, Chain& chain) const {
    chain.step = Chain::Step::follow;
    chain.is_followed = true;
    chain.is_adopted = false;
    return marked(written_to(attempt.log, follow_command(engine_, name_of(attempt))));
  }

  ProcessSpec remove(const LocalAttempt& attempt, Chain& chain) const {
    chain.step = Chain::Step::remove;
    chain.is_replaced = true;
    chain.is_adopted = false;
    return quiet(remove_command(engine_, {name_of(attempt)}));
  }

  Next succeed(const LocalAttempt& attempt, Chain& chain) const {
    if (chain.copied == attempt.copies.size()) return ChainEnd{chain.result, {}};
    chain.step = Chain::Step::copy;
    const auto& [from, to] = attempt.copies[chain.copied++];
    return quiet(copy_command(engine_, name_of(attempt), from, to));
  }

  // Decisions.

  Next judge(const LocalAttempt& attempt, Chain& chain, bool is_ending) const {
    const ContainerState state = read_container_state(tail_of(answer_file(attempt), kWords));
    ::unlink(answer_file(attempt).c_str());
    if (state.phase == Phase::unknown) return ask_again(attempt, chain, state, is_ending);
    chain.questions = 0;
    if (state.started) chain.began = state.started;
    if (state.phase == Phase::running && !is_in_the_way(attempt, chain, state)) return follow(attempt, chain);
    if (is_ending) return ChainEnd{chain.result, {}};
    if (chain.is_adopted) return judge_adopted(attempt, chain, state);
    if (is_in_the_way(attempt, chain, state)) return remove(attempt, chain);
    if (state.phase == Phase::ended) return judge_end(attempt, chain, state);
    const bool has_run = chain.result.exit_code < kEngineFailed && chain.result.signal == 0 && !chain.is_followed;
    if (has_run) return ChainEnd{chain.result, {}};  // and somebody removed it
    return ChainEnd{chain.result, failure_of_start(attempt, chain, state)};
  }

  Next ask_again(const LocalAttempt& attempt, Chain& chain, const ContainerState& state, bool is_ending) const {
    if (++chain.questions <= kMostQuestions) {
      chain.step = Chain::Step::pause;
      return quiet({"sleep", "1"});
    }
    if (is_ending) return ChainEnd{chain.result, {}};
    return ChainEnd{chain.result, failed(FailureClass::infrastructure, "EngineFailed",
                                         fmt::format("{} does not say what became of container {}: {}", engine_.program,
                                                     name_of(attempt), state.error))};
  }

  // Of an earlier kfrun's. One without a log was not even asked for.
  Next judge_adopted(const LocalAttempt& attempt, Chain& chain, const ContainerState& state) const {
    if (state.phase == Phase::created) return remove(attempt, chain);  // and nobody is left who would start it
    if (state.phase == Phase::ended) return follow(attempt, chain);
    chain.is_adopted = false;
    if (!disk().is_file(attempt.log)) return run(attempt, chain);
    return ChainEnd{chain.result, failed(FailureClass::infrastructure, "ContainerLost",
                                         fmt::format("container {} was gone before its result was recorded", name_of(attempt)))};
  }

  // What a run of this id left that was since deleted, or storage that a killed engine did not clear.
  bool is_in_the_way(const LocalAttempt& attempt, const Chain& chain, const ContainerState& state) const {
    if (state.started && *state.started >= chain.asked) return false;  // it is the attempt's own, whatever it printed
    return chain.result.exit_code == kEngineFailed && !chain.is_replaced && !chain.is_followed &&
           is_name_conflict(reason_in(tail_of(attempt.log, kWords)));
  }

  Next judge_end(const LocalAttempt& attempt, Chain& chain, const ContainerState& state) const {
    chain.result.exit_code = state.exit_code;
    chain.result.signal = signal_of(state.exit_code);
    if (state.exit_code == 0) return succeed(attempt, chain);
    if (!state.out_of_memory && !disk().is_file(engine_folder(attempt) + "/oom")) return ChainEnd{chain.result, {}};
    const auto& limit = attempt.container->memory;
    Outcome outcome =
        failed(FailureClass::user, "OOMKilled",
               limit > 0 ? fmt::format("it used more memory than its limit of {}", bytes_to_text(static_cast<double>(limit)))
                         : "the machine ran out of memory");
    outcome.exit_code = state.exit_code;
    return ChainEnd{chain.result, outcome};
  }

  Outcome failure_of_start(const LocalAttempt& attempt, const Chain& chain, const ContainerState& state) const {
    if (chain.result.signal != 0) {
      return failed(FailureClass::infrastructure, "ContainerLost",
                    fmt::format("{} was killed before the container ran", engine_.program));
    }
    if (chain.is_followed) {
      return failed(FailureClass::infrastructure, "ContainerLost",
                    fmt::format("container {} was removed while it ran", name_of(attempt)));
    }
    std::string words = tail_of(attempt.log, kWords);
    if (reason_in(words).empty()) words = state.error;
    Outcome outcome = outcome_of_engine(words, attempt.container->image);
    outcome.exit_code = chain.result.exit_code;
    return outcome;
  }

  const ContainerEngine engine_;
  const ContainerUser user_;
  const LocalLayout layout_;
  const std::string run_;
  std::map<std::string, Chain> chains_;  // by container, from its start until its end is recorded
};

}  // namespace

std::unique_ptr<LocalRunner> make_container_runner(const ContainerEngine& engine, const LocalLayout& layout,
                                                   const std::string& run) {
  return std::make_unique<ContainerRunner>(engine, layout, run);
}

}  // namespace kfrun::run
