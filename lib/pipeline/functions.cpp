#include "pipeline/functions.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "document/number.h"
#include "document/reader.h"
#include "document/writer.h"

namespace kfrun::pipeline {
namespace {

using Operands = std::span<const Value>;

constexpr std::size_t kMaxItems = 100'000;
constexpr std::size_t kMaxBytes = 16u << 20;

const std::string& text_operand(const Value& value, std::string_view function, const Place& place) {
  if (!value.is_string()) throw input_error(place, "{}() needs a string, not {}", function, value.type_name());
  return value.text();
}

const document::Sequence& list_operand(const Value& value, std::string_view function, const Place& place) {
  if (!value.is_sequence()) throw input_error(place, "{}() needs a list, not {}", function, value.type_name());
  return value.items();
}

const document::Mapping& mapping_operand(const Value& value, std::string_view function, const Place& place) {
  if (!value.is_mapping()) throw input_error(place, "{}() needs a mapping, not {}", function, value.type_name());
  return value.members();
}

long long integer_operand(const Value& value, std::string_view function, const Place& place) {
  const auto integer = value.as_integer();
  if (!integer) throw input_error(place, "{}() needs an integer, not {}", function, value.type_name());
  return *integer;
}

double number_operand(const Value& value, std::string_view function, const Place& place) {
  const auto number = value.as_number();
  if (!number) throw input_error(place, "{}() needs a number, not {}", function, value.type_name());
  return *number;
}

Value len(Operands operands, const Place& place) {
  const Value& value = operands[0];
  if (value.is_sequence() || value.is_mapping()) return Value::integer(static_cast<long long>(value.size()));
  const std::string& text = text_operand(value, "len", place);
  return Value::integer(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

// The index of the item that is before (sign -1) or behind (sign 1) all others; throws when there is none.
std::size_t extreme(Operands items, int sign, std::string_view function, const Place& place) {
  std::size_t best = items.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].is_null()) continue;
    if (best == items.size()) {
      compare_values(items[i], items[i], place);  // refuses a lone list or mapping, too
      best = i;
    } else if (compare_values(items[i], items[best], place) * sign > 0) {
      best = i;
    }
  }
  if (best == items.size()) throw input_error(place, "{}() of nothing: the list is empty or has only nulls", function);
  return best;
}

Value extreme_value(Operands operands, int sign, std::string_view function, const Place& place) {
  const Operands items = operands.size() == 1 ? Operands(list_operand(operands[0], function, place)) : operands;
  return items[extreme(items, sign, function, place)];
}

Value extreme_index(Operands operands, int sign, std::string_view function, const Place& place) {
  return Value::integer(static_cast<long long>(extreme(list_operand(operands[0], function, place), sign, function, place)));
}

Value min(Operands operands, const Place& place) { return extreme_value(operands, -1, "min", place); }
Value max(Operands operands, const Place& place) { return extreme_value(operands, 1, "max", place); }
Value argmin(Operands operands, const Place& place) { return extreme_index(operands, -1, "argmin", place); }
Value argmax(Operands operands, const Place& place) { return extreme_index(operands, 1, "argmax", place); }

Value sum(Operands operands, const Place& place) {
  long long whole = 0;
  double total = 0;
  bool integral = true;
  for (const auto& item : list_operand(operands[0], "sum", place)) {
    if (item.is_null()) continue;
    total += number_operand(item, "sum", place);
    const auto integer = item.as_integer();
    integral = integral && integer && !__builtin_add_overflow(whole, *integer, &whole);
  }
  return integral ? Value::integer(whole) : Value::number(total);
}

Value sorted(Operands operands, const Place& place) {
  document::Sequence items = list_operand(operands[0], "sorted", place);
  for (const auto& item : items) compare_values(items[0], item, place);  // all of one kind, so that the order is one
  std::stable_sort(items.begin(), items.end(), [&](const Value& a, const Value& b) { return compare_values(a, b, place) < 0; });
  return Value::sequence(std::move(items));
}

Value range(Operands operands, const Place& place) {
  const auto first = operands.size() > 1 ? integer_operand(operands[0], "range", place) : 0;
  const auto end = integer_operand(operands[operands.size() > 1 ? 1 : 0], "range", place);
  const auto step = operands.size() > 2 ? integer_operand(operands[2], "range", place) : 1;
  if (step == 0) throw input_error(place, "range() needs a step other than 0");
  Value list = Value::sequence();
  for (long long i = first; step > 0 ? i < end : i > end;) {
    list.push_back(Value::integer(i));
    check_items(list.size(), place);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return list;
}

Value zip(Operands operands, const Place& place) {
  std::size_t length = kMaxItems;
  for (const auto& list : operands) length = std::min(length, list_operand(list, "zip", place).size());
  Value rows = Value::sequence();
  for (std::size_t i = 0; i < length; ++i) {
    Value row = Value::sequence();
    for (const auto& list : operands) row.push_back(list.items()[i]);
    rows.push_back(std::move(row));
  }
  return rows;
}

Value flatten(Operands operands, const Place& place) {
  Value flat = Value::sequence();
  for (const auto& list : list_operand(operands[0], "flatten", place)) {
    for (const auto& item : list_operand(list, "flatten", place)) flat.push_back(item);
    check_items(flat.size(), place);
  }
  return flat;
}

Value keys(Operands operands, const Place& place) {
  Value list = Value::sequence();
  for (const auto& member : mapping_operand(operands[0], "keys", place)) list.push_back(Value::string(member.key.text()));
  return list;
}

Value values(Operands operands, const Place& place) {
  Value list = Value::sequence();
  for (const auto& member : mapping_operand(operands[0], "values", place)) list.push_back(member.value);
  return list;
}

Value contains(Operands operands, const Place& place) { return Value::boolean(contains_value(operands[0], operands[1], place)); }

Value join(Operands operands, const Place& place) {
  const std::string separator = operands.size() > 1 ? text_operand(operands[1], "join", place) : "";
  std::string text;
  bool first = true;
  for (const auto& item : list_operand(operands[0], "join", place)) {
    if (!first) text += separator;
    first = false;
    text += to_text(item);
    check_size(text.size(), place);
  }
  return Value::string(std::move(text));
}

Value split(Operands operands, const Place& place) {
  std::string_view text = text_operand(operands[0], "split", place);
  const std::string& separator = text_operand(operands[1], "split", place);
  if (separator.empty()) throw input_error(place, "split() needs a separator that is not empty");
  Value parts = Value::sequence();
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(Value::string(std::string(text.substr(0, end))));
    check_items(parts.size(), place);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

Value starts_with(Operands operands, const Place& place) {
  return Value::boolean(
      text_operand(operands[0], "starts_with", place).starts_with(text_operand(operands[1], "starts_with", place)));
}
Value ends_with(Operands operands, const Place& place) {
  return Value::boolean(text_operand(operands[0], "ends_with", place).ends_with(text_operand(operands[1], "ends_with", place)));
}
Value lower(Operands operands, const Place& place) { return Value::string(to_lower(text_operand(operands[0], "lower", place))); }
Value upper(Operands operands, const Place& place) {
  std::string text = text_operand(operands[0], "upper", place);
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return Value::string(std::move(text));
}
Value trim_text(Operands operands, const Place& place) {
  return Value::string(std::string(trim(text_operand(operands[0], "trim", place))));
}

Value replace(Operands operands, const Place& place) {
  const std::string& text = text_operand(operands[0], "replace", place);
  const std::string& from = text_operand(operands[1], "replace", place);
  const std::string& to = text_operand(operands[2], "replace", place);
  if (from.empty()) throw input_error(place, "replace() needs a part that is not empty");
  std::string out;
  for (std::size_t at = 0;;) {
    const auto found = text.find(from, at);
    out.append(text, at, found == std::string::npos ? found : found - at);
    if (found == std::string::npos) return Value::string(std::move(out));
    out += to;
    at = found + from.size();
    check_size(out.size(), place);
  }
}

Value to_string_value(Operands operands, const Place&) { return Value::string(to_text(operands[0])); }

Value whole_number(double number, const Place& place) {
  if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0))
    throw input_error(place, "{} does not fit into 64 bits", number);
  return Value::integer(static_cast<long long>(number));
}

Value to_integer(Operands operands, const Place& place) {
  const Value& value = operands[0];
  if (value.is_integer()) return value;
  if (const auto number = value.as_number()) return whole_number(std::trunc(*number), place);
  if (const auto truth = value.as_boolean()) return Value::integer(*truth ? 1 : 0);
  if (const auto integer = value.is_string() ? parse_integer(trim(value.text())) : std::nullopt) return Value::integer(*integer);
  throw input_error(place, "int() cannot read an integer from {}",
                    value.is_string() ? "'" + value.text() + "'" : std::string(value.type_name()));
}

Value to_float(Operands operands, const Place& place) {
  const Value& value = operands[0];
  if (const auto number = value.as_number()) return Value::number(*number);
  if (const auto number = value.is_string() ? document::number_value(trim(value.text())) : std::nullopt;
      number && std::isfinite(*number)) {
    return Value::number(*number);
  }
  throw input_error(place, "float() cannot read a number from {}",
                    value.is_string() ? "'" + value.text() + "'" : std::string(value.type_name()));
}

Value round(Operands operands, const Place& place) {
  const double number = number_operand(operands[0], "round", place);
  if (operands.size() == 1) return whole_number(std::round(number), place);
  const auto digits = integer_operand(operands[1], "round", place);
  if (digits < 0 || digits > 15) throw input_error(place, "round() takes 0 to 15 digits, not {}", digits);
  return Value::number(*document::number_value(fmt::format("{:.{}f}", number, digits)));
}

Value floor(Operands operands, const Place& place) {
  return whole_number(std::floor(number_operand(operands[0], "floor", place)), place);
}
Value ceil(Operands operands, const Place& place) {
  return whole_number(std::ceil(number_operand(operands[0], "ceil", place)), place);
}
Value abs(Operands operands, const Place& place) {
  const auto integer = operands[0].as_integer();
  if (integer && *integer > -9223372036854775807LL) return Value::integer(*integer < 0 ? -*integer : *integer);
  return Value::number(std::fabs(number_operand(operands[0], "abs", place)));
}

Value to_json(Operands operands, const Place&) { return Value::string(document::write_json(operands[0])); }

Value from_json(Operands operands, const Place& place) {
  const std::string& text = text_operand(operands[0], "from_json", place);
  try {
    document::ReadLimits limits;
    limits.max_depth = 200;
    return document::read_json(text, "", limits);
  } catch (const Error& error) {
    throw input_error(place, "from_json(): {}", error.message());
  }
}

Value json_list(Operands operands, const Place& place) {
  if (!operands[0].is_string()) return Value::sequence(list_operand(operands[0], "json_list", place));
  const Value read = from_json(operands, place);
  return Value::sequence(list_operand(read, "json_list", place));
}

Value compact(Operands operands, const Place& place) {
  Value kept = operands[0];
  if (kept.is_mapping()) {
    auto& members = kept.members();
    members.erase(std::remove_if(members.begin(), members.end(), [](const auto& one) { return one.value.is_null(); }),
                  members.end());
    return kept;
  }
  list_operand(kept, "compact", place);
  auto& items = kept.items();
  items.erase(std::remove_if(items.begin(), items.end(), [](const Value& one) { return one.is_null(); }), items.end());
  return kept;
}

Value splice(Operands operands, const Place& place) {
  Value flat = Value::sequence();
  for (const auto& item : list_operand(operands[0], "splice", place)) {
    if (item.is_null()) continue;
    if (!item.is_sequence()) flat.push_back(item);
    if (item.is_sequence()) {
      for (const auto& inner : item.items()) flat.push_back(inner);
    }
    check_items(flat.size(), place);
  }
  return flat;
}

Value first(Operands operands, const Place&) {
  const Value& value = operands[0];
  if (!value.is_sequence()) return value;
  return value.size() == 0 ? Value::null() : value.items().front();
}

Value spread(Operands operands, const Place&) { return operands[0]; }

Value kfp_text(Operands operands, const Place& place) {
  const Value& value = operands[0];
  if (!value.is_scalar()) return Value::string(document::write_json(value, {.sort_keys = true}));
  const auto number = value.is_integer() ? std::nullopt : value.as_number();
  if (!number || !std::isfinite(*number)) return Value::string(to_text(value));
  // The shortest digits that read back as the same number, without an exponent.
  char digits[400];
  const auto end = std::to_chars(digits, digits + sizeof digits, *number, std::chars_format::fixed);
  if (end.ec != std::errc()) throw input_error(place, "kfp_text(): {} has too many digits", value.text());
  return Value::string(std::string(digits, end.ptr));
}

constexpr Function kFunctions[] = {
    {"abs", 1, 1, TypeKind::any, abs},
    {"argmax", 1, 1, TypeKind::integer, argmax},
    {"argmin", 1, 1, TypeKind::integer, argmin},
    {"ceil", 1, 1, TypeKind::integer, ceil},
    {"compact", 1, 1, TypeKind::any, compact},
    {"contains", 2, 2, TypeKind::boolean, contains},
    {"default", 2, 2, TypeKind::any, nullptr},
    {"ends_with", 2, 2, TypeKind::boolean, ends_with},
    {"first", 1, 1, TypeKind::any, first},
    {"flatten", 1, 1, TypeKind::list, flatten},
    {"float", 1, 1, TypeKind::number, to_float},
    {"floor", 1, 1, TypeKind::integer, floor},
    {"from_json", 1, 1, TypeKind::any, from_json},
    {"int", 1, 1, TypeKind::integer, to_integer},
    {"join", 1, 2, TypeKind::string, join},
    {"json_list", 1, 1, TypeKind::list, json_list},
    {"keys", 1, 1, TypeKind::list, keys},
    {"kfp_text", 1, 1, TypeKind::string, kfp_text},
    {"len", 1, 1, TypeKind::integer, len},
    {"lower", 1, 1, TypeKind::string, lower},
    {"max", 1, -1, TypeKind::any, max},
    {"min", 1, -1, TypeKind::any, min},
    {"range", 1, 3, TypeKind::list, range},
    {"replace", 3, 3, TypeKind::string, replace},
    {"round", 1, 2, TypeKind::any, round},
    {"sorted", 1, 1, TypeKind::list, sorted},
    {"splice", 1, 1, TypeKind::list, splice},
    {"split", 2, 2, TypeKind::list, split},
    {"spread", 1, 1, TypeKind::any, spread},
    {"starts_with", 2, 2, TypeKind::boolean, starts_with},
    {"string", 1, 1, TypeKind::string, to_string_value},
    {"sum", 1, 1, TypeKind::any, sum},
    {"to_json", 1, 1, TypeKind::string, to_json},
    {"trim", 1, 1, TypeKind::string, trim_text},
    {"upper", 1, 1, TypeKind::string, upper},
    {"values", 1, 1, TypeKind::list, values},
    {"zip", 1, -1, TypeKind::list, zip},
};

std::string operand_count(const Function& function) {
  if (function.most < 0) return fmt::format("at least {}", function.least);
  if (function.most == function.least) return std::to_string(function.least);
  return fmt::format("{} to {}", function.least, function.most);
}

bool equal_mappings(const Value& a, const Value& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.members().begin(), a.members().end(), [&](const document::Member& member) {
    const Value* other = b.find(member.key.text());
    return other && equal_values(member.value, *other);
  });
}

}  // namespace

