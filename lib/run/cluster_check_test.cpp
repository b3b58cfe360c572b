#include "run/cluster_check.h"

#include "base/files.h"
#include "base/test.h"
#include "pipeline/pipeline.h"

namespace kfrun::run {

namespace {

Diagnostics faults_of(const std::string& tasks) {
  MemoryFileSystem files;
  files.add("/p.yaml", "apiVersion: kfrun/v1\nkind: Pipeline\nname: p\nparams: {image: {type: string}}\n" + tasks);
  const auto compiled = pipeline::compile(files, "/p.yaml");
  CHECK_FALSE(has_errors(compiled.diagnostics));
  return check_for_cluster(compiled.pipeline);
}

}  // namespace

TEST_CASE("a task without an image is told where it stands") {
  const auto faults = faults_of("tasks:\n  a: {command: [x], image: i}\n  b: {command: [x]}\nfinally:\n  c: {command: [x]}\n");
  REQUIRE(faults.size() == 2);
  CHECK(faults[0].message == "task b names no image, which it needs on a cluster");
  CHECK(faults[0].place.file == "/p.yaml");
  CHECK(faults[0].place.line == 7);
  CHECK(faults[1].place.line == 9);
}

TEST_CASE("an image that the run decides, or that is the default of all, is none of it") {
  CHECK(faults_of("tasks:\n  a: {command: [x], image: '${{ params.image }}'}\n").empty());
  CHECK(faults_of("defaults: {image: i}\ntasks:\n  a: {command: [x]}\n  b: {pause: 1s}\n").empty());
}

}  // namespace kfrun::run
