// Numbers as text, by the rules of Go's strconv, encoding/json and YAML libraries.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kfrun::document {

// The value of an integer in any spelling YAML readers accept: decimal, 0x1F, 0o17, 0644 (octal), 0b101, signs, underscores.
// Nothing when it does not fit 64 bits (signed) or is none.
std::optional<long long> integer_value(std::string_view text);
// The same from 0 to 2^64-1, without a sign.
std::optional<unsigned long long> unsigned_value(std::string_view text);
// The value of an integer or a float in any spelling YAML readers accept, .inf and .nan included.
std::optional<double> number_value(std::string_view text);
// Go's encoding/json: shortest digits; fixed notation for 1e-6 <= |x| < 1e21, else an exponent ("1e-7", "1e+21").
std::string json_number(double value);
// Go's strconv.FormatFloat(value, 'g', -1, 64) as yaml v2 prints floats: an exponent of two digits at least below 1e-4 and from
// 1e6 ("1.2345675e+06").
std::string go_shortest_number(double value);

}  // namespace kfrun::document
