// The launcher as a plain process: in a folder of its own, with plans as the driver writes them.
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/test.h"
#include "base/text.h"
#include "launcher/exit_code.h"
#include "launcher/launcher_bytes.h"
#include "launcher/message.h"
#include "launcher/sha256.h"

using namespace kfrun;
namespace launcher = kfrun::launcher;
namespace fs = std::filesystem;

namespace {

// A folder that goes away with the test, laid out as a pod is.
class Pod {
 public:
  Pod() {
    std::string name = (fs::temp_directory_path() / "kfrun-launcher-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    make_directories(path("artifacts"));
  }
  ~Pod() { fs::remove_all(root_); }
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;

  std::string path(const std::string& below) const { return root_ + "/" + below; }
  // A plan's members, with @ for the root.
  ProcessResult run(std::string plan, std::vector<std::string> command) {
    plan =
        replace_all(R"({"messageFile":"@/message","store":"@/artifacts/store","staging":"@/artifacts/staging/pod",)" + plan + "}",
                    "@", root_);
    std::vector<std::string> words{KFRUN_LAUNCHER, "--"};
    for (auto& word : command) words.push_back(replace_all(word, "@", root_));
    return run_process({.command = words, .environment = {{"KFRUN_PLAN", plan}}});
  }
  ProcessResult sh(std::string plan, const std::string& script) { return run(std::move(plan), {"sh", "-c", script}); }
  std::string read(const std::string& below) const { return disk().read(path(below)); }
  bool has(const std::string& below) const { return fs::exists(fs::symlink_status(path(below))); }
  // The JSON of the message, checked as the driver does.
  std::string message() const {
    const auto text = read("message");
    const auto line = text.find('\n');
    REQUIRE(line != std::string::npos);
    const auto json = text.substr(line + 1);
    CHECK(text.substr(0, line) == fmt::format("kfrun1 {} {:08x}", json.size(), crc32(json)));
    return json;
  }
  void check_failure(const ProcessResult& result, int exit_code, const std::string& reason, const std::string& words) const {
    CHECK(result.exit_code == exit_code);
    CHECK_THAT(message(), ContainsSubstring("\"failure\":\"" + reason + "\""));
    CHECK_THAT(message(), ContainsSubstring(words));
    CHECK_THAT(result.error_output, ContainsSubstring(words));
    CHECK_FALSE(has("artifacts/staging/pod"));
  }

 private:
  std::string root_;
};

std::string own_sha256(std::string_view bytes) {
  launcher::Sha256 sum;
  sum.add(bytes);
  return launcher::hex(sum.finish());
}

// Whether a 64-bit ELF file has a PT_INTERP program header: a dynamic loader.
bool has_interpreter(std::string_view elf) {
  const auto number = [&](std::size_t at, std::size_t size) {
    std::size_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(elf.at(at + i));
    return value;
  };
  const std::size_t first = number(32, 8), size = number(54, 2), count = number(56, 2);
  for (std::size_t i = 0; i < count; ++i) {
    if (number(first + i * size, 4) == 3) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("digests and checksums are those of the libraries") {
  std::string bytes;
  for (int size = 0; size < 300; ++size) {
    CHECK(own_sha256(bytes) == sha256_hex(bytes));
    CHECK(launcher::crc32(bytes) == crc32(bytes));
    bytes += static_cast<char>(size * 7);
  }
  launcher::Sha256 in_pieces;
  for (std::size_t at = 0; at < bytes.size(); at += 37) in_pieces.add(std::string_view(bytes).substr(at, 37));
  CHECK(launcher::hex(in_pieces.finish()) == sha256_hex(bytes));
}

TEST_CASE("the program is static and under 1 MiB") {
  int found = 0;
  for (const auto* architecture : {"amd64", "arm64"}) {
    const auto bytes = launcher::launcher_bytes(architecture);
    if (bytes.empty()) continue;
    ++found;
    CHECK(bytes.substr(0, 4) ==
          "\x7f"
          "ELF");
    CHECK(bytes.size() < (1 << 20));
    CHECK_FALSE(has_interpreter(bytes));
  }
  CHECK(found > 0);
  CHECK(launcher::launcher_bytes("riscv64").empty());
}

TEST_CASE("parameters come back as text, byte for byte") {
  Pod pod;
  const auto result =
      pod.sh(R"("outputs":[{"name":"count","path":"@/work/outputs/count"},{"name":"words","path":"@/work/outputs/words"}])",
             R"(printf '12\n' > @/work/outputs/count; printf 'a "b"\tü\n\n' > @/work/outputs/words; echo seen)");
  CHECK(result.exit_code == 0);
  CHECK(result.output == "seen\n");
  CHECK(pod.message() == R"({"parameters":{"count":"12\n","words":"a \"b\"\tü\n\n"},"artifacts":{}})");
  CHECK_FALSE(pod.has("artifacts/staging/pod"));
}

TEST_CASE("files are artifacts by their digest, read-only, kept once") {
  Pod pod;
  const std::string plan = R"("outputs":[{"name":"model","path":"@/artifacts/staging/pod/model/model.bin","artifact":true}])";
  const std::string digest = sha256_hex("weights");
  for (int turn = 0; turn < 2; ++turn) {
    CHECK(pod.sh(plan, "printf weights > @/artifacts/staging/pod/model/model.bin").exit_code == 0);
    CHECK(pod.message() ==
          fmt::format(R"({{"parameters":{{}},"artifacts":{{"model":{{"path":"{0}/model.bin","digest":"{0}"}}}}}})", digest));
  }
  CHECK(pod.read("artifacts/store/" + digest + "/model.bin") == "weights");
  struct stat status = {};
  REQUIRE(::stat(pod.path("artifacts/store/" + digest + "/model.bin").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0444);
  CHECK_FALSE(pod.has("artifacts/staging/pod"));
}

TEST_CASE("artifacts at a fixed path outside of the store are copied, links are followed") {
  Pod pod;
  CHECK(pod.sh(R"("outputs":[{"name":"table","path":"@/elsewhere/table.csv","artifact":true}])",
               "printf 1,2 > @/elsewhere/real; ln -s real @/elsewhere/table.csv")
            .exit_code == 0);
  CHECK(pod.read("artifacts/store/" + sha256_hex("1,2") + "/table.csv") == "1,2");
  CHECK(pod.read("elsewhere/real") == "1,2");
}

TEST_CASE("folders are artifacts, too") {
  Pod pod;
  const std::string plan = R"("outputs":[{"name":"set","path":"@/artifacts/staging/pod/set/set","artifact":true}])";
  CHECK(
      pod.sh(plan, "d=@/artifacts/staging/pod/set/set; mkdir -p $d/a/b; echo 1 > $d/a/b/one; echo 2 > $d/two; ln -s two $d/link")
          .exit_code == 0);
  const auto first = pod.message();
  const auto digest = first.substr(first.find("\"digest\":\"") + 10, 64);
  // run/artifact_store.h defines the digest of a folder.
  const auto line = [](std::string_view kind, std::string_view content) {
    return std::string(kind) + std::string(1, '\0') + std::string(content) + std::string("\0\n", 2);
  };
  CHECK(digest == sha256_hex("kfrun-folder-1\n" + line("da", "") + line("da/b", "") + line("fa/b/one", sha256("1\n")) +
                             line("llink", "two") + line("ftwo", sha256("2\n"))));
  CHECK(pod.read("artifacts/store/" + digest + "/set/a/b/one") == "1\n");
  CHECK(fs::read_symlink(pod.path("artifacts/store/" + digest + "/set/link")) == "two");
  // The same content in another order of creation is the same artifact; other content is another.
  CHECK(
      pod.sh(plan, "d=@/artifacts/staging/pod/set/set; mkdir -p $d/a/b; ln -s two $d/link; echo 2 > $d/two; echo 1 > $d/a/b/one")
          .exit_code == 0);
  CHECK(pod.message() == first);
  CHECK(
      pod.sh(plan, "d=@/artifacts/staging/pod/set/set; mkdir -p $d/a/b; ln -s two $d/link; echo 2 > $d/two; echo 2 > $d/a/b/one")
          .exit_code == 0);
  CHECK(pod.message() != first);
}

TEST_CASE("an artifact is where the executor output says that it was written") {
  const std::string plan =
      R"("directories":["@/results"],"outputs":[{"name":"model","path":"@/artifacts/staging/pod/model","artifact":true},)"
      R"({"name":"results","path":"@/results/out.json","optional":true,"results":true}])";
  const auto artifact = [&](const std::string& json) {
    Pod pod;
    CHECK(pod.sh(plan, "mkdir @/own; printf own > @/own/m.bin; printf told > @/artifacts/staging/pod/model; printf '%s' '" +
                           json + "' > @/results/out.json")
              .exit_code == 0);
    const auto message = pod.message();
    return message.substr(message.find("\"artifacts\":{\"model\""));
  };
  const auto kept = [](const std::string& text, const std::string& name) {
    return fmt::format(R"("artifacts":{{"model":{{"path":"{0}/{1}","digest":"{0}"}}}}}})", sha256_hex(text), name);
  };
  for (const std::string key : {"custom_path", "customPath"}) {
    CHECK(artifact(R"({"artifacts":{"model":{"artifacts":[{")" + key + R"(":"@/own/m.bin"}]}}})") == kept("own", "m.bin"));
  }
  for (const std::string json :
       {R"({"artifacts":{"model":{"artifacts":[{"custom_path":""}]}}})", R"({"artifacts":{"model":{"artifacts":[]}}})",
        R"({"artifacts":{"other":{"artifacts":[{"custom_path":"@/own/m.bin"}]}}})", "[", "1"}) {
    CHECK(artifact(json) == kept("told", "model"));
  }
}

TEST_CASE("each entry of a folder is one artifact of a list, by name") {
  Pod pod;
  const auto result = pod.sh(R"("outputs":[{"name":"parts","path":"@/artifacts/staging/pod/parts","artifact":true,"list":true}])",
                             "d=@/artifacts/staging/pod/parts; mkdir $d; printf two > $d/b; printf one > $d/a");
  CHECK(result.exit_code == 0);
  CHECK(
      pod.message() ==
      fmt::format(
          R"({{"parameters":{{}},"artifacts":{{"parts":[{{"path":"{0}/a","digest":"{0}"}},{{"path":"{1}/b","digest":"{1}"}}]}}}})",
          sha256_hex("one"), sha256_hex("two")));
  CHECK(pod.read("artifacts/store/" + sha256_hex("two") + "/b") == "two");
}

TEST_CASE("scripts are staged, inputs must be there") {
  Pod pod;
  const std::string plan =
      R"("directories":["@/work/tmp"],"files":[{"path":"@/work/script.sh","text":"echo from $1; cat \"$2\"\n"}],"inputs":["@/artifacts/in"])";
  pod.check_failure(pod.run(plan, {"sh", "@/work/script.sh", "x", "@/artifacts/in"}), launcher::kInputMissing, "InputMissing",
                    "artifacts/in");
  write_file(pod.path("artifacts/in"), "data\n");
  const auto result = pod.run(plan, {"sh", "@/work/script.sh", "x", "@/artifacts/in"});
  CHECK(result.exit_code == 0);
  CHECK(result.output == "from x\ndata\n");
  CHECK(pod.has("work/tmp"));
}

