#include "cli/log_tail.h"

#include <algorithm>
#include <fstream>

#include "cli/screen.h"
#include "run/kubernetes_message.h"
#include "run/kubernetes_pod.h"

namespace kfrun::cli {

namespace {

using Steady = std::chrono::steady_clock;

// Where the last `lines` lines of a file begin.
std::streamoff start_of_last_lines(std::ifstream& file, std::streamoff size, int lines) {
  constexpr std::streamoff block = 64 << 10;
  std::string text;
  std::streamoff at = size;
  while (at > 0) {
    const std::streamoff from = std::max<std::streamoff>(0, at - block);
    text.resize(static_cast<std::size_t>(at - from));
    file.seekg(from);
    file.read(text.data(), at - from);
    for (std::size_t i = text.size(); i-- > 0;) {
      const std::streamoff position = from + static_cast<std::streamoff>(i);
      if (text[i] == '\n' && position + 1 < size && --lines <= 0) return position + 1;
    }
    at = from;
  }
  return 0;
}

class FileTail : public LogTail {
 public:
  FileTail(std::string path, int lines, std::string prefix)
      : path_(std::move(path)), lines_(lines), printer_(std::move(prefix)) {}

  bool pump(bool ended) override {
    std::ifstream file(path_, std::ios::binary | std::ios::ate);
    if (file) read_on(file);
    if (ended) printer_.finish();
    return ended;
  }

 private:
  void read_on(std::ifstream& file) {
    const std::streamoff size = file.tellg();
    if (lines_ >= 0) {
      offset_ = lines_ == 0 ? size : start_of_last_lines(file, size, lines_);
      lines_ = -1;
    }
    std::string block;
    while (offset_ < size) {
      block.resize(static_cast<std::size_t>(std::min<std::streamoff>(size - offset_, 1 << 20)));
      file.seekg(offset_);
      file.read(block.data(), static_cast<std::streamsize>(block.size()));
      if (file.gcount() <= 0) return;
      printer_.add(std::string_view(block).substr(0, static_cast<std::size_t>(file.gcount())));
      offset_ += file.gcount();
    }
  }

  std::string path_;
  int lines_;
  std::streamoff offset_ = 0;
  LinePrinter printer_;
};

// The last lines of what comes in pieces, and the size of all of it.
class LastLines {
 public:
  explicit LastLines(int count) : count_(count) {}

  void add(std::string_view bytes) {
    size_ += bytes.size();
    text_ += bytes;
    // A line that has not ended yet is one, too.
    const auto ends = std::count(text_.begin(), text_.end(), '\n');
    for (auto lines = ends + (text_.ends_with('\n') ? 0 : 1); lines > count_; --lines) {
      const auto end = text_.find('\n');
      text_.erase(0, end == std::string::npos ? text_.size() : end + 1);
    }
  }
  const std::string& text() const { return text_; }
  std::size_t size() const { return size_; }

 private:
  int count_;
  std::string text_;
  std::size_t size_ = 0;
};

// A stream that is opened again while the container has not begun (the server then answers 400 or 404) and when it breaks off;
// what was printed already is then skipped. To follow only the last lines, the whole log is first read to its end: only so it is
// known how much to skip later.
class PodTail : public LogTail {
 public:
  PodTail(kube::Client& client, std::string name_space, std::string pod, int lines, bool follow, std::string prefix)
      : client_(client),
        name_space_(std::move(name_space)),
        pod_(std::move(pod)),
        lines_(lines),
        follow_(follow),
        printer_(std::move(prefix)),
        last_(lines),
        is_measuring_(follow && lines >= 0) {}
  ~PodTail() override {
    if (open_) client_.cancel(handle_);
  }

  bool pump(bool ended) override {
    if (!open_ && !complete_ && Steady::now() >= retry_at_) open(ended);
    if (!complete_) return false;
    printer_.add(filter_.finish());
    printer_.finish();
    return true;
  }

 private:
  void open(bool ended) {
    kube::LogOptions options;
    options.container = run::kMainContainer;
    options.follow = follow_;
    if (is_measuring_) {
      last_ = LastLines(lines_);
      options.follow = false;
    } else if (lines_ >= 0 && !follow_) {
      options.tail_lines = lines_;
    }
    skip_ = taken_;
    open_ = true;
    kube::Request request;
    request.path = kube::log_path(name_space_, pod_, options);
    handle_ = client_.stream(
        std::move(request), [this](std::string_view bytes) { return take(bytes); },
        [this, ended](const kube::Reply& reply) { closed(reply, ended); });
  }

  bool take(std::string_view bytes) {
    if (is_measuring_) {
      last_.add(bytes);
      return true;
    }
    const auto skipped = std::min(skip_, bytes.size());
    skip_ -= skipped;
    bytes.remove_prefix(skipped);
    taken_ += bytes.size();
    printer_.add(filter_.add(bytes));
    return true;
  }

  void closed(const kube::Reply& reply, bool ended) {
    open_ = false;
    retry_at_ = Steady::now() + std::chrono::milliseconds(500);
    if (is_measuring_ && reply.ok() && last_.size() > 0) {
      is_measuring_ = false;
      taken_ = last_.size();
      printer_.add(filter_.add(last_.text()));
      retry_at_ = Steady::now();
      complete_ = ended;
      return;
    }
    // While no node has the pod the server's answer is an empty log.
    complete_ = reply.ok() && (!follow_ || ended || taken_ > 0);
    if (reply.status == 401 || reply.status == 403) kube::throw_unless_ok(reply, "reading the log of pod " + pod_);
    const bool may_come = reply.status == 0 || (!ended && follow_);
    if (complete_ || (may_come && ++failures_ < kMostFailures)) return;
    print_warning(fmt::format("no more of the log of pod {}: {}", pod_, reply.message()));
    complete_ = true;
  }

  static constexpr int kMostFailures = 7200;  // an hour of waiting for the container to begin

  kube::Client& client_;
  const std::string name_space_, pod_;
  const int lines_;
  const bool follow_;
  LinePrinter printer_;
  kube::Handle handle_ = 0;
  bool open_ = false;
  bool complete_ = false;
  int failures_ = 0;
  run::LogFilter filter_;  // the launcher's own line is not for people
  std::size_t taken_ = 0;
  std::size_t skip_ = 0;
  LastLines last_;
  bool is_measuring_;  // what is there already, of which only the last lines are printed
  Steady::time_point retry_at_;
};

}  // namespace

void LinePrinter::add(std::string_view bytes) {
  if (prefix_.empty()) return print(bytes);
  while (!bytes.empty()) {
    const auto newline = bytes.find('\n');
    partial_ += bytes.substr(0, newline);
    if (newline == std::string_view::npos) return;
    print(prefix_ + partial_ + "\n");
    partial_.clear();
    bytes.remove_prefix(newline + 1);
  }
}

void LinePrinter::finish() {
  if (!partial_.empty()) print(prefix_ + partial_ + "\n");
  partial_.clear();
}

std::unique_ptr<LogTail> tail_file(std::string path, int lines, std::string prefix) {
  return std::make_unique<FileTail>(std::move(path), lines, std::move(prefix));
}

std::unique_ptr<LogTail> tail_pod(kube::Client& client, std::string name_space, std::string pod, int lines, bool follow,
                                  std::string prefix) {
  return std::make_unique<PodTail>(client, std::move(name_space), std::move(pod), lines, follow, std::move(prefix));
}

}  // namespace kfrun::cli
