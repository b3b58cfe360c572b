#include "run/local_sources.h"

#include <sys/stat.h>

#include <climits>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/files.h"
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

std::string stamp_of(const struct stat& status) {
  return fmt::format("{}:{}:{}.{}", status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace

std::string LocalSources::digest(const Work& work) {
  if (work.task->protocol == pipeline::Protocol::kfp) return {};  // its files are inside of its image
  std::set<std::string> words;
  for (const auto& expression : work.task->container.command) add_words(expression, words);
  for (const auto& expression : work.task->container.args) add_words(expression, words);
  for (const auto& [name, value] : work.inputs) {
    if (value.is_string()) add_words(value.text(), words);
  }
  std::string all;
  for (const auto& word : words) {
    if (const auto digest = digest_of_file(join_path(directory_, word)); !digest.empty()) all += word + '\0' + digest + '\n';
  }
  return all.empty() ? std::string() : sha256_hex(all);
}

std::string LocalSources::digest_of_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const std::string stamp = stamp_of(status);
  if (!clean_path(path).starts_with(directory_ + "/")) return stamp;
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
