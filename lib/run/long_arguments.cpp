#include "run/long_arguments.h"

#include <algorithm>
#include <vector>

#include "base/files.h"
#include "base/text.h"
#include "run/local_kfp.h"

namespace kfrun::run {

namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kMaxLength = 131'071;  // MAX_ARG_STRLEN without the zero at the end
constexpr std::string_view kMark = "kfrun-argument:";
// Reads what is marked; without single quotes, as it may stand in a script.
constexpr std::string_view kReadMarked =
    "import sys; sys.argv = [open(a[15:], encoding=\"utf-8\", errors=\"surrogateescape\", newline=\"\").read() "
    "if a.startswith(\"kfrun-argument:\") else a for a in sys.argv]; ";

bool is_long(const std::string& word) { return word.size() > kMaxLength; }

std::string_view program_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_shell(const Words& command) {
  static constexpr std::string_view kShells[] = {"sh", "ash", "bash", "dash", "ksh", "zsh"};
  const auto name = program_name(command[0]);
  const auto is_script = [](const std::string& flags) { return flags.size() > 1 && flags[0] == '-' && flags.back() == 'c'; };
  return command.size() > 2 && std::find(std::begin(kShells), std::end(kShells), name) != std::end(kShells) &&
         is_script(command[1]);
}

class Shortener {
 public:
  Shortener(Words& command, std::string folder) : command_(command), folder_(std::move(folder)) {}

  void shorten() {
    if (runs_kfp_module(command_) && is_shell(command_)) return shorten_launcher();
    if (is_shell(command_)) return shorten_shell();
    if (program_name(command_[0]).starts_with("python")) return shorten_python();
  }

 private:
  std::string kept(const std::string& text) {
    make_directories(folder_);
    const std::string file = fmt::format("{}/argument-{}", folder_, ++files_);
    write_file(file, text);
    return file;
  }

  void mark(std::size_t from) {
    for (std::size_t i = from; i < command_.size(); ++i) {
      if (is_long(command_[i])) command_[i] = std::string(kMark) + kept(command_[i]);
    }
  }

  // sh -ec LAUNCHER SOURCE ARGUMENT...: the launcher writes the source to a file and starts Python with the arguments.
  void shorten_launcher() {
    mark(2);
    const std::string run = fmt::format(
        "python3 -c '{}import runpy; runpy.run_module(\"kfp.dsl.executor_main\", "
        "run_name=\"__main__\", alter_sys=True)'",
        kReadMarked);
    for (auto& word : command_) {
      if (!runs_kfp_module({word})) continue;
      word = replace_all(word, "python3 -m kfp.dsl.executor_main", run);
      word = replace_all(word, "printf \"%s\" \"$0\"",
                         fmt::format("case \"$0\" in {0}*) cat \"${{0#{0}}}\";; *) printf \"%s\" \"$0\";; esac", kMark));
    }
  }

  // sh -c SCRIPT NAME ARGUMENT...: the script begins with taking the long ones from their files, to the last byte.
  void shorten_shell() {
    std::string script = is_long(command_[2]) ? fmt::format(". {}", shell_quote(kept(command_[2]))) : command_[2];
    std::string reads, all = "set --";
    for (std::size_t i = 4; i < command_.size(); ++i) {
      const auto position = i - 3;
      if (!is_long(command_[i])) {
        all += fmt::format(" \"${{{}}}\"", position);
        continue;
      }
      reads +=
          fmt::format("kfrun_{0}=$(cat {1}; printf x); kfrun_{0}=${{kfrun_{0}%x}}; ", position, shell_quote(kept(command_[i])));
      all += fmt::format(" \"$kfrun_{}\"", position);
      command_[i].clear();
    }
    command_[2] = reads.empty() ? script : reads + all + "\n" + script;
  }

  // python3 FLAG... (-c CODE | -m MODULE | FILE) ARGUMENT...
  void shorten_python() {
    std::size_t at = 1;
    while (at < command_.size() && command_[at].size() > 1 && command_[at][0] == '-' && command_[at] != "-c" &&
           command_[at] != "-m")
      ++at;
    if (at == command_.size()) return;
    const bool is_code = command_[at] == "-c", is_module = command_[at] == "-m";
    if ((is_code || is_module) && at + 1 == command_.size()) return;
    const std::size_t what = is_code || is_module ? at + 1 : at;
    mark(what + 1);
    const auto literal = [](const std::string& text) {
      return "\"" + replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\"") + "\"";
    };
    std::string code(kReadMarked);
    if (is_code) {
      code += fmt::format("exec(compile(open({}, encoding=\"utf-8\").read(), \"<string>\", \"exec\"))",
                          literal(kept(command_[what])));
    } else if (is_module) {
      code += fmt::format("import runpy; runpy.run_module({}, run_name=\"__main__\", alter_sys=True)", literal(command_[what]));
    } else {
      code += fmt::format(
          "import os, runpy; f = {}; sys.argv[0] = f; sys.path[0] = os.path.dirname(os.path.abspath(f)); "
          "runpy.run_path(f, run_name=\"__main__\")",
          literal(command_[what]));
    }
    command_.erase(command_.begin() + static_cast<std::ptrdiff_t>(at), command_.begin() + static_cast<std::ptrdiff_t>(what + 1));
    command_.insert(command_.begin() + static_cast<std::ptrdiff_t>(at), {"-c", code});
  }

  Words& command_;
  const std::string folder_;
  int files_ = 0;
};

}  // namespace

void shorten_arguments(ProcessSpec& process, const std::string& folder) {
  if (std::none_of(process.command.begin(), process.command.end(), is_long)) return;
  Shortener(process.command, folder).shorten();
}

}  // namespace kfrun::run