TEST_CASE("the command's exit code is passed on, without a message") {
  Pod pod;
  const std::string plan = R"("outputs":[{"name":"x","path":"@/x"}])";
  CHECK(pod.sh(plan, "echo 1 > @/x; exit 3").exit_code == 3);
  CHECK(pod.sh(plan, "kill -KILL $$").exit_code == 137);
  CHECK(pod.sh(plan, fmt::format("exit {}", launcher::kCannotStart)).exit_code == launcher::kCannotStart);
  CHECK_FALSE(pod.has("message"));
}

TEST_CASE("signals reach the command") {
  Pod pod;
  const auto result =
      pod.sh(R"("outputs":[])", "trap 'echo got it; exit 9' TERM; kill -TERM $PPID; while :; do sleep 0.05; done");
  CHECK(result.exit_code == 9);
  CHECK(result.output == "got it\n");
}

TEST_CASE("the command sees neither the plan nor a changed file mode mask") {
  Pod pod;
  const auto mask = ::umask(027);
  const auto result = pod.sh(R"("outputs":[])", "umask; echo \"${KFRUN_PLAN-none}\"");
  ::umask(mask);
  CHECK(result.output == "0027\nnone\n");
}

TEST_CASE("the launcher's own failures have codes and words") {
  Pod pod;
  pod.check_failure(pod.run(R"("outputs":[])", {"no-such-program"}), launcher::kCannotStart, "CannotStart",
                    "'no-such-program' is not in the image");
  pod.check_failure(pod.run(R"("outputs":[])", {"@/artifacts"}), launcher::kCannotStart, "CannotStart", "Permission denied");
  pod.check_failure(pod.sh(R"("outputs":[{"name":"x","path":"@/x"}])", "true"), launcher::kOutputMissing, "OutputMissing",
                    "output x");
  pod.check_failure(pod.sh(R"("outputs":[{"name":"x","path":"@/artifacts/staging/pod/x","artifact":true}])", "true"),
                    launcher::kOutputMissing, "OutputMissing", "output x");
  pod.check_failure(pod.sh(R"("outputs":[{"name":"x","path":"@/x"}])", R"(printf '\377' > @/x)"), launcher::kOutputMissing,
                    "OutputUnusable", "UTF-8");
  pod.check_failure(pod.sh(R"("outputs":[{"name":"x","path":"@/pipe"}])", "mkfifo @/pipe"), launcher::kOutputMissing,
                    "OutputUnusable", "neither a file nor a folder");
  pod.check_failure(pod.sh(R"("outputs":[{"name":"x","path":"@/other/pipe","artifact":true}])", "mkfifo @/other/pipe"),
                    launcher::kOutputMissing, "OutputUnusable", "neither a file nor a folder");
  pod.check_failure(pod.sh(R"("outputs":[{"name":"x","path":"@/y"}])", "mkdir @/y"), launcher::kOutputMissing, "OutputUnusable",
                    "output x");
  pod.check_failure(pod.sh(R"("parametersLimit":10,"outputs":[{"name":"x","path":"@/z"}])", "echo 12345678901 > @/z"),
                    launcher::kOutputsTooLarge, "OutputsTooLarge", "declare it as an artifact");
  write_file(pod.path("artifacts/store"), "in the way");
  pod.check_failure(pod.sh(R"("outputs":[{"name":"x","path":"@/artifacts/staging/pod/x","artifact":true}])",
                           "echo 1 > @/artifacts/staging/pod/x"),
                    launcher::kStoreFailed, "StoreFailed", "output x");
}

