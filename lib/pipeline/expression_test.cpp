#include "pipeline/expression.h"

#include <random>

#include "base/test.h"
#include "document/reader.h"
#include "document/writer.h"
#include "pipeline/expression_places.h"

namespace kfrun::pipeline {
namespace {

Expression parsed(const std::string& text) { return parse_expression(text, Dialect::native, Place{"f", 1, 1, ""}); }

std::optional<Value> look_up(std::string_view name) {
  static const Value all = document::read_json(
      R"({"x": 3, "y": 2.5, "s": "text", "l": [1, 2, 3], "m": {"a": 1, "b": {"c": "deep"}}, "none": null, "yes": true, "a-b": 7,
          "art": {"$artifact": "file:///a", "type": "system.Model", "metadata": {"k": 1}}, "scores": [0.5, null, 0.9, 0.7]})",
      "");
  const Value* found = all.find(name);
  return found ? std::optional<Value>(*found) : std::nullopt;
}

// The value as JSON, or the fault with its column.
std::string value_of(const std::string& text) {
  try {
    return document::write_json(evaluate(parsed(text), look_up));
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::input);
    return fmt::format("{}: {}", error.place().column, error.what());
  }
}

struct Row {
  const char* text;
  const char* expected;
};

TEST_CASE("expressions have the values expected") {
  const Row row = GENERATE(values<Row>({
      {"1 + 2 * 3", "7"},
      {"(1 + 2) * 3", "9"},
      {"2 - 3 - 4", "-5"},
      {"7 / 2", "3.5"},
      {"6 / 2", "3"},
      {"7 % 3", "1"},
      {"-7 % 3", "2"},
      {"7 % -3", "-2"},
      {"-7.5 % 2", "0.5"},
      {"--2", "2"},
      {"1.5e3", "1500"},
      {"0.1 + 0.2", "0.30000000000000004"},
      {"9223372036854775807", "9223372036854775807"},
      {"'a' + \"b\"", "\"ab\""},
      {R"('it\'s \u00e9 \ud83d\ude00\n')", "\"it's \xC3\xA9 \xF0\x9F\x98\x80\\n\""},
      {"[1, 2] + l", "[1,2,1,2,3]"},
      {"x > 2 and not (y >= 3) or false", "true"},
      {"not x == 3", "false"},
      {"!yes || yes && x != 3", "false"},
      {"false and nothing", "false"},
      {"true or nothing", "true"},
      {"x == 3.0", "true"},
      {"'3' == x", "false"},
      {"l == [1, 2.0, 3]", "true"},
      {"{a: 1, b: 2} == {b: 2, a: 1}", "true"},
      {"2 in l and 5 not in l and 'ex' in s and 'a' in m", "true"},
      {"x > 2 ? 'big' : x > 1 ? 'middle' : 'small'", "\"big\""},
      {"l[0] + l[-1]", "4"},
      {"(m).b.c + m['b']['c']", "\"deepdeep\""},
      {"(art).uri", "\"file:///a\""},
      {"(art).metadata.k", "1"},
      {"a-b", "7"},
      {"x -1", "2"},
      {"[]", "[]"},
      {"{}", "{}"},
      {"[x, {k: [y]}]", "[3,{\"k\":[2.5]}]"},
      {"null", "null"},
      {"concat(s, '-', x, l, none, yes, art)", "\"text-3[1,2,3]truefile:///a\""},
      {"'a' < 'b'", "true"},
  }));
  INFO(row.text);
  CHECK(value_of(row.text) == row.expected);
}

TEST_CASE("functions have the values expected") {
  const Row row = GENERATE(values<Row>({
      {"len(l) + len(m) + len('\xC3\xA9t')", "7"},
      {"[min(l), max(l), max(1, 2.5), min(scores), max('a', 'b')]", "[1,3,2.5,0.5,\"b\"]"},
      {"[argmax(scores), argmin(scores), argmax([1, 1])]", "[2,0,0]"},
      {"[sum(l), sum([0.5, null]), sum([])]", "[6,0.5,0]"},
      {"sorted([3, 1.5, 2])", "[1.5,2,3]"},
      {"range(3) + range(2, 4) + range(3, 0, -2)", "[0,1,2,2,3,3,1]"},
      {"zip(l, ['a', 'b'])", "[[1,\"a\"],[2,\"b\"]]"},
      {"flatten([[1], [], [2, [3]]])", "[1,2,[3]]"},
      {"[keys(m), values({a: 1})]", "[[\"a\",\"b\"],[1]]"},
      {"contains(l, 2)", "true"},
      {"[join(l), join(l, ', '), split('a,b,,', ',')]", R"(["123","1, 2, 3",["a","b","",""]])"},
      {"[starts_with(s, 'te'), ends_with(s, 'te')]", "[true,false]"},
      {"[lower('AbC'), upper('AbC'), trim('  a '), replace('aXbX', 'X', '--')]", R"(["abc","ABC","a","a--b--"])"},
      {"[string(1.0), int('12'), int(-2.7), int(true), float('1e2')]", R"(["1",12,-2,1,100])"},
      {"[round(2.5), round(-2.5), round(1.2345, 2), floor(-1.5), ceil(1.2), abs(-3), abs(-1.5)]", "[3,-3,1.23,-2,2,3,1.5]"},
      {"[to_json(m), from_json('[1, {\"a\": null}]')]", R"(["{\"a\":1,\"b\":{\"c\":\"deep\"}}",[1,{"a":null}]])"},
      {"[default(nothing, 1), default(none, 2), default(x, 3), default(nothing + 1, 4)]", "[1,2,3,4]"},
  }));
  INFO(row.text);
  CHECK(value_of(row.text) == row.expected);
}

