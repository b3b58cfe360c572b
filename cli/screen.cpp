#include "cli/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "document/writer.h"
#include "run/record.h"

namespace kfrun::cli {

namespace {

bool pipe_closed = false;

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

// How many columns a UTF-8 text takes, counting code points (task names are ASCII; messages may not be).
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The last lines of a failed attempt's log, each behind "    | ".
std::string last_lines(const std::string& path, std::size_t count) {
  if (path.empty() || !disk().is_file(path)) return {};
  auto lines = split(disk().read(path), '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string text;
  for (auto i = lines.size() > count ? lines.size() - count : 0; i < lines.size(); ++i)
    text += fmt::format("    | {}\n", lines[i]);
  return text;
}

// Remembers what it has said, so that the run's own line does not say the reason of its failure again.
class Lines {
 public:
  explicit Lines(bool colour) : colour_(colour) {}

  std::string of(const run::Progress& progress) {
    const std::string name = name_of(progress.instance, progress.turn);
    std::string text = fmt::format("{}  {}", coloured(progress.state, colour_), name.empty() ? "run" : name);
    if (progress.attempt > 0) text += fmt::format(" (attempt {})", progress.attempt + 1);
    const bool is_said = name.empty() && said_.count(progress.message) > 0;
    if (!progress.message.empty() && !is_said) text += fmt::format(": {}", progress.message);
    if (progress.state == run::State::failed) said_.insert(fmt::format("{}: {}", progress.instance, progress.message));
    return text + "\n";
  }

 private:
  bool colour_;
  std::set<std::string> said_;
};

std::string failure_lines(const run::Progress& progress) {
  if (!progress.outcome || progress.outcome->failure == run::FailureClass::none) return {};
  return last_lines(progress.outcome->log, 20);
}

// One line for each change, for logs and pipes.
class PlainScreen : public ProgressScreen {
 public:
  explicit PlainScreen(bool colour) : lines_(colour) {}
  void show(const run::Progress& progress) override {
    const std::string time = to_rfc3339(progress.at).substr(11, 8);
    std::fputs((time + "  " + lines_.of(progress) + failure_lines(progress)).c_str(), stderr);
  }

 private:
  Lines lines_;
};

// Finished tasks scroll by; the last line says what is running now.
class TerminalScreen : public ProgressScreen {
 public:
  TerminalScreen(bool colour, TimePoint start) : lines_(colour), start_(start) {}

  void show(const run::Progress& progress) override {
    if (!progress.instance.empty()) {
      states_[progress.instance] = progress.state;
      const bool news =
          run::is_final(progress.state) || (progress.outcome && progress.outcome->failure != run::FailureClass::none);
      if (news || !progress.message.empty()) {
        clear();
        std::fputs((lines_.of(progress) + failure_lines(progress)).c_str(), stderr);
      }
    }
    tick(progress.at);
  }
  void tick(TimePoint now) override {
    if (now - drawn_ >= kDrawInterval) draw(now);
  }
  void finish() override { clear(); }

 private:
  static constexpr auto kDrawInterval = std::chrono::milliseconds(100);

  void clear() {
    std::fputs("\r\033[K", stderr);
    drawn_ = {};
  }

  void draw(TimePoint now) {
    drawn_ = now;
    std::size_t done = 0;
    std::string running;
    for (const auto& [name, state] : states_) {
      if (run::is_final(state)) ++done;
      if (state == run::State::running) running += (running.empty() ? "" : ", ") + name;
    }
    std::string line =
        fmt::format("[{}] {}/{} done{}{}", to_string(now - start_), done, states_.size(), running.empty() ? "" : "  ", running);
    const std::size_t width = terminal_width();
    if (width_of(line) >= width) line = line.substr(0, width - 4) + "...";
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
  }

  Lines lines_;
  TimePoint start_;
  TimePoint drawn_;
  std::map<std::string, run::State> states_;
};

class JsonScreen : public ProgressScreen {
 public:
  void show(const run::Progress& progress) override {
    using document::Node;
    Node line = Node::mapping({{"at", Node::string(to_rfc3339(progress.at))},
                               {"instance", Node::string(progress.instance)},
                               {"state", Node::string(std::string(to_string(progress.state)))},
                               {"attempt", Node::integer(progress.attempt + 1)},
                               {"message", Node::string(progress.message)}});
    if (!progress.turn.empty()) line.set("turn", Node::string(progress.turn));
    if (progress.outcome) line.set("exitCode", Node::integer(progress.outcome->exit_code));
    std::fputs((document::write_json(line) + "\n").c_str(), stderr);
  }
};

class QuietScreen : public ProgressScreen {
 public:
  void show(const run::Progress&) override {}
};

}  // namespace

void print_error(const Error& error) { print_diagnostics({to_diagnostic(error)}); }

void print_kustomize_error(const Error& error) {
  std::string text = fmt::format("Error: {}\n", error.what());
  if (error.place().known()) text += fmt::format("  at {}\n", to_string(error.place()));
  for (const auto& hint : error.hints()) text += fmt::format("  hint: {}\n", hint);
  std::fputs(text.c_str(), stderr);
}

void print_diagnostics(const Diagnostics& diagnostics) {
  for (const auto& diagnostic : diagnostics) std::fputs(to_string(diagnostic).c_str(), stderr);
}

void print_warning(std::string_view text) { print_diagnostics({{Severity::warning, {}, std::string(text), {}}}); }

void print_note(std::string_view text) { print_diagnostics({{Severity::note, {}, std::string(text), {}}}); }

void print(std::string_view text) {
  if (!pipe_closed && std::fwrite(text.data(), 1, text.size(), stdout) < text.size()) {
    if (errno != EPIPE) throw make_error(ErrorKind::failed, "writing to stdout: {}", std::strerror(errno));
    pipe_closed = true;
  }
}

void print(const document::Node& node, OutputFormat format) {
  print(format == OutputFormat::yaml ? document::write_yaml(node) : document::write_json(node, {.indent = 2}) + "\n");
}

bool flush_stdout() {
  if (!pipe_closed && std::fflush(stdout) != 0) {
    if (errno != EPIPE) throw make_error(ErrorKind::failed, "writing to stdout: {}", std::strerror(errno));
    pipe_closed = true;
  }
  return !pipe_closed;
}

std::string name_of(const std::string& instance, const std::string& turn) {
  return turn.empty() ? instance : fmt::format("{}[{}]", instance, turn);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

bool use_colour(std::FILE* stream) {
  if (is_set("NO_COLOR")) return false;
  if (is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR")) return true;
  const char* clicolor = std::getenv("CLICOLOR");
  const char* terminal = std::getenv("TERM");
  if (clicolor && std::string_view(clicolor) == "0") return false;
  return ::isatty(::fileno(stream)) && terminal && std::string_view(terminal) != "dumb";
}

std::string coloured(run::State state, bool colour) {
  const std::string word = fmt::format("{:<9}", to_string(state));
  if (!colour) return word;
  switch (state) {
    case run::State::succeeded:
    case run::State::cached:
      return "\033[32m" + word + "\033[0m";
    case run::State::failed:
      return "\033[31m" + word + "\033[0m";
    case run::State::running:
      return "\033[36m" + word + "\033[0m";
    case run::State::stopped:
      return "\033[33m" + word + "\033[0m";
    default:
      return "\033[2m" + word + "\033[0m";
  }
}

std::unique_ptr<ProgressScreen> make_progress_screen(ProgressMode mode, TimePoint start) {
  if (mode == ProgressMode::automatic) {
    const char* terminal = std::getenv("TERM");
    const bool dumb = !terminal || std::string_view(terminal) == "dumb";
    mode = ::isatty(STDERR_FILENO) && !dumb && !is_set("CI") ? ProgressMode::tty : ProgressMode::plain;
  }
  switch (mode) {
    case ProgressMode::tty:
      return std::make_unique<TerminalScreen>(use_colour(stderr), start);
    case ProgressMode::json:
      return std::make_unique<JsonScreen>();
    case ProgressMode::quiet:
      return std::make_unique<QuietScreen>();
    default:
      return std::make_unique<PlainScreen>(use_colour(stderr));
  }
}

}  // namespace kfrun::cli
