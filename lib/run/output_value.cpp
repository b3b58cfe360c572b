#include "run/output_value.h"

#include <charconv>
#include <cmath>

#include "base/text.h"
#include "document/reader.h"

namespace kfrun::run {

namespace {

using pipeline::TypeKind;

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 60;
  if (text.empty()) return "nothing";
  std::string line(text.substr(0, text.find('\n')));
  const bool cut = line.size() > kMost || line.size() < text.size();
  line.resize(std::min(line.size(), kMost));
  while (!is_valid_utf8(line)) line.pop_back();
  return fmt::format("'{}{}'", line, cut ? "..." : "");
}

Error mismatch(const pipeline::Output& output, std::string_view expected, std::string_view text) {
  return input_error({}, "output {}: expected {}, found {}", output.name, expected, shown(text));
}

Value read_number(const pipeline::Output& output, std::string_view text) {
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  double number = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (fault != std::errc() || end != digits.data() + digits.size() || !std::isfinite(number)) {
    throw mismatch(output, "a number", text);
  }
  return Value::number(number);
}

Value read_boolean(const pipeline::Output& output, std::string_view text) {
  for (const auto word : {"true", "True", "TRUE"}) {
    if (text == word) return Value::boolean(true);
  }
  for (const auto word : {"false", "False", "FALSE"}) {
    if (text == word) return Value::boolean(false);
  }
  throw mismatch(output, "true or false", text);
}

Value read_collection(const pipeline::Output& output, std::string_view text) {
  const bool list = output.type.kind == TypeKind::list;
  std::optional<Value> value;
  try {
    value = document::read_json(text, output.name);
  } catch (const Error&) {
    value.reset();
  }
  if (value && (list ? value->is_sequence() : value->is_mapping())) return std::move(*value);
  Error error = mismatch(output, list ? "a list as JSON" : "a mapping as JSON", text);
  if (!value) error.hint("Python writes JSON with json.dumps()");
  throw error;
}

Value read_any(std::string_view text) {
  try {
    return document::read_json(text, "output");
  } catch (const Error&) {
    return Value::string(std::string(text));
  }
}

}  // namespace

Value parse_output(const pipeline::Output& output, std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (!is_valid_utf8(text)) {
    Error error = input_error({}, "output {}: what was written is no UTF-8 text", output.name);
    throw error.hint("declare it as an artifact: artifacts are kept byte by byte");
  }
  switch (output.type.kind) {
    case TypeKind::string:
      return Value::string(std::string(text));
    case TypeKind::integer: {
      const auto integer = parse_integer(trim(text));
      if (!integer) throw mismatch(output, "an integer", text);
      return Value::integer(*integer);
    }
    case TypeKind::number:
      return read_number(output, trim(text));
    case TypeKind::boolean:
      return read_boolean(output, trim(text));
    case TypeKind::list:
    case TypeKind::mapping:
      return read_collection(output, text);
    case TypeKind::any:
      return read_any(text);
    case TypeKind::artifact:
    case TypeKind::artifact_list:
      break;
  }
  throw make_error(ErrorKind::internal, "output {}: artifacts are not read as text", output.name);
}

}  // namespace kfrun::run
