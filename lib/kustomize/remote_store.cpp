#include "kustomize/remote_store.h"

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "kustomize/go_words.h"

namespace kfrun::kustomize {

namespace {

constexpr std::string_view kRefusal = "HTTP Error: status code ";

// Go's http.StatusText.
std::string_view status_text(int status) {
  switch (status) {
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 305:
      return "Use Proxy";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Request Entity Too Large";
    case 414:
      return "Request URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Requested Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 418:
      return "I'm a teapot";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Entity";
    case 423:
      return "Locked";
    case 424:
      return "Failed Dependency";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 506:
      return "Variant Also Negotiates";
    case 507:
      return "Insufficient Storage";
    case 508:
      return "Loop Detected";
    case 510:
      return "Not Extended";
    case 511:
      return "Network Authentication Required";
    default:
      return "";
  }
}

// A duration as Go prints it: "27s", "1m1s", "1h0m0s", "1.5s", "500ms".
std::string go_duration(Duration duration) {
  auto fraction = [](long long count, long long unit) {
    std::string text = std::to_string(count / unit);
    std::string rest = std::to_string(count % unit + unit).substr(1);  // with its leading zeros
    rest.erase(rest.find_last_not_of('0') + 1);
    return rest.empty() ? text : text + "." + rest;
  };
  const long long count = duration.count();
  if (count < 1000) return fmt::format("{}ns", count);
  if (count < 1'000'000) return fraction(count, 1000) + "µs";
  if (count < 1'000'000'000) return fraction(count, 1'000'000) + "ms";
  constexpr long long kMinute = 60'000'000'000;
  const std::string seconds = fraction(count % kMinute, 1'000'000'000) + "s";
  const long long minutes = count / kMinute;
  if (minutes == 0) return seconds;
  if (minutes < 60) return fmt::format("{}m{}", minutes, seconds);
  return fmt::format("{}h{}m{}", minutes / 60, minutes % 60, seconds);
}

// The git program in one folder.
class Git {
 public:
  Git(std::string directory, Duration timeout) : directory_(std::move(directory)), timeout_(timeout) {
    auto found = find_program("git");
    if (!found) {
      throw make_error(ErrorKind::not_found, "no 'git' program on path: {}", start_fault_words("git", {}));
    }
    program_ = *std::move(found);
  }

  void run(const std::vector<std::string>& arguments) const {
    ProcessSpec process;
    process.command = arguments;
    process.command.insert(process.command.begin(), program_);
    process.directory = directory_;
    process.joins_streams = true;
    process.stays_in_group = true;
    const std::string shown = join(process.command, " ");
    if (shown.find('\0') != std::string::npos) {  // an argument would end there
      throw make_error(ErrorKind::input, "failed to run '{}': : fork/exec {}: invalid argument", shown, program_);
    }
    ProcessResult result;
    try {
      result = run_process(process, {}, timeout_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timed_out) throw;
      throw make_error(ErrorKind::timed_out, "hit {} timeout running '{}'", go_duration(timeout_), shown);
    }
    if (result.exit_code == 0) return;
    throw make_error(ErrorKind::failed, "failed to run '{}': {}: {}", shown, result.output, exit_words(result));
  }

 private:
  std::string directory_;
  std::string program_;
  Duration timeout_;
};

}  // namespace

const std::string& RemoteStore::clone(const RepoSpec& spec) {
  const std::string url = spec.clone_url();
  const std::string key = fmt::format("{}\n{}\n{}", url, spec.ref, spec.submodules);
  if (const auto known = clones_.find(key); known != clones_.end()) return known->second;
  if (!options_.enable_git) throw make_error(ErrorKind::unsupported, "repositories are not cloned here: '{}'", spec.raw);
  // git would take it for one of its options, some of which run programs.
  if (spec.ref.starts_with('-')) throw make_error(ErrorKind::denied, "ref '{}' of '{}' begins with '-'", spec.ref, spec.raw);
  const std::string directory = directories_.emplace_back("kustomize-").path();
  const Git git(directory, spec.timeout);
  git.run({"init"});
  git.run({"remote", "add", "origin", url});  // what relative submodules are relative to
  git.run({"fetch", "--depth=1", url, spec.ref.empty() ? "HEAD" : spec.ref});
  git.run({"checkout", "FETCH_HEAD"});
  if (spec.submodules) git.run({"submodule", "update", "--init", "--recursive"});
  return clones_.emplace(key, directory).first->second;
}

const std::string& RemoteStore::read(const std::string& url) {
  auto known = files_.find(url);
  if (known == files_.end()) {
    if (!options_.fetch) throw make_error(ErrorKind::unsupported, "files cannot be read by HTTP here: '{}'", url);
    known = files_.emplace(url, options_.fetch(url)).first;
  }
  const auto& [status, body] = known->second;
  if (status >= 200 && status <= 299) return body;
  if (find_repo_spec(url)) throw make_error(ErrorKind::input, "URL is a git repository");
  throw make_error(ErrorKind::failed, "{}{} ({})", kRefusal, status, status_text(status));
}

bool is_http_refusal(const Error& error) { return error.message().starts_with(kRefusal); }

}  // namespace kfrun::kustomize