TEST_CASE("faults of values are told at their operator") {
  const Row row = GENERATE(values<Row>({
      {"1 + 'a'", "3: cannot calculate with an integer and a string"},
      {"x / (y - 2.5)", "3: division by zero"},
      {"x % 0", "3: division by zero"},
      {"9223372036854775807 + 1", "21: the result does not fit into 64 bits"},
      {"-(-9223372036854775807 - 1)", "1: the result does not fit into 64 bits"},
      {"1e308 * 10", "7: the result is not a finite number"},
      {"nothing", "1: 'nothing' has no value"},
      {"x and true", "1: 'x' is an integer where true or false is expected"},
      {"x < s", "3: cannot compare an integer with a string"},
      {"l[3]", "2: index 3 is outside of a list of 3"},
      {"l['a']", "2: a list is indexed by an integer, not by a string"},
      {"(m).z", "4: there is no member 'z' here"},
      {"(x).z", "4: an integer has no members"},
      {"(art).size", "6: an artifact has uri, type, digest and metadata, but no 'size'"},
      {"1 in x", "3: cannot look for an integer in an integer"},
      {"default(x + s, 1)", "11: cannot calculate with an integer and a string"},
      {"max([])", "1: max() of nothing: the list is empty or has only nulls"},
      {"int('a')", "1: int() cannot read an integer from 'a'"},
      {"range(1000000000)", "1: this list grows longer than 100000 items"},
      {"split(s, '')", "1: split() needs a separator that is not empty"},
  }));
  INFO(row.text);
  CHECK(value_of(row.text) == row.expected);
}

TEST_CASE("faults of syntax are told where they are") {
  const Row row = GENERATE(values<Row>({
      {"", "1: the expression ends where a value is expected"},
      {"1 +", "4: the expression ends where a value is expected"},
      {"(1", "3: the expression ends where ')' is expected"},
      {"1 2", "3: found '2' where an operator or the end is expected"},
      {"a = 1", "3: found '=' where an operator or the end is expected"},
      {"'abc", "1: this string has no closing '"},
      {R"('\q')", "2: unknown escape '\\q' in a string; a backslash itself is written '\\\\'"},
      {R"('\ud800')", "2: this is half of a UTF-16 surrogate pair"},
      {"1x", "1: '1x' is no number and no name"},
      {"99999999999999999999", "1: 99999999999999999999 does not fit into 64 bits"},
      {"1e999", "1: 1e999 is too large for a number"},
      {"lenn(x)", "1: unknown function 'lenn'"},
      {"len()", "1: len() takes 1 operands, not 0"},
      {"range(1, 2, 3, 4)", "1: range() takes 1 to 3 operands, not 4"},
      {"a not b", "7: found 'b' where 'in' is expected"},
      {"x ? 1", "6: the expression ends where ':' is expected"},
      {"{1: 2}", "2: found '1' where a key is expected"},
      {"a.", "3: the expression ends where a name is expected"},
      {"\xC3\xA9", "1: found '\xC3\xA9' where a value is expected"},
  }));
  INFO(row.text);
  CHECK(value_of(row.text) == row.expected);
}

TEST_CASE("too deep a tree is refused") {
  CHECK_THROWS_AS(parsed(std::string(300, '(') + "1" + std::string(300, ')')), Error);
  CHECK_THROWS_AS(parsed(std::string(300, '-') + "x"), Error);
  std::string chain = "x";
  for (int i = 0; i < 300; ++i) chain += " + x";
  CHECK_THROWS_AS(parsed(chain), Error);
}

TEST_CASE("conditions are true or false") {
  CHECK(evaluate_condition(parsed("x == 3"), look_up));
  CHECK_THROWS_AS(evaluate_condition(parsed("x"), look_up), Error);
}

