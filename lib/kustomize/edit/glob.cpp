#include "kustomize/edit/glob.h"

#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace kfrun::kustomize {

namespace {

Error syntax_fault() { return usage_error("syntax error in pattern"); }

// The first character, which may have several bytes.
std::string_view first_character(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) ++length;
  return text.substr(0, length);
}

// A character of a class, perhaps behind a backslash; taken off the pattern.
std::string_view take_class_character(std::string_view& pattern) {
  if (pattern.empty() || pattern.front() == '-' || pattern.front() == ']') throw syntax_fault();
  if (pattern.front() == '\\') pattern.remove_prefix(1);
  if (pattern.empty()) throw syntax_fault();
  const auto character = first_character(pattern);
  pattern.remove_prefix(character.size());
  if (pattern.empty()) throw syntax_fault();
  return character;
}

// Takes "[...]" off the pattern. UTF-8 keeps the order of characters.
bool take_class(std::string_view& pattern, std::string_view character) {
  pattern.remove_prefix(1);
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  bool found = false;
  for (bool first = true; first || !pattern.starts_with(']'); first = false) {
    const auto low = take_class_character(pattern);
    auto high = low;
    if (pattern.front() == '-') {
      pattern.remove_prefix(1);
      high = take_class_character(pattern);
    }
    found |= low <= character && character <= high;
  }
  pattern.remove_prefix(1);
  return found != negated;
}

// Matches what stands before the next star at the start of `name`; the rest of the name.
std::optional<std::string_view> match_chunk(std::string_view chunk, std::string_view name) {
  bool failed = false;
  while (!chunk.empty()) {
    failed |= name.empty();
    const auto character = failed ? std::string_view() : first_character(name);
    if (chunk.front() == '[') {
      failed |= !take_class(chunk, character) || character == "/";
    } else if (chunk.front() == '?') {
      failed |= character == "/";
      chunk.remove_prefix(1);
    } else {
      if (chunk.front() == '\\') chunk.remove_prefix(1);
      if (chunk.empty()) throw syntax_fault();
      const auto wanted = first_character(chunk);
      failed |= wanted != character;
      chunk.remove_prefix(wanted.size());
    }
    if (!failed) name.remove_prefix(character.size());
  }
  return failed ? std::nullopt : std::optional(name);
}

// The pattern up to the next star outside of a class.
std::string_view chunk_of(std::string_view pattern) {
  bool in_class = false;
  std::size_t at = 0;
  for (; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') {
      ++at;
    } else if (pattern[at] == '[') {
      in_class = true;
    } else if (pattern[at] == ']') {
      in_class = false;
    } else if (pattern[at] == '*' && !in_class) {
      break;
    }
  }
  return pattern.substr(0, std::min(at, pattern.size()));
}

bool has_pattern(std::string_view path) { return path.find_first_of("*?[\\") != std::string_view::npos; }

void add_matching(const FileSystem& files, const std::string& folder, const std::string& written, std::string_view pattern,
                  std::vector<std::string>& found) {
  if (!files.is_directory(folder.empty() ? "." : folder)) return;
  for (const auto& name : files.list(folder.empty() ? "." : folder)) {
    if (matches_pattern(pattern, name)) found.push_back(written.empty() ? name : clean_path(join_path(written, name)));
  }
}

std::vector<std::string> all_matching(const FileSystem& files, const std::string& pattern) {
  matches_pattern(pattern, "");  // for its faults
  if (!has_pattern(pattern)) {
    return files.resolve(pattern) ? std::vector{pattern} : std::vector<std::string>{};
  }
  const auto slash = pattern.rfind('/');
  const std::string last = slash == std::string::npos ? pattern : pattern.substr(slash + 1);
  std::string folder = slash == std::string::npos ? "" : pattern.substr(0, slash);
  if (slash == 0) folder = "/";
  std::vector<std::string> found;
  if (!has_pattern(folder)) {
    add_matching(files, folder, folder, last, found);
  } else {
    for (const auto& each : all_matching(files, folder)) add_matching(files, each, each, last, found);
  }
  return found;
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view name) {
  bool failed = false;
  while (!pattern.empty()) {
    const bool star = pattern.front() == '*';
    while (pattern.starts_with('*')) pattern.remove_prefix(1);
    const auto chunk = chunk_of(pattern);
    pattern.remove_prefix(chunk.size());
    if (star && chunk.empty()) return !failed && name.find('/') == std::string_view::npos;
    std::optional<std::string_view> rest = match_chunk(chunk, name);
    for (std::size_t skipped = 0; star && (!rest || (pattern.empty() && !rest->empty())); ++skipped) {
      if (skipped >= name.size() || name[skipped] == '/') {
        rest.reset();
        break;
      }
      rest = match_chunk(chunk, name.substr(skipped + 1));
    }
    failed |= !rest;
    if (rest) name = *rest;
  }
  return !failed && name.empty();
}

std::vector<std::string> matching_paths(const FileSystem& files, const std::string& pattern) {
  const auto is_hidden = [](std::string_view path) { return file_name_of(path).starts_with('.'); };
  auto found = all_matching(files, pattern);
  // "." and ".." begin with a dot, and so do the patterns that name them.
  if (!is_hidden(pattern)) std::erase_if(found, is_hidden);
  return found;
}

}  // namespace kfrun::kustomize
