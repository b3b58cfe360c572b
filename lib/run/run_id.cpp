#include "run/run_id.h"

#include <algorithm>

#include "base/digest.h"

namespace kfrun::run {

namespace {

// Crockford's 32: no letters that look alike, and they sort as they count.
constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr auto kEpoch = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);  // six letters of seconds reach to 2054
constexpr std::size_t kMaxName = 18, kTimeLetters = 6, kRandomLetters = 5;

// Lower-case letters and digits, single hyphens between them.
std::string label_of(std::string_view name) {
  std::string label;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      label += lower;
    } else if (!label.empty() && label.back() != '-') {
      label += '-';
    }
  }
  label.resize(std::min(label.size(), kMaxName));
  while (label.ends_with('-')) label.pop_back();
  return label.empty() ? "run" : label;
}

std::string letters_of(std::uint64_t number, std::size_t count) {
  std::string text(count, kLetters[0]);
  for (auto letter = text.rbegin(); letter != text.rend(); ++letter, number /= kLetters.size()) {
    *letter = kLetters[number % kLetters.size()];
  }
  return text;
}

}  // namespace

std::string make_run_id(std::string_view name, TimePoint created) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(created - kEpoch).count();
  std::uint64_t chance = 0;
  for (const char byte : random_bytes(4)) chance = chance << 8 | static_cast<unsigned char>(byte);
  return label_of(name) + "-" + letters_of(static_cast<std::uint64_t>(std::max<long long>(seconds, 0)), kTimeLetters) +
         letters_of(chance, kRandomLetters);
}

}  // namespace kfrun::run
