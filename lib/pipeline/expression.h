// The one small expression tree that conditions, `${{ }}`, `when` and loops of all front ends compile to.
//
// Values are document nodes: parameters are typed scalars, lists and mappings; an artifact is the mapping make_artifact()
// gives. Evaluation is pure: what a name means comes from a Scope.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "document/node.h"

namespace kfrun::pipeline {

using Value = document::Node;

enum class Operator {
  literal,      // `literal`
  name,         // `text`: a dotted reference, e.g. "params.rate", "tasks.load.outputs.count", "inputs.data"
  list,         // operands are the items
  mapping,      // operands alternate: a literal string as key, its value
  concat,       // operands' texts joined: a string with ${{ }} inside
  call,         // function `text` of the operands
  index,        // operands[0][operands[1]]
  member,       // operands[0].text
  conditional,  // operands[0] ? operands[1] : operands[2]
  logical_not,
  negate,
  logical_and,
  logical_or,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  contains,  // operands[0] in operands[1]
  add,
  subtract,
  multiply,
  divide,
  modulo,
};

struct Expression {
  Operator op = Operator::literal;
  Value literal;
  std::string text;
  std::vector<Expression> operands;
  Place place;

  static Expression constant(Value value, Place place = {});
  static Expression reference(std::string name, Place place = {});
  bool is_constant() const { return op == Operator::literal; }
  // Same operators, texts, literals and operands; places do not count.
  bool operator==(const Expression& other) const;
};

// Which language an expression is written in. Each front end names its own; a dialect is a table in expression.cpp.
enum class Dialect { native, kfp, argo };

// One expression, as behind `when:`. Throws Error(input) at `place` moved to the column of the fault.
Expression parse_expression(std::string_view text, Dialect dialect, const Place& place);
// A string that may contain ${{ expression }}: a lone one keeps its type, mixed text becomes concat, none is a literal string.
// `$${{` stands for a literal `${{`.
Expression parse_template(std::string_view text, Dialect dialect, const Place& place);

// Every name an expression refers to, each once, in order of appearance.
std::vector<std::string> references(const Expression& expression);
// The expression with names replaced where `rename` gives another.
Expression rename(Expression expression, const std::function<std::optional<std::string>(std::string_view)>& rename);
// The template that parse_template() reads back as an equal tree: literal strings as they are, all else in ${{ }}.
std::string to_template(const Expression& expression);
// The printed form, fully parenthesised only where needed; parse_expression reads it back as an equal tree.
std::string to_string(const Expression& expression);

// What names mean: the value, or nothing when it is not (or not yet) there. A name with no value makes evaluate() throw.
using Scope = std::function<std::optional<Value>(std::string_view name)>;

// Throws Error(input) with the expression's place for a name without a value, operands of wrong types, division by zero.
Value evaluate(const Expression& expression, const Scope& scope);
// evaluate() to true or false; anything else is an Error(input).
bool evaluate_condition(const Expression& expression, const Scope& scope);

// The text a value has inside a command line: strings as they are, numbers and booleans in JSON's spelling, lists and
// mappings as JSON, null as "", artifacts as their path (see Artifact).
std::string to_text(const Value& value);

// An artifact handed from task to task: where its bytes are (a location in the run's artifact store, a path relative to it,
// or a foreign URI), of what type, with metadata. `digest` is the SHA-256 of its content, "" when unknown.
struct Artifact {
  std::string uri;
  std::string type;
  std::string digest;
  document::Node metadata;
  std::string name = {};  // the output that it was made as
};
Value make_artifact(const Artifact& artifact);
std::optional<Artifact> as_artifact(const Value& value);
// Whether it is an artifact, or a list with one in it.
bool holds_artifact(const Value& value);

}  // namespace kfrun::pipeline
