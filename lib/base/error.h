// Errors that carry a kind, a place, the chain of what was being done, and what to do about it.
//
// Expected outcomes (an HTTP status, a task's state, a cache miss) are values and never thrown. What is thrown is Error; it
// is caught at main, at the engine's step boundary, and inside C callbacks (where it is stored and rethrown afterwards).
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

namespace kfrun {

// What went wrong, in classes that decide the exit code (cli/exit_code.h).
enum class ErrorKind {
  usage,        // the command line
  input,        // the user's files
  not_found,    // a named thing does not exist
  conflict,     // somebody else changed or owns it
  denied,       // not authenticated or not authorised
  unreachable,  // no answer from a server
  timed_out,
  failed,       // the work itself failed (a run, a child process)
  unsupported,  // understood, but cannot be served
  internal,     // a bug in kfrun
};

// The word for a kind in messages and JSON output, e.g. "not found".
std::string_view to_string(ErrorKind kind);

// A place in an input. Lines and columns count from 1; 0 means unknown. `path` is the place inside the document, such as
// "tasks.train.with". A default-made Place is "nowhere".
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  std::string path;

  bool known() const { return !file.empty() || line > 0 || !path.empty(); }
  bool operator==(const Place&) const = default;
};

// "overlays/prod/kustomization.yaml:12:3", with " (path)" behind it when there is a path; "" when unknown.
std::string to_string(const Place& place);

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message, Place place = {})
      : kind_(kind), message_(std::move(message)), place_(std::move(place)) {}

  ErrorKind kind() const { return kind_; }
  // The fault itself, without place and contexts.
  const std::string& message() const { return message_; }
  const Place& place() const { return place_; }
  // What was being done, outermost first.
  const std::vector<std::string>& contexts() const { return contexts_; }
  const std::vector<std::string>& hints() const { return hints_; }
  // Contexts and message joined with ": ", outermost first; no place, no hints.
  const char* what() const noexcept override { return full_.empty() ? message_.c_str() : full_.c_str(); }

  // Adds an outer context: `error.within("reading overlays/prod")`.
  Error& within(std::string context);
  Error& hint(std::string text);
  // Sets the place if none is known yet.
  Error& at(Place place);

 private:
  ErrorKind kind_;
  std::string message_;
  Place place_;
  std::vector<std::string> contexts_;
  std::vector<std::string> hints_;
  std::string full_;
};

// Shorthands: throw usage_error("unknown verb '{}'", verb).
template <typename... Args>
Error usage_error(fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorKind::usage, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Error input_error(Place place, fmt::format_string<Args...> format, Args&&... args) {
  return Error(ErrorKind::input, fmt::format(format, std::forward<Args>(args)...), std::move(place));
}
template <typename... Args>
Error make_error(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Error(kind, fmt::format(format, std::forward<Args>(args)...));
}

// Runs `body`; an Error that leaves it gets `context` as its outermost context.
template <typename Body>
auto within(std::string context, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (Error& error) {
    error.within(std::move(context));
    throw;
  }
}

enum class Severity { error, warning, note };

// One fault of several that are shown together (lint, compile, apply of many objects).
struct Diagnostic {
  Severity severity = Severity::error;
  Place place;
  std::string message;
  std::vector<std::string> hints;
  bool operator==(const Diagnostic&) const = default;
};
using Diagnostics = std::vector<Diagnostic>;

bool has_errors(const Diagnostics& diagnostics);

// "error: file:1:2: message\n  hint: text\n", the form that every verb prints on stderr.
std::string to_string(const Diagnostic& diagnostic);
Diagnostic to_diagnostic(const Error& error);

// Stops with exit code 70 and "this is a bug in kfrun" when an invariant does not hold. Never reachable from input.
[[noreturn]] void report_broken_invariant(const char* condition, const char* file, int line);
#define KFRUN_CHECK(condition) ((condition) ? void(0) : ::kfrun::report_broken_invariant(#condition, __FILE__, __LINE__))

}  // namespace kfrun