TEST_CASE("templates keep the type of a lone expression and join the others") {
  const auto value = [](const std::string& text) {
    return document::write_json(evaluate(parse_template(text, Dialect::native, Place{}), look_up));
  };
  CHECK(value("${{ l }}") == "[1,2,3]");
  CHECK(value("${{x}}") == "3");
  CHECK(value(" ${{ x }}") == "\" 3\"");
  CHECK(value("${{ x }}${{ y }}") == "\"32.5\"");
  CHECK(value("--m=${{ {a: {b: 1}} }}!") == "\"--m={\\\"a\\\":{\\\"b\\\":1}}!\"");
  CHECK(value("$${{ x }}") == "\"${{ x }}\"");
  CHECK(value("$x $$ ${x} {{ x }}") == "\"$x $$ ${x} {{ x }}\"");
  CHECK(value("${{ '}}' }}") == "\"}}\"");
  CHECK(value("") == "\"\"");
  for (const char* wrong : {"${{ x", "${{ }}", "${{ x } }}", "a ${{ x ${{ y }} }}"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_template(wrong, Dialect::native, Place{}), Error);
  }
}

TEST_CASE("names are found once each and can be replaced") {
  const auto expression = parsed("tasks.a.outputs.b + params.x[params.y] * tasks.a.outputs.b");
  CHECK(references(expression) == std::vector<std::string>{"tasks.a.outputs.b", "params.x", "params.y"});
  const auto renamed = rename(expression, [](std::string_view name) {
    return name == "params.x" ? std::optional<std::string>("inputs.x") : std::nullopt;
  });
  CHECK(to_string(renamed) == "tasks.a.outputs.b + inputs.x[params.y] * tasks.a.outputs.b");
}

// Random trees, as a front end may build them.
class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  Expression make(int depth) {
    const int kind = pick(depth > 0 ? 14 : 2);
    if (kind == 0) return Expression::constant(literal());
    if (kind == 1) return Expression::reference(name());
    Expression made;
    const auto operands = [&](int count) {
      for (int i = 0; i < count; ++i) made.operands.push_back(make(depth - 1));
    };
    static constexpr Operator kBinary[] = {
        Operator::logical_and, Operator::logical_or, Operator::equal,         Operator::not_equal, Operator::less,
        Operator::less_equal,  Operator::greater,    Operator::greater_equal, Operator::contains,  Operator::add,
        Operator::subtract,    Operator::multiply,   Operator::divide,        Operator::modulo};
    if (kind < 7) {
      made.op = kBinary[pick(14)];
      operands(2);
    } else if (kind == 7) {
      made.op = Operator::concat;
      operands(pick(4));
    } else if (kind == 8) {
      made.op = Operator::call;
      made.text = pick(2) ? "len" : "max";
      operands(made.text == "len" ? 1 : 1 + pick(3));
    } else if (kind == 9) {
      made.op = Operator::index;
      operands(2);
    } else if (kind == 10) {
      made.op = Operator::member;
      made.text = "uri";
      operands(1);
    } else if (kind == 11) {
      made.op = Operator::conditional;
      operands(3);
    } else if (kind == 12) {
      made.op = pick(2) ? Operator::logical_not : Operator::negate;
      operands(1);
    } else {
      made.op = Operator::list;
      operands(1 + pick(3));
      made = fold_constant(std::move(made));
    }
    return made;
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string name() { return pick(2) ? "params.x" : pick(2) ? "tasks.a-b.outputs.c" : "loop.index"; }
  Value literal() {
    switch (pick(7)) {
      case 0:
        return Value::null();
      case 1:
        return Value::boolean(pick(2) == 1);
      case 2:
        return Value::integer(pick(100) - 50);
      case 3:
        return Value::number(pick(100) / 8.0 - 5);
      case 4:
        return Value::string(pick(2) ? "a ${{ b }} $" : "\"q\" \\ \n'");
      case 5:
        return Value::string("");
      default:
        return Value::sequence({Value::integer(1), Value::mapping({{"k", Value::string("v")}})});
    }
  }

  std::mt19937 random_;
};

TEST_CASE("what is printed is read back as the same tree") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const Expression made = Maker(seed).make(4);
    INFO(seed << ": " << to_string(made));
    CHECK(parsed(to_string(made)) == made);
    INFO(to_template(made));
    CHECK(parse_template(to_template(made), Dialect::native, Place{}) == made);
  }
}

TEST_CASE("values have a text") {
  CHECK(to_text(Value::number(1.0)) == "1");
  CHECK(to_text(Value::number(0.00001)) == "0.00001");
  CHECK(to_text(Value::null()) == "");
  CHECK(to_text(Value::string("a b")) == "a b");
  CHECK(to_text(document::read_json(R"([1, "a", null])", "")) == R"([1,"a",null])");
  const Artifact artifact{"s3://b/k", "system.Model", "00ff", {}};
  const auto read = as_artifact(make_artifact(artifact));
  REQUIRE(read);
  CHECK(read->uri == artifact.uri);
  CHECK(read->type == artifact.type);
  CHECK(read->digest == artifact.digest);
  CHECK_FALSE(as_artifact(document::read_json(R"({"uri": "s3://b/k"})", "")));
}

}  // namespace
}  // namespace kfrun::pipeline
