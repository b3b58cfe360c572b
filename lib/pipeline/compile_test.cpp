#include "base/test.h"
#include "pipeline/pipeline.h"

namespace kfrun::pipeline {
namespace {

TEST_CASE("formats are told apart by what is in the documents") {
  CHECK(detect_format("apiVersion: kfrun/v1\nkind: Pipeline\n", "a") == Format::native);
  CHECK(detect_format("# only a comment\n---\napiVersion: kfrun/v1\nkind: Component\n", "a") == Format::native);
  CHECK(detect_format("name: a\nimplementation: {container: {image: b}}\n", "a") == Format::native);
  CHECK(detect_format("pipelineInfo: {name: a}\nroot: {}\n", "a") == Format::kfp);
  CHECK(detect_format("displayName: a\npipelineSpec: {}\n", "a") == Format::kfp);
  CHECK(detect_format(R"({"deploymentSpec": {}, "root": {}})", "a") == Format::kfp);
  CHECK(detect_format("apiVersion: pipelines.kubeflow.org/v2beta1\nkind: PipelineVersion\n", "a") == Format::kfp);
  CHECK(detect_format("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n", "a") == Format::argo);
  CHECK(detect_format("a: b\n", "a") == Format::unknown);
  CHECK(detect_format("", "a") == Format::unknown);
  CHECK(detect_format("apiVersion: kfrun/v1\nkind: [\n", "a") == Format::native);
}

TEST_CASE("formats of later versions are refused by name") {
  MemoryFileSystem files;
  files.add("argo.yaml", "apiVersion: argoproj.io/v1alpha1\n");
  files.add("other.yaml", "apiVersion: v1\nkind: Pod\n");
  CHECK_THAT(to_string(compile(files, "argo.yaml").diagnostics.at(0)), ContainsSubstring("are not supported yet"));
  CHECK(to_string(compile(files, "other.yaml").diagnostics.at(0)) ==
        "error: other.yaml:1:13 (apiVersion): expected kfrun/v1, found 'v1'\n");
}

}  // namespace
}  // namespace kfrun::pipeline
