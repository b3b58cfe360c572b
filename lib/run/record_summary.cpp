// From a record's lines to what became of the run and its tasks.
#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "run/record.h"

namespace kfrun::run {

class Summariser {
 public:
  explicit Summariser(const RunHead& head) {
    summary_.head = head;
    summary_.last = head.created;
  }

  void add(const RecordEntry& entry) {
    summary_.last = entry.at;
    switch (entry.kind) {
      case RecordEntry::Kind::run_started:
        return;
      case RecordEntry::Kind::attempt_started:
        return start(entry);
      case RecordEntry::Kind::attempt_ended:
        return end(entry);
      case RecordEntry::Kind::cache_hit:
        return take_from_cache(entry);
      case RecordEntry::Kind::instance:
        return change(entry);
      case RecordEntry::Kind::stop_requested:
        summary_.reason = entry.reason;
        return;
      case RecordEntry::Kind::suspended:
        summary_.reason = "suspended: " + entry.reason;
        summary_.suspended = true;
        return;
      case RecordEntry::Kind::continued:
        summary_.reason.clear();
        summary_.suspended = false;
        return;
      case RecordEntry::Kind::retry_requested:
        return begin_round();
      case RecordEntry::Kind::run_ended:
        summary_.state = entry.state;
        summary_.reason = entry.reason;
        summary_.outputs = entry.outputs;
        summary_.ended = entry.at;
        summary_.suspended = false;
        return;
    }
  }

  const RunSummary& summary() const { return summary_; }
  RunSummary take() { return std::move(summary_); }

 private:
  RunSummary::Task& task(const std::string& path) {
    const auto [place, is_new] = places_.emplace(path, summary_.tasks.size());
    if (is_new) summary_.tasks.emplace_back().path = path;
    return summary_.tasks[place->second];
  }

  void begin_round() {
    summary_.state = State::running;
    summary_.reason.clear();
    summary_.outputs.clear();
    summary_.ended.reset();
    for (auto& task : summary_.tasks) {
      if (is_success(task.state)) continue;
      task.state = State::pending;
      task.started.reset();
      task.ended.reset();
    }
  }

  static void set_state(RunSummary::Task& task, State state, TimePoint at) {
    task.state = state;
    if (state == State::running && !task.started) task.started = at;
    task.ended = is_final(state) ? std::optional(at) : std::nullopt;
  }

  void start(const RecordEntry& entry) {
    auto& started = task(entry.id.instance);
    started.turn = entry.turn;
    set_state(started, State::running, entry.at);
    started.attempts = entry.id.attempt + 1;
    started.reason.clear();
    started.inputs = entry.inputs;
  }

  // Whether a failed attempt is the last one, only the engine says: by an `instance` line.
  void end(const RecordEntry& entry) {
    auto& ended = task(entry.id.instance);
    const bool success = entry.outcome.failure == FailureClass::none;
    set_state(ended, success ? State::succeeded : State::pending, entry.at);
    ended.attempts = std::max(ended.attempts, entry.id.attempt + 1);
    ended.reason = entry.outcome.message.empty() ? entry.outcome.reason : entry.outcome.message;
    ended.outputs = entry.outcome.outputs;
    ended.log = entry.outcome.log;
    ended.pod = entry.outcome.pod;
  }

  void take_from_cache(const RecordEntry& entry) {
    auto& cached = task(entry.id.instance);
    cached.turn = entry.turn;
    if (!cached.started) cached.started = entry.at;
    set_state(cached, State::cached, entry.at);
    cached.inputs = entry.inputs;
    cached.outputs = entry.outputs;
  }

  void change(const RecordEntry& entry) {
    auto& changed = task(entry.id.instance);
    changed.turn = entry.turn;
    set_state(changed, entry.state, entry.at);
    changed.reason = entry.reason;
    if (!entry.outputs.empty()) changed.outputs = entry.outputs;
  }

  RunSummary summary_;
  std::unordered_map<std::string, std::size_t> places_;
};

RunSummary summarise(const RunHead& head, const std::vector<RecordEntry>& entries) {
  Summariser summariser(head);
  for (const auto& entry : entries) summariser.add(entry);
  return summariser.take();
}

RunOverview overview_of(const RunSummary& summary) {
  const auto done =
      std::count_if(summary.tasks.begin(), summary.tasks.end(), [](const auto& task) { return is_final(task.state); });
  return {summary.head,     summary.state,          summary.reason,
          summary.ended,    static_cast<int>(done), static_cast<int>(summary.tasks.size()),
          summary.suspended};
}

RunningOverview::RunningOverview() : summariser_(std::make_unique<Summariser>(RunHead())) {}
RunningOverview::~RunningOverview() = default;

void RunningOverview::add(const RecordEntry& entry) {
  RecordEntry short_entry;
  short_entry.kind = entry.kind;
  short_entry.at = entry.at;
  short_entry.id = entry.id;
  short_entry.state = entry.state;
  short_entry.outcome.failure = entry.outcome.failure;
  if (entry.id.instance.empty()) short_entry.reason = entry.reason;  // of the run, not of a task
  summariser_->add(short_entry);
}

RunOverview RunningOverview::overview(const RunHead& head) const {
  RunOverview overview = overview_of(summariser_->summary());
  overview.head = head;
  return overview;
}

Diagnostic passed_over(const std::string& run, const Error& error) {
  Diagnostic fault = to_diagnostic(error);
  fault.severity = Severity::warning;
  fault.message = fmt::format("run {} is passed over: {}", run, fault.message);
  fault.hints = {fmt::format("'kfrun delete --force {}' removes it", run)};
  return fault;
}

std::string find_run(const std::string& name, const std::vector<std::string>& ids, std::string_view where) {
  std::vector<std::string> matches;
  for (const auto& id : ids) {
    if (id == name) return id;
    if (!name.empty() && id.starts_with(name)) matches.push_back(id);
  }
  if (matches.size() == 1) return matches.front();
  if (matches.size() > 1) {
    throw make_error(ErrorKind::input, "{} runs begin with {}", matches.size(), name)
        .hint(join({matches.begin(), matches.begin() + static_cast<long>(std::min<std::size_t>(matches.size(), 5))}, ", "));
  }
  auto candidates = ids;
  candidates.emplace_back("@latest");
  Error error = make_error(ErrorKind::not_found, "there is no run {} {}", name, where);
  if (const auto near = nearest(name, candidates)) error.hint(fmt::format("did you mean '{}'?", *near));
  throw error;
}

}  // namespace kfrun::run
