// Dates as Go's YAML libraries recognise them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kfrun::document {

// What encoding/json prints for the time.Time that go-yaml reads from a plain scalar such as 2001-12-14,
// 2001-1-2t3:04:05.10-05:00 or "2001-12-14 21:59:43": "2001-12-14T00:00:00Z". Nothing when the text is no such date (13th month,
// 30th of February).
std::optional<std::string> json_timestamp(std::string_view text);

}  // namespace kfrun::document
