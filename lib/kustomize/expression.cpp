#include "kustomize/expression.h"

#include "base/error.h"

namespace kfrun::kustomize {

namespace {

// The fault in the words of Go's regexp package, which is RE2's sibling.
std::string_view go_words(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    default:
      return "unexpected )";
  }
}

}  // namespace

std::unique_ptr<RE2> compile_expression(const std::string& text) {
  RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_unique<RE2>(text, options);
  if (!compiled->ok()) {
    throw input_error({}, "error parsing regexp: {}: `{}`", go_words(compiled->error_code()), compiled->error_arg());
  }
  return compiled;
}

}  // namespace kfrun::kustomize
