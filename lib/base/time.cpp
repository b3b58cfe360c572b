#include "base/time.h"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "base/text.h"

namespace kfrun {

namespace {

std::optional<double> unit_seconds(std::string_view unit) {
  if (unit == "ns") return 1e-9;
  if (unit == "us" || unit == "µs" || unit == "μs") return 1e-6;
  if (unit == "ms") return 1e-3;
  if (unit == "s") return 1;
  if (unit == "m") return 60;
  if (unit == "h") return 3600;
  return std::nullopt;
}

class SystemClock : public Clock {
 public:
  TimePoint now() override { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }
};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    const auto digits = text.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    const std::string number(text.substr(0, digits));
    if (number == "." || number.find('.') != number.rfind('.')) return std::nullopt;
    text.remove_prefix(digits);
    const auto unit = unit_seconds(text.substr(0, text.find_first_of("0123456789.")));
    if (!unit) return std::nullopt;
    seconds += std::strtod(number.c_str(), nullptr) * *unit;
    text.remove_prefix(std::min(text.size(), text.find_first_of("0123456789.")));
  }
  if (seconds > 9.2e9) return std::nullopt;
  return Duration(static_cast<long long>(std::llround((negative ? -seconds : seconds) * 1e9)));
}

std::string to_string(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  if (seconds < 0) return "-" + to_string(-duration);
  if (seconds < 9.95) return fmt::format("{:.1f}s", seconds);
  const auto whole = static_cast<long long>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
}

std::string to_rfc3339(TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto rest = (time - day).count();
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), rest / 3600000, rest / 60000 % 60, rest / 1000 % 60);
  if (rest % 1000 != 0) text += fmt::format(".{:03}", rest % 1000);
  return text + "Z";
}

std::optional<TimePoint> parse_rfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  constexpr std::array<std::array<std::size_t, 2>, 6> fields{{{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}}};
  std::array<int, 6> values{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto number = parse_integer(text.substr(fields[i][0], fields[i][1]));
    if (!number || *number < 0) return std::nullopt;
    values[i] = static_cast<int>(*number);
  }
  const std::chrono::year_month_day date{std::chrono::year(values[0]), std::chrono::month(static_cast<unsigned>(values[1])),
                                         std::chrono::day(static_cast<unsigned>(values[2]))};
  if (!date.ok() || values[3] > 23 || values[4] > 59 || values[5] > 60) return std::nullopt;
  TimePoint time = std::chrono::sys_days(date);
  time += std::chrono::hours(values[3]) + std::chrono::minutes(values[4]) + std::chrono::seconds(values[5]);
  auto rest = text.substr(19);
  if (rest.front() == '.') {
    const auto end = rest.find_first_not_of("0123456789", 1);
    if (end == std::string_view::npos || end == 1) return std::nullopt;
    time += std::chrono::milliseconds(
        std::lround(std::floor(std::strtod(("0" + std::string(rest.substr(0, end))).c_str(), nullptr) * 1000)));
    rest.remove_prefix(end);
  }
  if (rest == "Z" || rest == "z") return time;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return std::nullopt;
  const auto hours = parse_integer(rest.substr(1, 2));
  const auto minutes = parse_integer(rest.substr(4, 2));
  if (!hours || !minutes) return std::nullopt;
  const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return rest[0] == '+' ? time - offset : time + offset;
}

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace kfrun
