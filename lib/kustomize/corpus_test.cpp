// Builds what kustomize 5.8.2 was recorded building, and compares every byte.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "base/digest.h"
#include "base/process.h"
#include "base/test.h"
#include "base/text.h"
#include "document/reader.h"
#include "kustomize/kustomize.h"

using namespace kfrun;
using namespace kfrun::kustomize;
using document::Node;
namespace fs = std::filesystem;

namespace {

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

BuildOptions options_of(const Node& arguments) {
  BuildOptions options;
  std::string flag;
  for (const auto& argument : arguments.items()) {
    const auto& word = argument.text();
    if (word == "none" || word == "legacy") options.reorder = word == "none" ? Order::none : Order::legacy;
    if (word.ends_with("LoadRestrictionsNone")) options.load_restriction = LoadRestriction::none;
    if (word.starts_with("--enable-alpha-plugins")) options.enable_plugins = true;
    if (word.starts_with("--enable-exec")) options.enable_exec = true;
    if (word.starts_with("--enable-helm")) options.enable_helm = true;
    if (word.starts_with("--enable-managedby-label")) options.managed_by_label = true;
  }
  return options;
}

// What a build printed: the manifests, or the error.
struct Outcome {
  bool failed = false;
  std::string text;
};

Outcome build_at(const fs::path& directory, const std::string& target, const BuildOptions& options) {
  const auto before = fs::current_path();
  fs::current_path(directory);
  Outcome outcome;
  try {
    outcome.text = to_yaml(build(disk(), target, options));
  } catch (const Error& error) {
    outcome = {true, fmt::format("Error: {}", error.what())};
  }
  fs::current_path(before);
  return outcome;
}

// An error text without what differs from run to run: directories, pointers, warnings, blank ends.
std::string comparable(std::string text, const std::string& root, std::string_view name) {
  text = replace_all(std::move(text), root, name);
  text = std::regex_replace(text, std::regex("0x[0-9a-f]+"), "0xPTR");
  std::string kept;
  for (const auto& line : split(text, '\n')) {
    if (line.starts_with("# Warning") || line.find("well-defined vars") != std::string::npos) continue;
    if (line.find("reorder has been deprecated") != std::string::npos) continue;
    kept += std::string(trim(line)) + "\n";
  }
  return std::string(trim(kept));
}

struct Tally {
  std::size_t cases = 0;
  std::vector<std::string> unexpected;
  std::size_t as_expected() const { return cases - unexpected.size(); }
  void count(const std::string& name, bool good) {
    ++cases;
    if (!good) unexpected.push_back(name);
  }
};

bool is_absent(const std::string& folder) {
  if (fs::is_directory(corpus(folder))) return false;
  WARN("skipped: there is no corpus at " << corpus(folder));
  return true;
}

Tally run_cases(const std::string& family) {
  Tally tally;
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(corpus("kustomize/" + family))) {
    if (fs::exists(entry.path() / "case.json")) cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  for (const auto& path : cases) {
    const Node recorded = document::read_json(read_text(path / "case.json"), "case.json");
    auto input = fs::weakly_canonical(path / "input");
    if (!fs::is_directory(input)) {  // an empty directory, which archives do not keep
      input = fs::temp_directory_path() / "kfrun-empty";
      fs::create_directories(input);
    }
    const auto outcome = build_at(input, recorded.text_of("target"), options_of(*recorded.find("args")));
    const bool should_fail = recorded.find("rc")->as_integer() != 0;
    bool good = outcome.failed == should_fail;
    if (good && should_fail) {
      good = comparable(outcome.text, input.string(), "$ROOT") ==
             comparable(read_text(path / "expected.err"), input.string(), "$ROOT");
    } else if (good) {
      good = outcome.text == read_text(path / "expected.yaml");
    }
    tally.count(path.filename().string(), good);
  }
  return tally;
}

// The number that is as expected today: it may only grow.
void check_cases(const std::string& family, std::size_t at_least) {
  if (is_absent("kustomize/" + family)) return;
  const Tally tally = run_cases(family);
  INFO("unexpected: " << join(tally.unexpected, " "));
  CHECK(tally.cases > 0);
  CHECK(tally.as_expected() >= at_least);
}

}  // namespace

TEST_CASE("kubeflow/manifests v1.4.0 comes out byte for byte") {
  if (is_absent("kustomize/roots/km140")) return;
  const auto tree = fs::weakly_canonical(corpus("kustomize/roots/km140/tree"));
  Tally tally;
  for (const auto& line : split(read_text(corpus("kustomize/roots/km140/index.jsonl")), '\n')) {
    if (line.empty()) continue;
    const Node recorded = document::read_json(line, "index.jsonl");
    const auto root = recorded.text_of("root");
    const auto outcome = build_at("/", (tree / root).string(), {});
    const bool should_fail = recorded.find("rc")->as_integer() != 0;
    bool good = outcome.failed == should_fail;
    if (good && should_fail) {
      good = comparable(outcome.text, tree.string(), "$TREE") == comparable(recorded.text_of("stderr"), tree.string(), "$TREE");
    } else if (good) {
      good = sha256_hex(outcome.text) == recorded.text_of("sha256");
    }
    tally.count(root, good);
  }
  INFO("unexpected: " << join(tally.unexpected, " "));
  CHECK(tally.cases == 326);
  CHECK(tally.as_expected() >= 326);
}

// Where 3.2.0 fails kfrun must fail too, in whatever words.
TEST_CASE("kubeflow/manifests v1.4.0 comes out as kustomize 3.2.0 prints it") {
  if (is_absent("kustomize/compat-3.2.0") || is_absent("kustomize/roots/km140")) return;
  const auto tree = fs::weakly_canonical(corpus("kustomize/roots/km140/tree"));
  BuildOptions options;
  options.compat = &find_release("3.2.0");
  Tally tally;
  for (const auto& line : split(read_text(corpus("kustomize/compat-3.2.0/index.jsonl")), '\n')) {
    if (line.empty()) continue;
    const Node recorded = document::read_json(line, "index.jsonl");
    const auto root = recorded.text_of("root");
    const auto outcome = build_at("/", (tree / root).string(), options);
    const bool should_fail = recorded.find("rc")->as_integer() != 0;
    const bool good = outcome.failed == should_fail && (should_fail || sha256_hex(outcome.text) == recorded.text_of("sha256"));
    tally.count(root, good);
  }
  INFO("unexpected: " << join(tally.unexpected, " "));
  CHECK(tally.cases == 326);
  CHECK(tally.as_expected() >= 326);
}

TEST_CASE("hand-written oddities come out as kustomize prints them") { check_cases("quirks", 162); }
TEST_CASE("what kustomize's own tests build comes out the same") { check_cases("krusty", 205); }
TEST_CASE("builtin plugins do what kustomize's do") { check_cases("builtin", 61); }
TEST_CASE("replacements and patches do what kustomize's do") { check_cases("filters", 70); }

TEST_CASE("helm's charts come out as kustomize has them") {
  try {
    run_process({.command = {"helm", "version", "--short"}});
  } catch (const Error&) {
    WARN("skipped: there is no helm program");
    return;
  }
  check_cases("helm", 15);
}
