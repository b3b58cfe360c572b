#include "run/local_record_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/files.h"
#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"
#include "run/container_engine.h"
#include "run/local_files.h"
#include "run/local_orphans.h"

namespace kfrun::run {

namespace {

constexpr const char* kHead = "/head.json";
constexpr const char* kPlan = "/plan.json";
constexpr const char* kRecord = "/record.ndjson";
constexpr const char* kStop = "/stop";
constexpr const char* kSuspend = "/suspend";
// How long remove() waits for a driver to heed it: its tasks' grace period and a little more.
constexpr auto kPatience = std::chrono::seconds(15);

Error file_fault(std::string_view verb, const std::string& path, int fault) {
  return make_error(ErrorKind::failed, "{} {}: {}", verb, path, std::strerror(fault));
}

// The record file of a run, held by the lock that keeps a second driver out. Children do not inherit it.
class LockedFile {
 public:
  LockedFile(const std::string& path, int flags) : path_(path), number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (number_ < 0) throw file_fault("open", path, errno);
  }
  ~LockedFile() {
    if (number_ >= 0) ::close(number_);
  }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;

  bool try_lock() const { return ::flock(number_, LOCK_EX | LOCK_NB) == 0; }
  // Whoever only looks does not keep others from looking.
  bool is_locked() const { return ::flock(number_, LOCK_SH | LOCK_NB) != 0; }
  int number() const { return number_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int number_;
};

// is_carried() holds a lock for an instant, which is no reason to believe that somebody carries the run.
bool lock_in_spite_of_lookers(const LockedFile& file) {
  for (int tries = 0; tries < 5; ++tries) {
    if (file.try_lock()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return file.try_lock();
}

void sync_path(const std::string& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) throw file_fault("open", path, errno);
  const bool done = ::fsync(file) == 0;
  const int fault = errno;
  ::close(file);
  if (!done) throw file_fault("fsync", path, fault);
}

class LocalRecordWriter : public RecordWriter {
 public:
  // `folder` is the run's; `is_new` when its other files are not yet on the disk.
  LocalRecordWriter(std::unique_ptr<LockedFile> file, std::string folder, bool is_new)
      : file_(std::move(file)), folder_(std::move(folder)), is_new_(is_new) {}
  ~LocalRecordWriter() override {
    try {
      flush();
    } catch (const Error&) {
      // whoever cares has called flush()
    }
  }

  void append(const RecordEntry& entry) override { buffer_ += document::write_json(to_node(entry)) + "\n"; }

  void write() override {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
      const auto count = ::write(file_->number(), rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw file_fault("write", file_->path(), errno);
      rest.remove_prefix(static_cast<std::size_t>(count));
      is_synced_ = false;
    }
    buffer_.clear();
  }

  void flush() override {
    write();
    if (is_new_) sync_beginning();
    if (is_synced_) return;
    if (::fdatasync(file_->number()) != 0) throw file_fault("fdatasync", file_->path(), errno);
    is_synced_ = true;
  }

 private:
  void sync_beginning() {
    sync_path(folder_ + kPlan, O_RDONLY);
    sync_path(folder_ + kHead, O_RDONLY);
    sync_path(folder_, O_RDONLY | O_DIRECTORY);
    sync_path(directory_of(folder_), O_RDONLY | O_DIRECTORY);
    is_new_ = false;
  }

  std::unique_ptr<LockedFile> file_;
  std::string folder_;
  std::string buffer_;
  bool is_new_;
  bool is_synced_ = false;
};

// What a control file says; "" when there is none.
std::string words_of(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return {};
  const std::string words(trim(disk().read(path)));
  return words.empty() ? "asked for" : words;
}

// Where the whole lines of a record end.
std::size_t end_of_lines(std::string_view text) {
  const auto last = text.rfind('\n');
  return last == std::string_view::npos ? 0 : last + 1;
}

// Takes away a line that was not written to its end, so that the next one does not become part of it.
void cut_torn_line(const LockedFile& file) {
  const std::string text = disk().read(file.path());
  const std::size_t end = end_of_lines(text);
  if (end < text.size() && ::ftruncate(file.number(), static_cast<off_t>(end)) != 0) {
    throw file_fault("truncate", file.path(), errno);
  }
}

}  // namespace

LocalRecordStore::LocalRecordStore(std::string state_directory) : layout_{std::move(state_directory)} {}

std::string LocalRecordStore::folder_of(const std::string& run) {
  const std::string folder = layout_.run(run);
  if (run.empty() || run.find('/') != std::string::npos || run.front() == '.' || !disk().is_file(folder + kHead)) {
    throw make_error(ErrorKind::not_found, "there is no run {} on this machine", run);
  }
  return folder;
}

std::unique_ptr<RecordWriter> LocalRecordStore::create(const RunHead& head, const pipeline::Pipeline& pipeline) {
  make_directories(layout_.runs());
  const std::string folder = layout_.run(head.id);
  if (::mkdir(folder.c_str(), 0777) != 0) {
    if (errno == EEXIST) throw make_error(ErrorKind::conflict, "run {} exists", head.id);
    throw file_fault("create", folder, errno);
  }
  auto file = std::make_unique<LockedFile>(folder + kRecord, O_WRONLY | O_CREAT | O_APPEND);
  if (!file->try_lock()) throw file_fault("lock", file->path(), errno);
  write_file(folder + kPlan, document::write_json(pipeline::to_node(pipeline)) + "\n");
  // Last: a run is one that has a head.
  write_file(folder + kHead, document::write_json(to_node(head)) + "\n");
  return std::make_unique<LocalRecordWriter>(std::move(file), folder, true);
}

std::unique_ptr<RecordWriter> LocalRecordStore::reopen(const std::string& run) {
  const std::string folder = folder_of(run);
  auto file = std::make_unique<LockedFile>(folder + kRecord, O_WRONLY | O_APPEND);
  if (!lock_in_spite_of_lookers(*file)) {
    throw make_error(ErrorKind::conflict, "run {} is being carried by another kfrun", run)
        .hint(fmt::format("'kfrun wait {}' follows it, 'kfrun stop {}' ends it", run, run));
  }
  cut_torn_line(*file);
  // Who reopens a run wants it to go on.
  ::unlink((folder + kSuspend).c_str());
  return std::make_unique<LocalRecordWriter>(std::move(file), folder, false);
}

// The folders of runs. That nothing was ever kept is no fault; a place where nothing can be is one.
std::vector<std::string> LocalRecordStore::names() const {
  const auto refuse = [&](int fault) {
    return make_error(ErrorKind::input, "runs of this machine cannot be kept in {}: {}", layout_.root, std::strerror(fault))
        .hint("KFRUN_STATE_DIR names another folder");
  };
  struct stat status {};
  if (::stat(layout_.runs().c_str(), &status) != 0) {
    if (errno != ENOENT) throw refuse(errno);
    const bool is_there = ::access(layout_.root.c_str(), F_OK) == 0;
    if (is_there && ::access(layout_.root.c_str(), W_OK | X_OK) != 0) throw refuse(errno);
    return {};
  }
  if (!S_ISDIR(status.st_mode)) throw refuse(ENOTDIR);
  if (::access(layout_.runs().c_str(), R_OK | X_OK) != 0) throw refuse(errno);
  return disk().list(layout_.runs());
}

std::vector<RunHead> LocalRecordStore::list(Diagnostics& faults) {
  std::vector<RunHead> heads;
  for (const auto& name : names()) {
    try {
      heads.push_back(head(name));
    } catch (const Error& error) {
      // Being created, or just removed: it is no run.
      if (error.kind() != ErrorKind::not_found) faults.push_back(passed_over(name, error));
    }
  }
  std::sort(heads.begin(), heads.end(),
            [](const RunHead& a, const RunHead& b) { return std::pair(a.created, a.id) > std::pair(b.created, b.id); });
  return heads;
}

std::vector<RunOverview> LocalRecordStore::overview(Diagnostics& faults) {
  std::vector<RunOverview> list;
  for (const auto& head : this->list(faults)) {
    try {
      list.push_back(overview_of(summarise(head, entries(head.id))));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::not_found) faults.push_back(passed_over(head.id, error));
    }
  }
  return list;
}

std::string LocalRecordStore::find(const std::string& name) {
  if (name == "@latest") {
    Diagnostics faults;
    const auto heads = list(faults);
    if (heads.empty()) throw make_error(ErrorKind::not_found, "there are no runs on this machine");
    return heads.front().id;
  }
  std::vector<std::string> ids;
  for (auto& id : names()) {
    if (disk().is_file(layout_.run(id) + kHead)) ids.push_back(std::move(id));
  }
  return find_run(name, ids, "on this machine");
}

RunHead LocalRecordStore::head(const std::string& run) {
  const std::string path = folder_of(run) + kHead;
  return run_head_from_node(document::read_json(disk().read(path), path));
}

pipeline::Pipeline LocalRecordStore::pipeline(const std::string& run) {
  const std::string path = folder_of(run) + kPlan;
  return pipeline::pipeline_from_node(document::read_json(disk().read(path), path));
}

std::vector<RecordEntry> LocalRecordStore::entries(const std::string& run) {
  const std::string path = folder_of(run) + kRecord;
  const std::string text = disk().read(path);
  std::vector<RecordEntry> list;
  int line = 0;
  for (std::size_t begin = 0, all = end_of_lines(text); begin < all;) {
    const auto end = text.find('\n', begin);
    ++line;
    try {
      list.push_back(record_entry_from_node(document::read_json(std::string_view(text).substr(begin, end - begin), path)));
    } catch (Error& error) {
      // After a loss of power the end of the file may be there without its bytes.
      if (end + 1 == all) break;
      throw input_error({path, line, 0, {}}, "{}", error.message());
    }
    begin = end + 1;
  }
  return list;
}

void LocalRecordStore::request_stop(const std::string& run, const std::string& why) {
  write_file(folder_of(run) + kStop, why.empty() ? "stopped" : why);
}

void LocalRecordStore::withdraw_stop(const std::string& run) { ::unlink((folder_of(run) + kStop).c_str()); }

void LocalRecordStore::request_suspend(const std::string& run, const std::string& why) {
  write_file(folder_of(run) + kSuspend, why.empty() ? "suspended" : why);
}

void LocalRecordStore::request_continue(const std::string& run) { ::unlink((folder_of(run) + kSuspend).c_str()); }

Control LocalRecordStore::control(const std::string& run) {
  return {words_of(layout_.run(run) + kStop), words_of(layout_.run(run) + kSuspend)};
}

bool LocalRecordStore::is_carried(const std::string& run) {
  const std::string path = folder_of(run) + kRecord;
  return disk().is_file(path) && LockedFile(path, O_RDONLY).is_locked();
}

// Of a run that did not end: one that has ended has no scratch space any more, and no containers.
void LocalRecordStore::remove_containers_of(const std::string& run) {
  if (!disk().is_directory(layout_.scratch(run))) return;
  RunHead of_run;
  try {
    of_run = head(run);
  } catch (const Error&) {
    return;  // one whose head cannot be read can still be removed
  }
  if (of_run.engine.empty()) return;
  kill_engine_clients(layout_.scratch(run));
  try {
    const ContainerEngine engine{of_run.engine, {}};
    remove_containers(engine, containers_of(engine, layout_.root, run));
  } catch (Error& error) {
    if (error.kind() == ErrorKind::not_found) return;  // the engine is not installed any more
    throw error.within(fmt::format("remove the containers of run {}", run));
  }
}

void LocalRecordStore::remove(const std::string& run) {
  const std::string folder = folder_of(run);
  if (disk().is_file(folder + kRecord)) {
    const LockedFile record(folder + kRecord, O_RDONLY);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (bool asked = false; !record.try_lock(); asked = true) {
      if (!asked) request_stop(run, "deleted");
      if (std::chrono::steady_clock::now() >= deadline) {
        throw make_error(ErrorKind::conflict, "run {} is being carried by another kfrun, and does not stop", run);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    remove_containers_of(run);
    ::unlink((folder + kHead).c_str());  // from now on it is no run
    remove_tree(folder);
    return;
  }
  remove_tree(folder);
}

}  // namespace kfrun::run
