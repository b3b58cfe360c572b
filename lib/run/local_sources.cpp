#include "run/local_sources.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <climits>
#include <filesystem>
#include <system_error>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "run/artifact_store.h"

namespace kfrun::run {

namespace {

// Blanks, quotes and what separates words in a shell.
constexpr std::string_view kSeparators = " \t\r\n\"'`;|&<>(){}=,";

void add_words(std::string_view text, std::set<std::string>& words) {
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find_first_of(kSeparators, begin), text.size());
    const auto word = text.substr(begin, end - begin);
    if (!word.empty() && word.size() < PATH_MAX && word.front() != '-' && word.front() != '$') words.emplace(word);
    begin = end + 1;
  }
}

void add_words(const pipeline::Expression& expression, std::set<std::string>& words) {
  if (expression.op == pipeline::Operator::literal && expression.literal.is_string()) add_words(expression.literal.text(), words);
  for (const auto& operand : expression.operands) add_words(operand, words);
}

// The file of a Python module: "steps.train" is steps/train.py. "" of what is no module's name.
std::string file_of_module(std::string_view word) {
  const bool is_name = std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
  return is_name ? replace_all(std::string(word), ".", "/") + ".py" : std::string();
}

// Of a program's file its ending, of any other file "".
std::string program_ending(const std::string& path) {
  static constexpr std::array<std::string_view, 9> kEndings = {".py", ".R", ".jl", ".js", ".mjs", ".rb", ".pl", ".lua", ".sh"};
  const auto ending = std::filesystem::path(path).extension().string();
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end() ? ending : std::string();
}

// Folders in which nobody edits: hidden ones, virtual environments, installed packages.
bool is_foreign(const std::filesystem::directory_entry& folder) {
  const auto name = folder.path().filename().string();
  std::error_code ignored;
  return name.starts_with('.') || name == "node_modules" || name == "__pycache__" ||
         std::filesystem::exists(folder.path() / "pyvenv.cfg", ignored);
}

bool is_regular(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string stamp_of(const struct stat& status) {
  return fmt::format("{}:{}:{}.{}", status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace

std::string LocalSources::digest(const Work& work) {
  if (work.task->protocol == pipeline::Protocol::kfp) return {};  // its files are inside of its image
  std::set<std::string> words;
  for (const auto& expression : work.task->container.command) add_words(expression, words);
  for (const auto& expression : work.task->container.args) add_words(expression, words);
  if (work.task->container.script) add_words(*work.task->container.script, words);
  for (const auto& [name, value] : work.inputs) {
    if (value.is_string()) add_words(value.text(), words);
  }
  std::set<std::string> files;
  for (const auto& base : std::set{directory_, clean_path(join_path(directory_, work.task->container.working_directory))}) {
    for (const auto& word : words) {
      const std::string module = file_of_module(word);
      for (const auto& name : {word, module}) {
        if (auto path = clean_path(join_path(base, name)); !name.empty() && is_regular(path)) files.insert(std::move(path));
      }
    }
  }
  std::set<std::string> all_files = files;
  for (const auto& file : files) {
    const std::string ending = program_ending(file);
    if (ending.empty() || !is_below(file)) continue;
    all_files.merge(std::set(files_below(file.substr(0, file.rfind('/')), ending)));
  }
  std::string all;
  for (const auto& file : all_files) {
    if (const auto digest = digest_of_file(file); !digest.empty()) all += place_of(file) + '\0' + digest + '\n';
  }
  return all.empty() ? std::string() : sha256_hex(all);
}

const std::set<std::string>& LocalSources::files_below(const std::string& folder, const std::string& ending) {
  constexpr int kMostEntries = 20000, kDeepest = 8;  // a pipeline in a home folder must not cost a walk through all of it
  const auto now = std::chrono::steady_clock::now();
  Listing& listing = listings_[{folder, ending}];
  if (listing.made.time_since_epoch().count() != 0 && now - listing.made < std::chrono::seconds(1)) return listing.files;
  listing = {now, {}};
  std::error_code error;
  using Walk = std::filesystem::recursive_directory_iterator;
  int entries = 0;
  for (Walk at(folder, std::filesystem::directory_options::skip_permission_denied, error), end; !error && at != end;
       at.increment(error)) {
    if (++entries > kMostEntries) break;
    std::error_code ignored;
    if (at->is_directory(ignored)) {
      if (at.depth() >= kDeepest || is_foreign(*at)) at.disable_recursion_pending();
    } else if (at->path().extension() == ending && at->is_regular_file(ignored)) {
      listing.files.insert(at->path().string());
    }
  }
  return listing.files;
}

// The same for a pipeline's folder wherever it is moved to.
std::string LocalSources::place_of(const std::string& file) const {
  return is_below(file) ? file.substr(directory_.size() + 1) : file;
}

std::string LocalSources::digest_of_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  const std::string stamp = stamp_of(status);
  if (!is_below(path)) return stamp;
  Known& known = known_[path];
  if (known.stamp == stamp) return known.digest;
  try {
    known = {stamp, content_digest(path)};
  } catch (const Error&) {
    known = {stamp, stamp};  // it may not be read; the task will say so if it needs to
  }
  return known.digest;
}

}  // namespace kfrun::run