const Function* find_function(std::string_view name) {
  for (const auto& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

std::vector<std::string> function_names() {
  std::vector<std::string> names{"concat"};
  for (const auto& function : kFunctions) names.emplace_back(function.name);
  return names;
}

void check_call(const Expression& call) {
  const Function* function = find_function(call.text);
  if (!function) {
    Error error = input_error(call.place, "unknown function '{}'", call.text);
    if (const auto near = nearest(call.text, function_names())) error.hint(fmt::format("did you mean '{}'?", *near));
    throw error;
  }
  const auto count = static_cast<int>(call.operands.size());
  if (count < function->least || (function->most >= 0 && count > function->most)) {
    throw input_error(call.place, "{}() takes {} operands, not {}", call.text, operand_count(*function), count);
  }
}

bool equal_values(const Value& a, const Value& b) {
  if (a.is_sequence() && b.is_sequence())
    return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), equal_values);
  if (a.is_mapping() && b.is_mapping()) return equal_mappings(a, b);
  const auto i = a.as_integer(), j = b.as_integer();
  if (i && j) return *i == *j;
  const auto x = a.as_number(), y = b.as_number();
  if (x && y) return *x == *y;
  return a == b;
}

int compare_values(const Value& a, const Value& b, const Place& place) {
  const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
  if (a.is_string() && b.is_string()) return sign(a.text(), b.text());
  const auto i = a.as_integer(), j = b.as_integer();
  if (i && j) return sign(*i, *j);
  const auto x = a.as_number(), y = b.as_number();
  if (x && y) return sign(*x, *y);
  Error error = input_error(place, "cannot compare {} with {}", a.type_name(), b.type_name());
  if (a.is_string() || b.is_string()) error.hint("int(x), float(x) and string(x) convert");
  throw error;
}

bool contains_value(const Value& container, const Value& item, const Place& place) {
  if (container.is_sequence()) {
    return std::any_of(container.items().begin(), container.items().end(),
                       [&](const Value& other) { return equal_values(other, item); });
  }
  if (container.is_mapping()) return item.is_scalar() && container.find(item.text());
  if (container.is_string() && item.is_string()) return container.text().find(item.text()) != std::string::npos;
  throw input_error(place, "cannot look for {} in {}", item.type_name(), container.type_name());
}

void check_size(std::size_t size, const Place& place) {
  if (size > kMaxBytes) throw input_error(place, "this text grows larger than 16 MiB");
}

void check_items(std::size_t count, const Place& place) {
  if (count > kMaxItems) throw input_error(place, "this list grows longer than {} items", kMaxItems);
}

}  // namespace kfrun::pipeline
