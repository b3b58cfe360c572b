#include "base/error.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace kfrun {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::input:
      return "input";
    case ErrorKind::not_found:
      return "not found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::denied:
      return "denied";
    case ErrorKind::unreachable:
      return "unreachable";
    case ErrorKind::timed_out:
      return "timed out";
    case ErrorKind::failed:
      return "failed";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

std::string to_string(const Place& place) {
  std::string text = place.file;
  if (place.line > 0) {
    text += fmt::format("{}{}", text.empty() ? "line " : ":", place.line);
    if (place.column > 0) text += fmt::format(":{}", place.column);
  }
  if (!place.path.empty()) text += text.empty() ? place.path : fmt::format(" ({})", place.path);
  return text;
}

Error& Error::within(std::string context) {
  full_ = fmt::format("{}: {}", context, what());
  contexts_.insert(contexts_.begin(), std::move(context));
  return *this;
}

Error& Error::hint(std::string text) {
  hints_.push_back(std::move(text));
  return *this;
}

Error& Error::at(Place place) {
  if (!place_.known()) place_ = std::move(place);
  return *this;
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::string to_string(const Diagnostic& diagnostic) {
  const char* word = diagnostic.severity == Severity::error     ? "error"
                     : diagnostic.severity == Severity::warning ? "warning"
                                                                : "note";
  std::string text = fmt::format("{}: ", word);
  if (diagnostic.place.known()) text += to_string(diagnostic.place) + ": ";
  text += diagnostic.message + "\n";
  for (const auto& hint : diagnostic.hints) text += fmt::format("  hint: {}\n", hint);
  return text;
}

Diagnostic to_diagnostic(const Error& error) { return {Severity::error, error.place(), error.what(), error.hints()}; }

void report_broken_invariant(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "internal error: %s does not hold at %s:%d; this is a bug in kfrun\n", condition, file, line);
  std::_Exit(70);
}

}  // namespace kfrun
