#include "pipeline/script_reader.h"

#include <algorithm>

#include "base/text.h"
#include "pipeline/container_reader.h"

namespace kfrun::pipeline {
namespace {

constexpr std::size_t kMaxScript = 512u << 10;  // scripts travel to pods in a ConfigMap, which holds 1 MiB
constexpr std::string_view kEndings[] = {".py", ".sh", ".bash", ".r", ".jl", ".js", ".pl", ".rb", ".lua", ".sql"};

// What runs a script that has no first line "#!".
constexpr std::pair<std::string_view, std::string_view> kInterpreters[] = {
    {".py", "python3"}, {".r", "Rscript"}, {".jl", "julia"}, {".js", "node"}, {".pl", "perl"}, {".rb", "ruby"}, {".lua", "lua"}};

bool is_one_word(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t\r\n") == text.npos && text.find("${{") == text.npos;
}

bool looks_like_file(std::string_view word) {
  const std::string lower = to_lower(word);
  return word.find('/') != word.npos ||
         std::any_of(std::begin(kEndings), std::end(kEndings), [&](std::string_view ending) { return lower.ends_with(ending); });
}

std::vector<Expression> words(const std::vector<std::string>& texts, const Place& place) {
  std::vector<Expression> made;
  for (const auto& text : texts) made.push_back(Expression::constant(Value::string(text), place));
  return made;
}

std::vector<Expression> interpreter(std::string_view text, std::string_view name, const Place& place) {
  if (text.starts_with("#!")) {
    std::vector<std::string> parts;
    for (const auto& part : split(trim(text.substr(2, text.find('\n') - 2)), ' ')) {
      if (!part.empty()) parts.push_back(part);
    }
    if (!parts.empty()) return words(parts, place);
  }
  const std::string lower = to_lower(name);
  for (const auto& [ending, program] : kInterpreters) {
    if (lower.ends_with(ending)) return words({std::string(program)}, place);
  }
  return words({lower.ends_with(".bash") ? "bash" : "sh", "-e"}, place);
}

std::string read_file(const Cursor& at, const FileSystem& files, const std::string& path) {
  try {
    return files.read(path);
  } catch (const Error& fault) {
    at.error(fault.what());
    return "";
  }
}

void report_missing(const Cursor& at, const FileSystem& files, const std::string& path) {
  std::vector<std::string> hints;
  const std::string folder = directory_of(path);
  if (files.is_directory(folder)) {
    if (const auto near = nearest_file(file_name_of(path), files.list(folder)))
      hints.push_back(fmt::format("did you mean '{}'?", *near));
  }
  hints.push_back("scripts are looked for beside the file that names them");
  at.error(fmt::format("there is no file {}", path), std::move(hints));
}

}  // namespace

Script read_script(const Cursor& at, const FileSystem& files, const NameMeaning& names) {
  Script script;
  const auto text = at.string();
  if (!text) return script;
  if (is_one_word(*text)) {
    const std::string path = clean_path(join_path(directory_of(at.file().name()), *text));
    if (files.is_file(path)) {
      std::string content = read_file(at, files, path);
      if (content.size() > kMaxScript) at.error(fmt::format("{} is longer than 512 KiB", path), {"put it into the image"});
      if (!is_valid_utf8(content)) at.error(fmt::format("{} is no UTF-8 text", path));
      script.command = interpreter(content, *text, at.place());
      script.text = Expression::constant(Value::string(std::move(content)), at.place());
      return script;
    }
    if (looks_like_file(*text)) {
      report_missing(at, files, path);
      return script;
    }
  }
  script.command = interpreter(*text, "", at.place());
  script.text = read_text(at, names);
  return script;
}

}  // namespace kfrun::pipeline
