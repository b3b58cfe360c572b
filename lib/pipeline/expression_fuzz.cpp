// Any text as an expression and as a template: it is read, or an Error says where not. What was read prints as what reads
// back equal, and evaluating it gives a value or an Error.
#include <cstdint>
#include <string>

#include "document/writer.h"
#include "pipeline/expression.h"

using namespace kfrun;
using namespace kfrun::pipeline;

namespace {

std::optional<Value> look_up(std::string_view name) {
  if (name == "x") return Value::integer(3);
  if (name == "l") return Value::sequence({Value::integer(1), Value::string("a"), Value::null()});
  if (name == "m") return Value::mapping({{"a", Value::number(0.5)}});
  if (name == "art") return make_artifact({"s3://b/k", "system.Model", "", {}});
  return std::nullopt;
}

void try_evaluate(const Expression& expression) {
  try {
    to_text(evaluate(expression, look_up));
  } catch (const Error& error) {
    KFRUN_CHECK(error.kind() == ErrorKind::input);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Place place{"f", 1, 1, ""};
  try {
    const Expression read = parse_expression(text, Dialect::native, place);
    KFRUN_CHECK(parse_expression(to_string(read), Dialect::native, place) == read);
    try_evaluate(read);
  } catch (const Error& error) {
    KFRUN_CHECK(error.kind() == ErrorKind::input && error.place().line >= 1);
  }
  try {
    const Expression read = parse_template(text, Dialect::native, place);
    KFRUN_CHECK(parse_template(to_template(read), Dialect::native, place) == read);
    try_evaluate(read);
  } catch (const Error& error) {
    KFRUN_CHECK(error.kind() == ErrorKind::input && error.place().line >= 1);
  }
  return 0;
}
