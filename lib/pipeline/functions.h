// The functions of expressions: one table, read by the parser (do they exist, how many operands), the type checks and the
// evaluator.
//
//   len(x)                    items of a list, members of a mapping, characters of a string
//   min(l) max(l)             of a list or of several operands; nulls do not count
//   argmin(l) argmax(l)       the index of the smallest or largest item, the first of equals; nulls do not count
//   sum(l)                    of a list of numbers; nulls do not count
//   sorted(l)                 numbers or strings in ascending order
//   range(n) range(a, b)      the integers 0..n-1 or a..b-1; range(a, b, step)
//   zip(l, m, ...)            lists of the items with the same index, as long as the shortest
//   flatten(l)                a list of lists as one list
//   keys(m) values(m)         of a mapping, in its order
//   contains(l, x)            as `x in l`
//   join(l) join(l, sep)      the items' texts
//   split(s, sep)             the parts of a string
//   starts_with ends_with     (s, part)
//   lower upper trim          (s)
//   replace(s, from, to)      every occurrence
//   string(x) int(x) float(x) conversions; int() of a number cuts its fraction off
//   round(x) round(x, digits) floor(x) ceil(x) abs(x)
//   to_json(x) from_json(s)
//   default(x, y)             y when x is null or has no value
//   compact(x)                a list or mapping without its nulls
//   splice(l)                 a list with the items of its lists in their place, without nulls
//   first(x)                  the first item of a list (null of an empty one), anything else as it is
//   spread(x)                 as a word of a command: each item of a list, nothing for null
//   json_list(x)              a list, or the one that a text holds as JSON
//   kfp_text(x)               the text that Kubeflow Pipelines makes of a value: numbers without exponents, sorted keys
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/dag.h"
#include "pipeline/expression.h"

namespace kfrun::pipeline {

struct Function {
  std::string_view name;
  int least, most;  // operands; most -1: any number
  TypeKind result;  // TypeKind::any when it depends on the operands
  // nullptr for `default`, which the evaluator treats itself.
  Value (*apply)(std::span<const Value> operands, const Place& place);
};

// nullptr when there is none of that name.
const Function* find_function(std::string_view name);
std::vector<std::string> function_names();
// Throws Error(input) at the call's place for an unknown function (with the nearest name) or a wrong number of operands.
void check_call(const Expression& call);

// Whether two values are the same: numbers by value, whatever their spelling; mappings whatever their order.
bool equal_values(const Value& a, const Value& b);
// Less than zero, zero or more; both numbers or both strings, else throws Error(input).
int compare_values(const Value& a, const Value& b, const Place& place);
// Whether `item` is in the list, is a part of the string, or is a key of the mapping.
bool contains_value(const Value& container, const Value& item, const Place& place);
// Throw Error(input) when an intermediate text (in bytes) or list is larger than any real one.
void check_size(std::size_t size, const Place& place);
void check_items(std::size_t count, const Place& place);

}  // namespace kfrun::pipeline
