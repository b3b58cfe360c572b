#include "kustomize/repo_spec.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace kfrun::kustomize {

namespace {

constexpr std::string_view kFile = "file://";
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kSsh = "ssh://";
constexpr std::array<std::string_view, 4> kSchemes = {kSsh, kHttps, "http://", kFile};
constexpr std::string_view kGitPrefix = "git::";

bool starts_with_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && to_lower(text.substr(0, lower.size())) == lower;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool has_bad_escape(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return true;
    i += 2;
  }
  return false;
}

// Go's url.QueryUnescape, of text without bad escapes.
std::string unescape_query(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// The first value of each key; nothing when a part of it is malformed, as Go's url.ParseQuery says.
std::map<std::string, std::string> parse_query(std::string_view query) {
  std::map<std::string, std::string> values;
  for (const auto& pair : split(query, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const std::string_view key = std::string_view(pair).substr(0, equals);
    const std::string_view value = equals == std::string::npos ? std::string_view() : std::string_view(pair).substr(equals + 1);
    if (pair.find(';') != std::string::npos || has_bad_escape(key) || has_bad_escape(value)) return {};
    values.emplace(unescape_query(key), unescape_query(value));
  }
  return values;
}

// A whole number of seconds, or a duration with units; nothing when it is not above zero.
std::optional<Duration> parse_timeout(const std::string& text) {
  const std::string digits = text.starts_with('+') ? text.substr(1) : text;
  if (const auto seconds = parse_integer(digits); seconds && *seconds > 0) {
    const auto most = std::chrono::duration_cast<std::chrono::seconds>(Duration::max()).count();
    return std::chrono::seconds(std::min<long long>(*seconds, most));
  }
  if (const auto duration = parse_duration(text); duration && *duration > Duration(0)) return duration;
  return std::nullopt;
}

// Go's strconv.ParseBool.
std::optional<bool> parse_go_bool(std::string_view text) {
  for (auto word : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == word) return true;
  }
  for (auto word : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

void read_query(RepoSpec& spec, std::string_view query) {
  auto values = parse_query(query);
  spec.ref = values["ref"].empty() ? values["version"] : values["ref"];
  if (const auto timeout = parse_timeout(values["timeout"])) spec.timeout = *timeout;
  if (const auto submodules = parse_go_bool(values["submodules"])) spec.submodules = *submodules;
}

// "alice@" at the beginning, or nothing.
std::string_view username_in(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) return {};
  std::size_t end = 1;
  while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]) || text[end] == '-')) ++end;
  return end < text.size() && text[end] == '@' ? text.substr(0, end + 1) : std::string_view();
}

// Where the host ends: at the first '/', or at a ':' before it in scp's manner.
std::size_t host_end(std::string_view text, bool accept_scp) {
  const auto slash = text.find('/');
  if (!accept_scp) return slash;
  const auto colon = text.find(':');
  if (slash == std::string_view::npos) return colon;
  return colon != std::string_view::npos && colon > 0 && colon < slash ? colon : slash;
}

// Takes the host off the text and sets it in the spec.
std::string_view take_host(RepoSpec& spec, std::string_view text) {
  if (has_forced_git_prefix(text)) text.remove_prefix(kGitPrefix.size());
  const auto found =
      std::find_if(kSchemes.begin(), kSchemes.end(), [&](auto candidate) { return starts_with_ignoring_case(text, candidate); });
  const std::string_view scheme = found == kSchemes.end() ? std::string_view() : *found;
  text.remove_prefix(scheme.size());
  if (scheme == kFile) {  // all of the rest is a path, what looks like a user too
    spec.host = kFile;
    return text;
  }
  const std::string_view username = username_in(text);
  text.remove_prefix(username.size());
  const bool is_github = starts_with_ignoring_case(text, "github.com/") || starts_with_ignoring_case(text, "github.com:");
  const bool accept_scp = scheme.empty() && (!username.empty() || is_github);
  if (scheme.empty() && !accept_scp) throw make_error(ErrorKind::input, "failed to parse scheme");
  const auto end = host_end(text, accept_scp);
  const std::string host(text.substr(0, end == std::string_view::npos ? text.size() : end + 1));
  text.remove_prefix(host.size());
  if (is_github) {
    const bool over_ssh = scheme == kSsh || !username.empty();
    spec.host = over_ssh ? std::string(username) + "github.com:" : "https://github.com/";
  } else if (host.empty()) {
    throw make_error(ErrorKind::input, "failed to parse host segment");
  } else {
    spec.host = std::string(scheme) + std::string(username) + host;
  }
  return text;
}

