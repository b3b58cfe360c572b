#include "run/state.h"

#include <array>

namespace kfrun::run {

namespace {

constexpr std::array<std::string_view, 8> kStates{"pending", "running", "succeeded", "failed",
                                                  "cached",  "skipped", "omitted",   "stopped"};
constexpr std::array<std::string_view, 7> kFailureClasses{"none",       "user",          "infrastructure", "configuration",
                                                          "image_pull", "unschedulable", "stopped"};

template <typename Enum, std::size_t N>
std::optional<Enum> parse_word(const std::array<std::string_view, N>& words, std::string_view word) {
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] == word) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(State state) { return kStates[static_cast<std::size_t>(state)]; }
std::optional<State> parse_state(std::string_view word) { return parse_word<State>(kStates, word); }

bool is_success(State state) { return state == State::succeeded || state == State::cached; }
bool is_final(State state) { return state != State::pending && state != State::running; }

std::string_view to_string(FailureClass failure) { return kFailureClasses[static_cast<std::size_t>(failure)]; }
std::optional<FailureClass> parse_failure_class(std::string_view word) { return parse_word<FailureClass>(kFailureClasses, word); }

std::string to_string(const AttemptId& id) {
  return id.attempt == 0 ? id.instance : fmt::format("{} (attempt {})", id.instance, id.attempt + 1);
}

}  // namespace kfrun::run