TEST_CASE("an output that may be left unwritten is left out") {
  Pod pod;
  CHECK(pod.sh(R"("outputs":[{"name":"x","path":"@/x","optional":true}])", "true").exit_code == 0);
  CHECK(pod.message() == R"({"parameters":{},"artifacts":{}})");
}

TEST_CASE("outputs too long for a message stand in the log") {
  Pod pod;
  const auto result =
      pod.sh(R"("outputs":[{"name":"x","path":"@/x"}])", "head -c 100000 /dev/zero | tr '\\0' y > @/x; printf unfinished");
  CHECK(result.exit_code == 0);
  const std::string json = R"({"parameters":{"x":")" + std::string(100000, 'y') + R"("},"artifacts":{}})";
  CHECK(pod.message() == fmt::format(R"({{"logged":{}}})", json.size()));
  CHECK(result.output == fmt::format("unfinished\n::kfrun-outputs1 {} {:08x} {}\n", json.size(), crc32(json), json));
}

TEST_CASE("a plan comes by file, too; a broken one is refused") {
  Pod pod;
  write_file(pod.path("plan.json"), fmt::format(R"({{"files":[{{"path":"{}","text":"hi"}}]}})", pod.path("staged")));
  CHECK(run_process({.command = {KFRUN_LAUNCHER, "--plan", pod.path("plan.json"), "--", "cat", pod.path("staged")}}).output ==
        "hi");
  CHECK(run_process({.command = {KFRUN_LAUNCHER, "--plan", pod.path("absent"), "--", "true"}}).exit_code == launcher::kBadPlan);
  CHECK(run_process({.command = {KFRUN_LAUNCHER, "--", "true"}, .environment = {{"KFRUN_PLAN", "[1"}}}).exit_code ==
        launcher::kBadPlan);
  CHECK(run_process({.command = {KFRUN_LAUNCHER}}).exit_code == launcher::kBadPlan);
}