// The end of the repository's path and the beginning of the path in it.
struct Split {
  std::size_t end;
  std::size_t next;
};

Split split_path(std::string_view path, bool takes_all) {
  constexpr std::string_view kAzure = "_git/", kSuffix = ".git";
  // The part behind "_git/" is the repository's name.
  if (const auto at = path.find(kAzure); at != std::string_view::npos) {
    const auto slash = path.find('/', at + kAzure.size());
    return slash == std::string_view::npos ? Split{path.size(), path.size()} : Split{slash, slash + 1};
  }
  if (const auto at = path.find("//"); at != std::string_view::npos) return {at, at + 2};
  if (const auto at = path.find(kSuffix); at != std::string_view::npos) return {at + kSuffix.size(), at + kSuffix.size()};
  if (takes_all) return {path.size(), path.size()};
  const auto first = path.find('/');
  if (first == std::string_view::npos) return {0, 0};
  const auto second = path.find('/', first + 1);
  return second == std::string_view::npos ? Split{path.size(), path.size()} : Split{second, second + 1};
}

bool leaves_repository(std::string_view root_path) {
  const std::string clean = clean_path(root_path);
  return clean == ".." || clean.starts_with("../");
}

void read_path(RepoSpec& spec, std::string_view path) {
  const Split parts = split_path(path, spec.host == kFile);
  if (parts.end == 0) throw make_error(ErrorKind::input, "failed to parse repo path segment");
  spec.repo_path = path.substr(0, parts.end);
  std::string_view root = path.substr(parts.next);
  if (root.starts_with('/')) root.remove_prefix(1);
  if (leaves_repository(root)) throw make_error(ErrorKind::input, "url path exits repo: {}", path);
  spec.root_path = root;
}

}  // namespace

bool has_forced_git_prefix(std::string_view url) { return starts_with_ignoring_case(url, kGitPrefix); }

RepoSpec parse_repo_spec(std::string_view url) {
  if (url.starts_with('/')) throw make_error(ErrorKind::input, "uri looks like abs path: {}", url);
  RepoSpec spec;
  spec.raw = url;
  const auto question = url.find('?');
  if (question != std::string_view::npos) read_query(spec, url.substr(question + 1));
  read_path(spec, take_host(spec, url.substr(0, question)));
  return spec;
}

std::optional<RepoSpec> find_repo_spec(std::string_view url) {
  try {
    return parse_repo_spec(url);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool is_http_url(std::string_view path) {
  const bool http = starts_with_ignoring_case(path, "http:");
  if (!http && !starts_with_ignoring_case(path, "https:")) return false;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(path.begin(), path.end(), is_control)) return false;
  // A query may hold anything, a fragment no bad escapes.
  const auto hash = path.find('#');
  if (hash != std::string_view::npos && has_bad_escape(path.substr(hash + 1))) return false;
  std::string_view rest = path.substr(0, hash);
  rest = rest.substr(rest.find(':') + 1);
  rest = rest.substr(0, rest.find('?'));
  if (!rest.starts_with("//")) return !rest.starts_with('/') || !has_bad_escape(rest);
  rest.remove_prefix(2);
  if (has_bad_escape(rest)) return false;
  const std::string_view authority = rest.substr(0, rest.find('/'));
  const std::string_view host = authority.substr(authority.rfind('@') + 1);
  if (host.find_first_of(" \"<>\\^`{|}") != std::string_view::npos) return false;
  const auto colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos) return true;
  const std::string_view port = host.substr(colon + 1);
  return std::all_of(port.begin(), port.end(), is_digit);
}

}  // namespace kfrun::kustomize
