#include "run/local_record_store.h"

#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "base/files.h"
#include "base/test.h"
#include "run/local_files.h"
#include "run/temporary_folder.h"

namespace kfrun::run {

namespace {

using Kind = RecordEntry::Kind;

RunHead head_of(const std::string& id, int second = 0) {
  return {id, "digits", "", "local", "/p.yaml", TimePoint(std::chrono::seconds(1'700'000'000 + second)), {}};
}

pipeline::Pipeline small_pipeline() {
  pipeline::Pipeline pipeline;
  pipeline.name = "small";
  pipeline.dags.emplace_back();
  pipeline.dags[0].tasks.emplace_back();
  pipeline.dags[0].tasks[0].name = "a";
  return pipeline;
}

RecordEntry entry(Kind kind, const std::string& instance = {}) {
  RecordEntry made;
  made.kind = kind;
  made.at = TimePoint(std::chrono::seconds(1'700'000'000));
  made.id = {instance, 0};
  return made;
}

std::vector<RunHead> list_of(LocalRecordStore& store) {
  Diagnostics faults;
  auto heads = store.list(faults);
  CHECK(faults.empty());
  return heads;
}

ErrorKind kind_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::internal;
}

}  // namespace

TEST_CASE("a run's record is kept and read back") {
  const TemporaryFolder folder;
  LocalRecordStore store(folder / "state");
  CHECK(list_of(store).empty());
  {
    auto writer = store.create(head_of("digits-1"), small_pipeline());
    writer->append(entry(Kind::run_started));
    writer->append(entry(Kind::attempt_started, "a"));
    CHECK(store.entries("digits-1").empty());
    writer->write();
    CHECK(store.entries("digits-1").size() == 2);
    writer->append(entry(Kind::attempt_ended, "a"));
    writer->flush();
    writer->append(entry(Kind::run_ended));
  }
  const auto entries = store.entries("digits-1");
  REQUIRE(entries.size() == 4);
  CHECK(entries[1].id.instance == "a");
  CHECK(store.head("digits-1").source == "/p.yaml");
  CHECK(pipeline::to_text(store.pipeline("digits-1")) == pipeline::to_text(small_pipeline()));
  CHECK(kind_of([&] { store.create(head_of("digits-1"), small_pipeline()); }) == ErrorKind::conflict);
}

TEST_CASE("a torn last line is passed over, and cut when the run goes on") {
  const TemporaryFolder folder;
  LocalRecordStore store(folder / "state");
  store.create(head_of("r-1"), small_pipeline())->append(entry(Kind::run_started));
  const std::string path = folder / "state/runs/r-1/record.ndjson";
  const std::string whole = disk().read(path);
  for (const auto* torn :
       {"{", R"({"at":"2023-11-14T22:13:20Z","event":"run_en)", R"({"at":"2023-11-14T22:13:20Z","event":"run_ended"})"}) {
    write_file(path, whole + torn);
    CHECK(store.entries("r-1").size() == 1);
  }
  store.reopen("r-1")->append(entry(Kind::attempt_started, "a"));
  CHECK(store.entries("r-1").size() == 2);
  // A machine that lost power may leave a line of NULs.
  write_file(path, whole + std::string(20, '\0') + "\n");
  CHECK(store.entries("r-1").size() == 1);
  write_file(path, "nonsense\n" + whole);
  CHECK(kind_of([&] { store.entries("r-1"); }) == ErrorKind::input);
}

TEST_CASE("a second driver is kept out") {
  const TemporaryFolder folder;
  LocalRecordStore store(folder / "state");
  auto writer = store.create(head_of("r-1"), small_pipeline());
  CHECK(kind_of([&] { store.reopen("r-1"); }) == ErrorKind::conflict);
  writer.reset();
  writer = store.reopen("r-1");
  CHECK(kind_of([&] { store.reopen("r-1"); }) == ErrorKind::conflict);
}

TEST_CASE("runs are found by id, unique prefix and @latest") {
  const TemporaryFolder folder;
  LocalRecordStore store(folder / "state");
  CHECK(kind_of([&] { store.find("@latest"); }) == ErrorKind::not_found);
  for (const auto& [id, second] : std::map<std::string, int>{{"digits-aa", 3}, {"digits-ab", 9}, {"hello-aa", 5}}) {
    store.create(head_of(id, second), small_pipeline());
  }
  CHECK(store.find("hello-aa") == "hello-aa");
  CHECK(store.find("hel") == "hello-aa");
  CHECK(store.find("@latest") == "digits-ab");
  CHECK(kind_of([&] { store.find("digits"); }) == ErrorKind::input);
  CHECK(kind_of([&] { store.find("nothing"); }) == ErrorKind::not_found);
  CHECK(kind_of([&] { store.find(""); }) == ErrorKind::not_found);
  CHECK(kind_of([&] { store.head("../state"); }) == ErrorKind::not_found);
  try {
    store.find("helo-aa");
  } catch (const Error& error) {
    CHECK(error.hints() == std::vector<std::string>{"did you mean 'hello-aa'?"});
  }
  const auto heads = list_of(store);
  REQUIRE(heads.size() == 3);
  CHECK(heads[0].id == "digits-ab");
  CHECK(heads[2].id == "digits-aa");
}

TEST_CASE("a record that cannot be read is named and stepped over") {
  const TemporaryFolder folder;
  LocalRecordStore store(folder / "state");
  for (const auto* id : {"good-1", "bad-head", "bad-line"})
    store.create(head_of(id), small_pipeline())->append(entry(Kind::run_started));
  write_file(folder / "state/runs/bad-head/head.json", "{\"id\": [");
  write_file(folder / "state/runs/bad-line/record.ndjson", "nonsense\n{\"event\":\"run_started\"}\n");
  Diagnostics faults;
  CHECK(store.list(faults).size() == 2);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].message.find("run bad-head is passed over") == 0);
  CHECK(faults[0].place.file == folder / "state/runs/bad-head/head.json");
  faults.clear();
  const auto runs = store.overview(faults);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].head.id == "good-1");
  REQUIRE(faults.size() == 2);
  CHECK(faults[1].message.find("run bad-line is passed over") == 0);
  CHECK(store.find("@latest") != "bad-head");
  store.remove(store.find("bad-head"));
  faults.clear();
  store.list(faults);
  CHECK(faults.empty());
}

TEST_CASE("a place where no runs can be is told, one that is not there yet is not") {
  const TemporaryFolder folder;
  write_file(folder / "file", "");
  make_directories(folder / "state");
  write_file(folder / "state/runs", "");
  Diagnostics faults;
  CHECK(LocalRecordStore(folder / "absent").list(faults).empty());
  for (const auto* place : {"file", "state"}) {
    LocalRecordStore store(folder / place);
    CHECK(kind_of([&] { store.list(faults); }) == ErrorKind::input);
    CHECK(kind_of([&] { store.find("x"); }) == ErrorKind::input);
  }
  CHECK(faults.empty());
}

TEST_CASE("a slip in @latest is seen") {
  try {
    find_run("@lates", {"digits-aa"}, "here");
    FAIL("found");
  } catch (const Error& error) {
    CHECK(error.message() == "there is no run @lates here");
    CHECK(error.hints() == std::vector<std::string>{"did you mean '@latest'?"});
  }
}

TEST_CASE("a run is told to stop through a file, until that is taken back") {
  const TemporaryFolder folder;
  LocalRecordStore store(folder / "state");
  store.create(head_of("r-1"), small_pipeline());
  CHECK(store.control("r-1").stop.empty());
  store.request_stop("r-1", "enough");
  CHECK(store.control("r-1").stop == "enough");
  CHECK(store.stop_requested("r-1"));
  store.reopen("r-1");
  CHECK(store.stop_requested("r-1"));
  store.withdraw_stop("r-1");
  CHECK_FALSE(store.stop_requested("r-1"));
  CHECK(kind_of([&] { store.request_stop("r-2", ""); }) == ErrorKind::not_found);
}

TEST_CASE("a run is removed with all it has") {
  const TemporaryFolder folder;
  LocalRecordStore store(folder / "state");
  store.create(head_of("r-1"), small_pipeline());
  make_directories(folder / "state/runs/r-1/scratch/x");
  store.remove("r-1");
  CHECK(list_of(store).empty());
  CHECK_FALSE(disk().is_directory(folder / "state/runs/r-1"));
  CHECK(kind_of([&] { store.remove("r-1"); }) == ErrorKind::not_found);
}

TEST_CASE("a run that is being carried is stopped before it is removed") {
  const TemporaryFolder folder;
  LocalRecordStore store(folder / "state");
  auto writer = store.create(head_of("r-1"), small_pipeline());
  bool was_asked = false;
  std::thread driver([&] {
    LocalRecordStore own(folder / "state");
    for (int i = 0; i < 500 && !was_asked; ++i) {
      was_asked = own.stop_requested("r-1");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    writer.reset();
  });
  store.remove("r-1");
  driver.join();
  CHECK(was_asked);
  CHECK_FALSE(disk().is_directory(folder / "state/runs/r-1"));
}

TEST_CASE("names of instances become names of files, each its own") {
  const LocalLayout layout{"/s"};
  CHECK(layout.log("r", {"train#3/fit", 0}) == "/s/runs/r/logs/train#3/fit.log");
  CHECK(layout.log("r", {"train", 1}) == "/s/runs/r/logs/train.2.log");
  CHECK(layout.log("r", {"train.2", 0}) == "/s/runs/r/logs/train%2e2.log");
  CHECK(layout.log("r", {"../../x", 0}) == "/s/runs/r/logs/%2e%2e/%2e%2e/x.log");
  CHECK(layout.log("r", {std::string(400, 'x'), 0}).size() < 240);
  CHECK(layout.log("r", {std::string(400, 'x'), 0}) != layout.log("r", {std::string(401, 'x'), 0}));
}

}  // namespace kfrun::run
