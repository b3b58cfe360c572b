#include "kustomize/function_command.h"

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/test.h"
#include "base/text.h"
#include "document/reader.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using document::Node;

namespace {

Node configuration(const std::string& function) {
  Node node = document::read_yaml("apiVersion: v1\nkind: F\nmetadata: {name: f, annotations: {}}\n", "p.yaml").at(0);
  node.find_path({"metadata", "annotations"})->set("config.kubernetes.io/function", Node::string(function));
  return node;
}

FunctionSpec spec(const std::string& function) { return *read_function_spec(configuration(function)); }

std::string command(const FunctionSpec& function, const BuildOptions& options) {
  return join(function_command(function, "/dir", options)->command, " ");
}

// A PATH of one folder with programs that do nothing.
class ProgramFolder {
 public:
  explicit ProgramFolder(const std::vector<std::string>& programs) {
    std::filesystem::create_directories(folder_);
    for (const auto& name : programs) {
      write_file(folder_ / name, "#!/bin/sh\n");
      std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
    }
    ::setenv("PATH", folder_.c_str(), 1);
  }
  ~ProgramFolder() {
    ::setenv("PATH", before_.c_str(), 1);
    std::filesystem::remove_all(folder_);
  }

 private:
  std::string before_ = std::getenv("PATH");
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("kfrun-programs-" + std::to_string(::getpid()));
};

}  // namespace

// The commands are what kustomize 5.8.2 gave to a docker that wrote its arguments down.

TEST_CASE("a container runs without network, as nobody, with what was asked for") {
  const ProgramFolder programs({"docker", "podman"});
  const std::string begin = "docker run --rm -i -a STDIN -a STDOUT -a STDERR --network ";
  const std::string usual = " -e LOG_TO_STDERR=true -e STRUCTURED_RESULTS=true";
  BuildOptions options;
  CHECK(command(spec("container: {image: 'img:1'}"), options) ==
        begin + "none --user nobody --security-opt=no-new-privileges" + usual + " img:1");
  options.function_mounts = {"type=bind,source=x/y,target=/z", "type=volume,src=/abs,dst=/q,rw=true", "type=tmpfs,dst=/t,rw=yes"};
  CHECK(command(spec("container:\n  image: i\n  mounts:\n  - {type: bind, src: ./d, dst: /d}\n"
                     "  - {type: bind, src: d, dst: /e, rw: true}"),
                options) ==
        begin +
            "none --user nobody --security-opt=no-new-privileges --mount type=bind,source=/dir/d,target=/d,readonly "
            "--mount type=bind,source=/dir/d,target=/e --mount type=bind,source=/dir/x/y,target=/z,readonly "
            "--mount type=volume,source=/abs,target=/q --mount type=tmpfs,source=/dir,target=/t,readonly" +
            usual + " i");
}

TEST_CASE("a container's environment is the configuration's and then the command line's") {
  const ProgramFolder programs({"docker"});
  BuildOptions options;
  options.function_environment = {"FOO=2", "BAZ", "Z=1,2", "BAR"};
  const auto words = command(spec("container: {image: i, envs: [FOO=1, BAR, LOG_TO_STDERR=no, A=b=c]}"), options);
  CHECK(words.ends_with("-e A=b=c -e FOO=2 -e LOG_TO_STDERR=true -e STRUCTURED_RESULTS=true -e Z=1,2 -e BAR -e BAZ i"));
}

TEST_CASE("a container has the network only when both sides say so") {
  const ProgramFolder programs({"docker"});
  const auto asks = spec("container: {image: i, network: true}");
  BuildOptions options;
  CHECK_THROWS_WITH(command(asks, options), "network required but not enabled with --network");
  options.function_network = true;
  CHECK_THAT(command(asks, options), ContainsSubstring("--network host"));
  CHECK_THAT(command(spec("container: {image: i}"), options), ContainsSubstring("--network none"));
}

TEST_CASE("podman takes docker's place where only that is") {
  const auto function = spec("container: {image: i}");
  {
    const ProgramFolder programs({"podman"});
    CHECK(command(function, {}).starts_with("podman run --rm"));
  }
  const ProgramFolder programs({});
  CHECK(command(function, {}).starts_with("docker run --rm"));
}

TEST_CASE("a program is run only when that is allowed, and a container goes before it") {
  const auto function = spec("exec: {path: ./x.sh, args: [a, b c], envs: [FOO=1, BAR=2, X=y=z, Q]}");
  BuildOptions options;
  CHECK(!function_command(function, "/dir", options));
  options.enable_exec = true;
  options.function_environment = {"FOO=3", "LOG"};
  const auto process = function_command(function, "/dir", options);
  REQUIRE(process);
  CHECK(process->command == std::vector<std::string>{"./x.sh", "a", "b c"});
  CHECK(process->environment == std::map<std::string, std::string>{{"BAR", "2"}, {"FOO", "3"}});
  CHECK(process->directory == "/dir");
  CHECK(!function_command(spec("container: {}"), "/dir", options));
  CHECK_THAT(command(spec("container: {image: i}\nexec: {path: ./x.sh}"), options), ContainsSubstring(" run --rm"));
}

TEST_CASE("annotations of functions are read strictly, in all their forms") {
  const std::string words = "failed to get FunctionSpec: config.kubernetes.io/function unmarshal error: ";
  CHECK_THROWS_WITH(spec("container: {image: i, foo: bar}"),
                    words + "error unmarshaling JSON: while decoding JSON: json: unknown field \"foo\"");
  CHECK_THROWS_WITH(spec("container: {image: [a]}"),
                    words +
                        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field "
                        "ContainerSpec.container.image of type string");
  CHECK_THROWS_WITH(spec("container: ["),
                    words + "error converting YAML to JSON: yaml: line 1: did not find expected node content");
  auto read = [](const std::string& metadata) {
    return read_function_spec(document::read_yaml("kind: F\nmetadata: " + metadata, "p.yaml").at(0));
  };
  CHECK(read("{annotations: {config.kubernetes.io/container: img}}")->image == "img");
  CHECK(read("{annotations: {config.k8s.io/function: 'container: {image: old}'}}")->image == "old");
  CHECK(read("{configFn: {container: {image: older}}}")->image == "older");
  CHECK(!read("{name: f}"));
}
