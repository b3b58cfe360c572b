#include "kustomize/function_plugin.h"

#include <unistd.h>

#include <filesystem>

#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using document::Node;

namespace {

// A folder with one executable.
class Script {
 public:
  explicit Script(const std::string& text)
      : folder_(std::filesystem::temp_directory_path() / ("kfrun-function-test-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    write_file((folder_ / "run.sh").string(), "#!/bin/sh\n" + text);
    std::filesystem::permissions(folder_ / "run.sh", std::filesystem::perms::owner_all);
  }
  ~Script() { std::filesystem::remove_all(folder_); }
  std::string folder() const { return folder_.string(); }

 private:
  std::filesystem::path folder_;
};

Node parse(const std::string& text) { return document::read_yaml(text, "p.yaml").at(0); }

Node configuration(const std::string& function) {
  Node node = parse("apiVersion: v1\nkind: F\nmetadata: {name: f, annotations: {}}\n");
  node.find_path({"metadata", "annotations"})->set("config.kubernetes.io/function", Node::string(function));
  return node;
}

const BuildOptions kAllowed = [] {
  BuildOptions options;
  options.enable_exec = true;
  return options;
}();
const Node kExec = configuration("exec: {path: ./run.sh}");

ResourceMap two_config_maps() {
  ResourceMap resources;
  for (const char* name : {"a", "b"}) {
    resources.append(Resource(parse(std::string("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ") + name + "}\n")));
  }
  resources[0].remember_current_id();
  return resources;
}

std::string names(const ResourceMap& resources) {
  std::string text;
  for (const auto& resource : resources) text += resource.name() + " ";
  return text;
}

}  // namespace

TEST_CASE("a function that prints its input changes nothing, not even what is remembered") {
  Script script("cat");
  auto resources = two_config_maps();
  make_function_transformer(*read_function_spec(kExec), kExec, script.folder(), kAllowed)(resources);
  CHECK(names(resources) == "a b ");
  CHECK(resources[0].previous_names.size() == 1);
  CHECK(document::write_yaml(resources[1].document) == "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n");
}

TEST_CASE("a function replaces, adds and removes resources") {
  Script script(
      "printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: b}\\ndata: {k: v}\\n---\\nkind: X\\nmetadata: {name: c}\\n'");
  auto resources = two_config_maps();
  make_function_transformer(*read_function_spec(kExec), kExec, script.folder(), kAllowed)(resources);
  CHECK(names(resources) == "b c ");
  CHECK(resources[0].document.find_path({"data", "k"})->text() == "v");
}

TEST_CASE("a function generates resources, which may ask for a hash") {
  Script script("printf 'kind: ConfigMap\\nmetadata: {name: g, annotations: {kustomize.config.k8s.io/needs-hash: \"true\"}}\\n'");
  auto resources = generate_by_function(*read_function_spec(kExec), kExec, script.folder(), kAllowed);
  REQUIRE(resources.size() == 1);
  CHECK(resources[0].needs_hash);
  CHECK(resources[0].document.find_path({"metadata", "annotations"}) == nullptr);
}

TEST_CASE("what a function must not do is refused") {
  Script script("exit 3");
  auto resources = two_config_maps();
  CHECK_THROWS_WITH(make_function_transformer(*read_function_spec(kExec), kExec, script.folder(), kAllowed)(resources),
                    ContainsSubstring("couldn't execute function: exit status 3"));
  const Node outside = configuration("container: {image: i, mounts: [{type: bind, src: ./tmp/../../dir, dst: /x}]}");
  CHECK_THROWS_WITH(
      check_mounts(*read_function_spec(outside), outside),
      "plugin F.v1.[noGrp]/f.[noNs] with mount path './tmp/../../dir' is not permitted; mount paths must be under the "
      "current kustomization directory");
  for (const std::string fields : {"type: bind, src: 'x,source=/etc', dst: /x", "type: 'bind,source=/etc', src: x, dst: /x",
                                   "type: bind, src: x, dst: '/x,source=/etc'", "type: bind, src: x, dst: \"/x\\n\""}) {
    const Node more = configuration("container: {image: i, mounts: [{" + fields + "}]}");
    CHECK_THROWS_WITH(check_mounts(*read_function_spec(more), more),
                      ContainsSubstring("is not permitted; it holds a comma, a quote or a line break"));
  }
  CHECK_FALSE(read_function_spec(parse("kind: F\nmetadata: {name: f}\n")));
}
