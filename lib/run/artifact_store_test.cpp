#include "run/artifact_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/digest.h"
#include "base/files.h"
#include "base/test.h"
#include "document/writer.h"
#include "run/local_cache.h"
#include "run/local_files.h"
#include "run/temporary_folder.h"

namespace kfrun::run {

namespace {}  // namespace

TEST_CASE("a file's digest is that of its bytes") {
  const TemporaryFolder folder;
  const std::string big(1'000'000, 'x');
  write_file(folder / "f", big);
  CHECK(content_digest(folder / "f") == sha256_hex(big));
  write_file(folder / "empty", "");
  CHECK(content_digest(folder / "empty") == sha256_hex(""));
  CHECK_THROWS_AS(content_digest(folder / "missing"), Error);
  CHECK_THROWS_AS(content_digest("/dev/null"), Error);
}

TEST_CASE("a folder's digest is that of its paths, kinds and bytes") {
  const TemporaryFolder folder;
  const auto make = [&](const std::string& name) {
    make_directories(folder / (name + "/sub"));
    write_file(folder / (name + "/a"), "1");
    write_file(folder / (name + "/sub/b"), "2");
    REQUIRE(::symlink("a", (folder / (name + "/link")).c_str()) == 0);
    return folder / name;
  };
  const std::string one = make("one"), two = make("two");
  const std::string digest = content_digest(one);
  CHECK(content_digest(two) == digest);
  write_file(two + "/sub/b", "3");
  CHECK(content_digest(two) != digest);
  write_file(two + "/sub/b", "2");
  ::chmod((two + "/a").c_str(), 0600);
  CHECK(content_digest(two) == digest);
  ::chmod((two + "/a").c_str(), 0700);
  CHECK(content_digest(two) != digest);
  ::chmod((two + "/a").c_str(), 0600);
  ::unlink((two + "/link").c_str());
  CHECK(content_digest(two) != digest);
  REQUIRE(::symlink("b", (two + "/link").c_str()) == 0);
  CHECK(content_digest(two) != digest);
}

TEST_CASE("equal contents are kept once, read-only") {
  const TemporaryFolder folder;
  ArtifactStore store(folder / "store");
  write_file(folder / "t.csv", "1");
  const auto kept = store.keep(folder / "t.csv");
  CHECK(kept.uri == "file://" + (folder / ("store/" + kept.digest + "/t.csv")));
  CHECK_FALSE(disk().is_file(folder / "t.csv"));
  write_file(folder / "t.csv", "1");
  CHECK(store.keep(folder / "t.csv").uri == kept.uri);
  CHECK_FALSE(disk().is_file(folder / "t.csv"));
  write_file(folder / "u.csv", "1");
  CHECK(store.keep(folder / "u.csv").uri == "file://" + (folder / ("store/" + kept.digest + "/u.csv")));
  struct stat status {};
  REQUIRE(::stat(path_of_uri(kept.uri).c_str(), &status) == 0);
  CHECK((status.st_mode & 0222) == 0);
  CHECK_THROWS_AS(store.keep(folder / "missing"), Error);
}

TEST_CASE("what is also found elsewhere stays there as it is") {
  const TemporaryFolder folder;
  ArtifactStore store(folder / "store");
  write_file(folder / "own", "1");
  REQUIRE(::symlink((folder / "own").c_str(), (folder / "link").c_str()) == 0);
  REQUIRE(::link((folder / "own").c_str(), (folder / "second").c_str()) == 0);
  const auto kept = store.keep(folder / "link");
  CHECK(kept.digest == sha256_hex("1"));
  struct stat status {};
  REQUIRE(::lstat(path_of_uri(kept.uri).c_str(), &status) == 0);
  CHECK(S_ISREG(status.st_mode));
  store.keep(folder / "second");
  write_file(folder / "own", "changed");
  CHECK(disk().read(path_of_uri(kept.uri)) == "1");
}

TEST_CASE("paths and URIs") {
  const TemporaryFolder folder;
  ArtifactStore store(folder / "a store");
  write_file(folder / "100% new?", "1");
  const auto kept = store.keep(folder / "100% new?");
  CHECK_THAT(kept.uri, ContainsSubstring("/100%25%20new%3f"));
  CHECK(disk().read(path_of_uri(kept.uri)) == "1");
  CHECK(path_of_uri("/a/b") == "/a/b");
  CHECK(path_of_uri("file:///a%20b%") == "/a b%");
  CHECK(path_of_uri("s3://bucket/x").empty());
  CHECK(path_of_uri("relative/x").empty());
  CHECK(path_of_uri("file://host/x").empty());
}

TEST_CASE("outputs are found again while their artifacts are there") {
  const TemporaryFolder folder;
  LocalCache cache(folder / "state");
  ArtifactStore store(folder / "state/store");
  CHECK_FALSE(cache.find("k"));
  write_file(folder / "m", "model");
  const auto kept = store.keep(folder / "m");
  const Values outputs{{"model", pipeline::make_artifact({kept.uri, "", kept.digest, {}})}, {"score", Value::number(0.5)}};
  cache.keep("k", outputs);
  CHECK(cache.find("k") == outputs);
  CHECK(LocalCache(folder / "state").find("k") == outputs);
  CHECK_FALSE(cache.find("other"));
  remove_tree(path_of_uri(kept.uri));
  CHECK_FALSE(cache.find("k"));
}

TEST_CASE("several processes share a cache, and the last word counts") {
  const TemporaryFolder folder;
  LocalCache one(folder / "state"), two(folder / "state");
  CHECK_FALSE(two.find("k"));
  one.keep("k", {{"n", Value::integer(1)}});
  CHECK(two.find("k") == Values{{"n", Value::integer(1)}});
  two.keep("l", {});
  two.keep("k", {{"n", Value::integer(2)}});
  CHECK(one.find("k") == Values{{"n", Value::integer(2)}});
  CHECK(one.find("l") == Values{});
}

TEST_CASE("a cache file full of lines that count no more is written anew, also for those that have it open") {
  const TemporaryFolder folder;
  const std::string file = folder / "state/cache.log";
  LocalCache old(folder / "state");
  const Values large{{"text", Value::string(std::string(100 << 10, 'x'))}};
  for (int i = 0; i < 20; ++i) old.keep("k", large);
  old.keep("other", {{"n", Value::integer(7)}});
  CHECK(old.find("k") == large);
  CHECK(disk().read(file).size() < 200 << 10);
  for (int i = 0; i < 20; ++i) old.keep("k", large);
  LocalCache young(folder / "state");
  CHECK(young.find("k") == large);
  CHECK(disk().read(file).size() < 200 << 10);
  CHECK(young.find("other") == Values{{"n", Value::integer(7)}});
  young.keep("new", {{"n", Value::integer(8)}});
  CHECK(old.find("new") == Values{{"n", Value::integer(8)}});
  CHECK(old.find("k") == large);
}

TEST_CASE("a cache line that is damaged counts as none, and harms no other") {
  const TemporaryFolder folder;
  LocalCache(folder / "state").keep("k", {{"n", Value::integer(1)}});
  const std::string path = folder / "state/cache.log";
  const std::string text = disk().read(path);
  for (const std::string& damaged :
       {text.substr(0, text.size() / 2), std::string(), std::string("k []\n"), std::string("k\n \n")}) {
    write_file(path, damaged);
    LocalCache cache(folder / "state");
    CHECK_FALSE(cache.find("k"));
    cache.keep("l", {});
    CHECK(cache.find("l"));
    CHECK_FALSE(cache.find("k"));
  }
}

TEST_CASE("folders are kept by people who are not root, read-only ones too") {
  const TemporaryFolder folder;
  const std::string mine = folder / "mine";
  make_directories(mine + "/out/sub");
  make_directories(mine + "/store");
  write_file(mine + "/out/sub/f", "x");
  const bool is_root = ::geteuid() == 0;
  constexpr uid_t kNobody = 65534;
  if (is_root) {
    for (const auto* path : {"", "/store", "/out", "/out/sub", "/out/sub/f"}) {
      REQUIRE(::chown((mine + path).c_str(), kNobody, kNobody) == 0);
    }
    REQUIRE(::chmod((folder / ".").c_str(), 0755) == 0);
    REQUIRE(::seteuid(kNobody) == 0);
  }
  ::chmod((mine + "/out").c_str(), 0555);
  std::string problem, uri;
  try {
    uri = ArtifactStore(mine + "/store").keep(mine + "/out").uri;
  } catch (const Error& error) {
    problem = error.what();
  }
  if (is_root) REQUIRE(::seteuid(0) == 0);
  CHECK(problem.empty());
  struct stat status {};
  REQUIRE(::stat(path_of_uri(uri).c_str(), &status) == 0);
  CHECK((status.st_mode & 0222) == 0);
  REQUIRE(::stat((path_of_uri(uri) + "/sub/f").c_str(), &status) == 0);
  CHECK((status.st_mode & 0222) == 0);
}

TEST_CASE("a cache that is emptied while it is used forgets") {
  const TemporaryFolder folder;
  LocalCache cache(folder / "state");
  cache.keep("k", {});
  CHECK(cache.find("k"));
  REQUIRE(::truncate((folder / "state/cache.log").c_str(), 0) == 0);
  CHECK_FALSE(cache.find("k"));
}

TEST_CASE("after another start of the machine artifacts count by their bytes") {
  const TemporaryFolder folder;
  ArtifactStore store(folder / "state/store");
  make_directories(folder / "state");
  write_file(folder / "m", "model");
  const auto kept = store.keep(folder / "m");
  const Value outputs = Value::mapping({{"model", pipeline::make_artifact({kept.uri, "", kept.digest, {}})}});
  const std::string entry = document::write_json(Value::mapping({{"start", Value::string("another")}, {"outputs", outputs}}));
  write_file(folder / "state/cache.log", "k " + entry + "\nl " + entry + "\n");
  LocalCache cache(folder / "state");
  CHECK(cache.find("k"));
  ::chmod(path_of_uri(kept.uri).c_str(), 0600);
  write_file(path_of_uri(kept.uri), "");  // lost with the power
  CHECK(cache.find("k"));                 // believed since it was read
  CHECK_FALSE(cache.find("l"));
}

}  // namespace kfrun::run
