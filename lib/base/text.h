// Small text work that more than one room needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kfrun {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
// Without leading and trailing blanks (space, tab, CR, LF).
std::string_view trim(std::string_view text);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
std::string to_lower(std::string_view ascii);

// The candidate nearest to `word` by Damerau-Levenshtein distance, if near enough to be a slip of the finger (at most a
// third of the length, at least 1); nothing otherwise. For "did you mean" hints.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

// The same for names of files: their stems must be near, and their extensions at most a letter apart. "c.yaml" is not near
// "d.yaml".
std::optional<std::string> nearest_file(std::string_view name, const std::vector<std::string>& candidates);

// Whether `text` is well-formed UTF-8 (no surrogates, no overlong forms), as Go's utf8.Valid decides.
bool is_valid_utf8(std::string_view text);

// Each byte that belongs to no well-formed character becomes U+FFFD, as in Go's encoding/json.
std::string valid_utf8(std::string bytes);

// The last line of a log that says something, for messages: at most `most` bytes, control characters as blanks.
std::string last_line(std::string_view text, std::size_t most = 200);

// `text` for a POSIX shell: as it is when it needs no quotes, else in single quotes.
std::string shell_quote(std::string_view text);

// A whole decimal integer, nothing around it; nothing when it is not one or does not fit.
std::optional<long long> parse_integer(std::string_view text);

}  // namespace kfrun
