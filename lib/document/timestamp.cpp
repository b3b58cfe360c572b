#include "document/timestamp.h"

#include <fmt/format.h>

namespace kfrun::document {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes what it reads off the front of the text, as Go's time.Parse does.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // A number of `least` to `most` digits.
  bool number(std::size_t least, std::size_t most, int& value) {
    std::size_t length = 0;
    value = 0;
    while (length < text_.size() && length < most && is_digit(text_[length])) value = value * 10 + (text_[length++] - '0');
    text_.remove_prefix(length);
    return length >= least;
  }
  // ".120" or ",12": the digits without their last zeros, nine at most.
  std::string fraction() {
    std::string digits;
    if (text_.size() < 2 || (text_[0] != '.' && text_[0] != ',') || !is_digit(text_[1])) return digits;
    text_.remove_prefix(1);
    for (; !text_.empty() && is_digit(text_[0]); text_.remove_prefix(1)) {
      if (digits.size() < 9) digits += text_[0];
    }
    while (digits.ends_with('0')) digits.pop_back();
    return digits;
  }
  // 'Z' or +hh:mm, in minutes.
  bool zone(int& offset) {
    if (take('Z')) return true;
    const bool negative = take('-');
    if (!negative && !take('+')) return false;
    int hours = 0, minutes = 0;
    if (!number(2, 2, hours) || !take(':') || !number(2, 2, minutes) || hours > 24 || minutes > 60) return false;
    offset = (hours * 60 + minutes) * (negative ? -1 : 1);
    return true;
  }

 private:
  std::string_view text_;
};

int days_in(int year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

}  // namespace

std::optional<std::string> json_timestamp(std::string_view text) {
  if (text.size() < 8 || text[4] != '-') return std::nullopt;
  Scanner scanner(text);
  int year = 0, month = 0, day = 0;
  if (!scanner.number(4, 4, year) || !scanner.take('-') || !scanner.number(1, 2, month) || !scanner.take('-'))
    return std::nullopt;
  if (!scanner.number(1, 2, day) || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return std::nullopt;
  const std::string date = fmt::format("{:04}-{:02}-{:02}", year, month, day);
  if (scanner.at_end()) return date + "T00:00:00Z";

  const bool has_zone = scanner.take('T') || scanner.take('t');
  if (!has_zone && !scanner.take(' ')) return std::nullopt;
  int hour = 0, minute = 0, second = 0, offset = 0;
  if (!scanner.number(1, 2, hour) || !scanner.take(':') || !scanner.number(1, 2, minute) || !scanner.take(':'))
    return std::nullopt;
  if (!scanner.number(1, 2, second) || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::string fraction = scanner.fraction();
  if ((has_zone && !scanner.zone(offset)) || !scanner.at_end()) return std::nullopt;
  std::string time = fmt::format("{}T{:02}:{:02}:{:02}", date, hour, minute, second);
  if (!fraction.empty()) time += "." + fraction;
  if (offset == 0) return time + "Z";
  const int distance = offset < 0 ? -offset : offset;
  return fmt::format("{}{}{:02}:{:02}", time, offset < 0 ? '-' : '+', distance / 60, distance % 60);
}

}  // namespace kfrun::document
