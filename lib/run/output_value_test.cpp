#include "run/output_value.h"

#include "base/test.h"

namespace kfrun::run {

namespace {

using pipeline::TypeKind;

Value parsed(TypeKind kind, std::string_view text) {
  pipeline::Output output;
  output.name = "o";
  output.type.kind = kind;
  return parse_output(output, text);
}

std::string fault(TypeKind kind, std::string_view text) {
  try {
    parsed(kind, text);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a string output loses one trailing newline and nothing else") {
  CHECK(parsed(TypeKind::string, "hello\n") == Value::string("hello"));
  CHECK(parsed(TypeKind::string, "hello\r\n") == Value::string("hello"));
  CHECK(parsed(TypeKind::string, " a\n\n") == Value::string(" a\n"));
  CHECK(parsed(TypeKind::string, "42") == Value::string("42"));
  CHECK(parsed(TypeKind::string, "") == Value::string(""));
  CHECK(fault(TypeKind::string, "\xFF\xFE") == "output o: what was written is no UTF-8 text");
}

TEST_CASE("numbers and booleans are read as programs write them") {
  CHECK(parsed(TypeKind::integer, " 1797\n") == Value::integer(1797));
  CHECK(parsed(TypeKind::integer, "-3") == Value::integer(-3));
  CHECK(parsed(TypeKind::number, "0.97\n").as_number() == 0.97);
  CHECK(parsed(TypeKind::number, "1e-3").as_number() == 0.001);
  CHECK(parsed(TypeKind::number, "12").as_number() == 12.0);
  CHECK(parsed(TypeKind::boolean, "True\n") == Value::boolean(true));
  CHECK(parsed(TypeKind::boolean, "false") == Value::boolean(false));
}

TEST_CASE("lists and mappings are JSON, any is JSON or a string") {
  CHECK(parsed(TypeKind::list, "[1, 2]\n") == Value::sequence({Value::integer(1), Value::integer(2)}));
  CHECK(parsed(TypeKind::mapping, R"({"a": true})") == Value::mapping({{"a", Value::boolean(true)}}));
  CHECK(parsed(TypeKind::any, "7") == Value::integer(7));
  CHECK(parsed(TypeKind::any, "seven\n") == Value::string("seven"));
}

TEST_CASE("a wrong output says what was found and what was expected") {
  CHECK(fault(TypeKind::integer, "3.5") == "output o: expected an integer, found '3.5'");
  CHECK(fault(TypeKind::integer, "") == "output o: expected an integer, found nothing");
  CHECK(fault(TypeKind::number, "nan") == "output o: expected a number, found 'nan'");
  CHECK(fault(TypeKind::number, "0.5 0.6") == "output o: expected a number, found '0.5 0.6'");
  CHECK(fault(TypeKind::boolean, "yes") == "output o: expected true or false, found 'yes'");
  CHECK(fault(TypeKind::list, "['a']") == "output o: expected a list as JSON, found '['a']'");
  CHECK(fault(TypeKind::mapping, "[1]") == "output o: expected a mapping as JSON, found '[1]'");
  CHECK(fault(TypeKind::integer, std::string(200, 'x')).size() < 120);
}

}  // namespace kfrun::run
