// The run record: what a run is, what became of every attempt, append-only. The truth for everything that has ended; resume,
// `get`, `runs`, reports and the cache read it. Kept in a folder (NDJSON) or in the cluster
// (ConfigMaps: head, immutable plan chunks, append-only segments; the head owns all else).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/dag.h"
#include "run/engine.h"
#include "run/state.h"

namespace kfrun::run {

// One line of the record. `kind` names the member that is set.
struct RecordEntry {
  // `retry_requested`, behind `run_ended`, begins a new round: what succeeded is kept unless it follows from what runs again, and
  // attempts count on.
  enum class Kind {
    run_started,
    attempt_started,
    attempt_ended,
    cache_hit,
    instance,
    stop_requested,
    run_ended,
    suspended,
    continued,
    retry_requested
  };
  Kind kind = Kind::run_started;
  TimePoint at;
  AttemptId id;                  // attempt_started, attempt_ended; cache_hit, instance: id.instance
  std::string task;              // attempt_started: the task's name in its dag
  std::string turn;              // attempt_started, cache_hit, instance: of a loop, "rate=0.1,depth=3"
  std::string cache_key;         // attempt_started, cache_hit
  Values inputs;                 // attempt_started
  Outcome outcome;               // attempt_ended
  Values outputs;                // cache_hit, run_ended
  State state = State::pending;  // instance, run_ended
  std::string reason;            // instance, stop_requested, suspended, run_ended
};
// As one JSON mapping a line; what is empty is left out. Reading throws Error(input) for what to_node() did not write; members it
// does not know are passed over.
document::Node to_node(const RecordEntry& entry);
RecordEntry record_entry_from_node(const document::Node& node);
// Values by name, reversible through JSON (which has no infinities).
document::Node to_node(const Values& values);
Values values_from_node(const document::Node& node);

// The unchanging head of a run.
struct RunHead {
  std::string id;
  std::string name;
  std::string name_space;
  std::string executor;  // "local" or "kubernetes"
  std::string source;    // path of the pipeline file
  TimePoint created;
  Values arguments;
  // What decides, beside the pipeline and its arguments, how a record is replayed.
  int max_parallel = 0;  // attempts at a time; 0: no limit
  bool cache = true;     // whether results of earlier runs are taken
  // Of executor "local": the container engine's program and the flags of its `run`; "": plain processes.
  std::string engine{};
  std::vector<std::string> engine_arguments{};
};
document::Node to_node(const RunHead& head);
RunHead run_head_from_node(const document::Node& node);

// Writes one run's record.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  virtual void append(const RecordEntry& entry) = 0;
  // Everything appended outlives this process when this returns. Called before a consequence of it is acted upon. Whether it
  // also outlives a machine that loses power, only flush() promises; where there is no difference, this is flush().
  virtual void write() { flush(); }
  // Everything appended is durable when this returns. Does nothing when it is already.
  virtual void flush() = 0;
  // Called at least once a second while the run is carried: keeps others from taking it over. Throws Error(conflict) when one
  // has; nothing more can be recorded then.
  virtual void hold() {}
  // What whoever opened it should know, for people; "": nothing.
  virtual std::string warning() const { return {}; }
};

// What somebody who does not carry the run wants of whoever does; "": nothing.
struct Control {
  std::string stop;     // why it is to stop
  std::string suspend;  // why nothing new is to start
};

// A run in one line, for `runs`.
struct RunOverview {
  RunHead head;
  State state = State::running;
  std::string reason;
  std::optional<TimePoint> ended;
  int done = 0, tasks = 0;  // instances that have come to their end, and all
  bool suspended = false;   // of a run that has not ended: nothing new is started
};

// Keeps the records of many runs.
class RecordStore {
 public:
  virtual ~RecordStore() = default;
  // Throws Error(conflict) when the run exists.
  virtual std::unique_ptr<RecordWriter> create(const RunHead& head, const pipeline::Pipeline& pipeline) = 0;
  // Goes on with a run that nobody carries; throws Error(conflict) while somebody does. What the last writer had half done is cut
  // off: read entries() after this.
  virtual std::unique_ptr<RecordWriter> reopen(const std::string& run) = 0;
  // Whether somebody seems to carry the run. Not to be relied upon: reopen() says it for sure.
  virtual bool is_carried(const std::string& run) = 0;
  // The same, but true where it cannot be told (leases may not be read): before people are told that nobody does.
  virtual bool may_be_carried(const std::string& run) { return is_carried(run); }
  // Heads of all runs, newest first. One that cannot be read is passed over, and named in `faults`.
  virtual std::vector<RunHead> list(Diagnostics& faults) = 0;
  // What became of all runs, as list(): of an ended run without its record, where its end is kept with the head.
  virtual std::vector<RunOverview> overview(Diagnostics& faults) = 0;
  // The id of the run whose id or unique prefix is `name` ("@latest" is the newest). Throws Error(not_found), Error(input)
  // when several match.
  virtual std::string find(const std::string& name) = 0;
  virtual RunHead head(const std::string& run) = 0;
  virtual pipeline::Pipeline pipeline(const std::string& run) = 0;
  virtual std::vector<RecordEntry> entries(const std::string& run) = 0;
  // Control verbs for the driver that carries the run, wherever it runs. They stay until they are taken back: a suspension by
  // reopen(), a stop by withdraw_stop(), so that whoever goes on with a run whose driver died before it heard of the stop
  // does. A stop ends a suspension.
  virtual void request_stop(const std::string& run, const std::string& why) = 0;
  virtual void withdraw_stop(const std::string& run) = 0;
  virtual void request_suspend(const std::string& run, const std::string& why) = 0;
  virtual void request_continue(const std::string& run) = 0;
  virtual Control control(const std::string& run) = 0;
  bool stop_requested(const std::string& run) { return !control(run).stop.empty(); }
  // Removes the run and all it owns (its scratch space, logs, artifacts, pods).
  virtual void remove(const std::string& run) = 0;
};

// A summary made from a record alone, for `get` and `runs`.
struct RunSummary {
  RunHead head;
  State state = State::running;
  std::string reason;
  std::optional<TimePoint> ended;
  TimePoint last;          // of the last entry; `created` when there is none
  bool suspended = false;  // and has not ended
  Values outputs;
  struct Task {
    std::string path;
    std::string turn;  // "rate=0.1,depth=3"; "" outside of loops
    State state = State::pending;
    int attempts = 0;
    std::string reason;
    std::optional<TimePoint> started, ended;
    Values inputs, outputs;
    std::string log, pod;
  };
  std::vector<Task> tasks;  // in order of first appearance
};
// Of a record that breaks off, what was running still runs; it is for the caller to know whether anybody carries the run.
RunSummary summarise(const RunHead& head, const std::vector<RecordEntry>& entries);
RunOverview overview_of(const RunSummary& summary);
// The same overview from entries as they are written, of which only what it needs is kept: a driver's memory stays small.
class Summariser;
class RunningOverview {
 public:
  RunningOverview();
  ~RunningOverview();
  void add(const RecordEntry& entry);
  RunOverview overview(const RunHead& head) const;

 private:
  std::unique_ptr<Summariser> summariser_;
};
// The warning that a run was passed over because its head or record cannot be read.
Diagnostic passed_over(const std::string& run, const Error& error);

// The run of `ids` that `name` is, or is the only beginning of. Throws Error(not_found), with the nearest, saying that it is not
// in `where` ("on this machine"); Error(input) when several match.
std::string find_run(const std::string& name, const std::vector<std::string>& ids, std::string_view where);

}  // namespace kfrun::run
