#include "pipeline/binding_reader.h"

#include <algorithm>

#include "base/text.h"
#include "document/writer.h"
#include "pipeline/declarations.h"
#include "pipeline/functions.h"
#include "pipeline/kfp_component.h"

namespace kfrun::pipeline {
namespace {

constexpr long long kMaxTurns = 1'000'000;  // the engine's bound

const Parameter* find_parameter(const std::vector<Parameter>& parameters, const std::string& name) {
  for (const auto& spelling : {name, kfp_name(name)}) {
    const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) { return one.name == spelling; });
    if (found != parameters.end()) return &*found;
  }
  return nullptr;
}

void report_unknown(const Field& field, const std::vector<Parameter>& parameters) {
  std::vector<std::string> names;
  for (const auto& parameter : parameters) names.push_back(parameter.name);
  auto hints = suggestions(field.name, names);
  if (names.empty()) hints = {"what is used here takes no inputs"};
  field.key.error(fmt::format("unknown input '{}'", field.name), std::move(hints));
}

bool is_missing(const Parameter& parameter, const std::vector<Input>& inputs) {
  return std::none_of(inputs.begin(), inputs.end(), [&](const Input& input) { return input.name == parameter.name; });
}

Input from_default(const Parameter& parameter, const Place& place) {
  Value value = parameter.default_value.value_or(Value::null());
  return {parameter.name, parameter.type, Expression::constant(std::move(value), place), !parameter.default_value, place};
}

Type type_of_items(const Value& list) {
  if (list.items().empty()) return {TypeKind::any, ""};
  const Type first = type_of_value(list.items().front());
  bool numbers = true, same = true;
  for (const auto& item : list.items()) {
    numbers &= item.is_number();
    same &= type_of_value(item) == first;
  }
  return same ? first : Type{numbers ? TypeKind::number : TypeKind::any, ""};
}

class LoopReader {
 public:
  LoopReader(const Cursor& task, const NameMeaning& names, std::vector<NamedType>& axes)
      : task_(task), names_(names), axes_(axes) {}

  std::optional<Loop> run() {
    const auto matrix = task_.find("matrix");
    read_limits(task_, matrix.has_value());
    if (!matrix) return std::nullopt;
    if (matrix->node().is_mapping()) {
      read_axes(*matrix);
    } else {
      read_axis("item", *matrix);
    }
    if (loop_.axes.empty()) matrix->error("a matrix needs at least one axis", {"e.g. matrix: {seed: [1, 2, 3]}"});
    if (turns_ > kMaxTurns) matrix->error(fmt::format("this matrix has more than {} turns", kMaxTurns));
    return std::move(loop_);
  }

 private:
  void read_limits(const Cursor& at, bool is_looped) {
    const auto most = at.find("max-parallel");
    const auto flag = at.find("fail-fast");
    for (const auto& limit : {most, flag}) {
      if (limit && !is_looped) limit->error("this is about the turns of a matrix, and there is no 'matrix' here");
    }
    if (most) loop_.max_parallel = most->count(1).value_or(0);
    if (flag) loop_.fail_fast = flag->flag().value_or(true);
  }

  void read_axes(const Cursor& matrix) {
    read_limits(matrix, true);
    for (const auto& field : matrix.fields()) {
      if (field.name == "max-parallel" || field.name == "fail-fast") continue;
      if (field.name == "include" || field.name == "exclude") {
        field.key.error(fmt::format("a matrix knows no '{}'", field.name),
                        {"an axis may be a list of mappings: matrix: {case: [{a: 1}, {a: 2}]}, with ${{ matrix.case.a }}"});
      } else if (check_value_name(field.key, field.name, "an axis")) {
        read_axis(field.name, field.value);
      }
    }
  }

  void read_axis(const std::string& name, const Cursor& at) {
    axes_.push_back({name, {TypeKind::any, ""}});
    const auto value = at.value();
    if (!value) return;
    Typed typed = resolve_names(*value, names_, at.diagnostics());
    if (typed.expression.is_constant()) {
      read_constant(at, typed.expression.literal);
    } else if (typed.type.kind == TypeKind::artifact_list) {
      axes_.back().type = {TypeKind::artifact, typed.type.artifact_type};
    } else if (typed.type.kind == TypeKind::integer) {
      axes_.back().type = typed.type;
    } else if (typed.type.kind != TypeKind::list && typed.type.kind != TypeKind::any) {
      at.error(fmt::format("an axis is a list or a number of turns, this is of type {}", to_string(typed.type)));
    }
    loop_.axes.push_back({name, std::move(typed.expression)});
  }

  void read_constant(const Cursor& at, const Value& value) {
    if (value.is_sequence()) {
      axes_.back().type = type_of_items(value);
      if (value.size() == 0) at.warning("this list is empty: the task has no turns");
      count(static_cast<long long>(value.size()));
    } else if (const auto turns = value.as_integer(); turns && *turns >= 0) {
      axes_.back().type = {TypeKind::integer, ""};
      count(*turns);
    } else {
      at.expected("a list, a number of turns or ${{ }}");
    }
  }

  void count(long long turns) { turns_ = turns > kMaxTurns ? kMaxTurns + 1 : std::min(turns_ * turns, kMaxTurns + 1); }

  const Cursor& task_;
  const NameMeaning& names_;
  std::vector<NamedType>& axes_;
  Loop loop_;
  long long turns_ = 1;
};

}  // namespace

std::optional<Binding> read_binding(const Field& field, const Cursor& value, const NameMeaning& names) {
  const auto expression = value.value();
  if (!expression) return std::nullopt;
  bool takes_from_tasks = false, is_guarded = true;
  const NameMeaning watched = [&](const Expression& name, bool guarded) {
    if (name.text.starts_with("tasks.")) {
      takes_from_tasks = true;
      is_guarded &= guarded;
    }
    return names(name, guarded);
  };
  Typed typed = resolve_names(*expression, watched, value.diagnostics());
  return Binding{
      {field.name, std::move(typed.type), std::move(typed.expression), takes_from_tasks && is_guarded, field.key.place()},
      typed.may_be_null};
}

void check_binding(const Cursor& value, const Parameter& expected, Input& input) {
  const Type found = std::exchange(input.type, expected.type);
  if (!input.binding.is_constant()) {
    if (fits(found, expected.type)) return;
    std::vector<std::string> hints;
    if (found.kind == TypeKind::list || found.kind == TypeKind::artifact_list)
      hints.push_back("what a task with a matrix gives is a list, an item a turn");
    value.error(
        fmt::format("input '{}' is of type {}, this is of type {}", expected.name, to_string(expected.type), to_string(found)),
        std::move(hints));
    return;
  }
  Value& literal = input.binding.literal;
  if (literal.is_null() && expected.optional) return;
  if (expected.type.kind == TypeKind::artifact && literal.is_string() && literal.text().find("://") == std::string::npos &&
      !literal.text().starts_with('/')) {
    value.error(fmt::format("input '{}' is an artifact: what a task gave, a URI or an absolute path", expected.name));
    return;
  }
  auto fitting = fitted(literal, expected.type);
  if (!fitting) {
    std::vector<std::string> hints;
    if (literal.is_string() && converted(literal.text(), expected.type)) hints.push_back("leave out the quotes");
    if (expected.type.kind == TypeKind::string && literal.is_scalar()) hints.push_back("put it in quotes");
    value.expected(fmt::format("a value of type {} for input '{}'", to_string(expected.type), expected.name), std::move(hints));
    return;
  }
  literal = std::move(*fitting);
  const bool allowed = expected.allowed.empty() || std::any_of(expected.allowed.begin(), expected.allowed.end(),
                                                               [&](const Value& one) { return equal_values(one, literal); });
  if (!allowed) {
    value.error(fmt::format("{} is not allowed for input '{}'", document::write_json(literal), expected.name),
                {"allowed are " + document::write_json(Value::sequence(expected.allowed))});
  }
}

namespace {

// A null stands back behind the default; what needs a value must not get it.
void replace_null(const Cursor& value, const Parameter& parameter, Input& input) {
  if (parameter.optional) return;
  if (!parameter.default_value) {
    value.error(fmt::format("input '{}' needs a value, and this may be null", parameter.name),
                {fmt::format("default({}, ...) says what then", to_string(input.binding))});
    return;
  }
  Expression fallback;
  fallback.op = Operator::call;
  fallback.text = "default";
  fallback.place = input.binding.place;
  fallback.operands.push_back(std::move(input.binding));
  fallback.operands.push_back(Expression::constant(*parameter.default_value, fallback.place));
  input.binding = std::move(fallback);
}

}  // namespace

std::vector<Input> read_with(const Cursor& user, const std::vector<Parameter>& parameters, bool is_component,
                             const NameMeaning& names) {
  std::vector<Input> inputs;
  std::vector<std::string> failed;
  if (const auto with = user.find("with")) {
    for (const auto& field : with->fields("a mapping of inputs to values")) {
      const Parameter* parameter = find_parameter(parameters, field.name);
      if (!parameter) {
        report_unknown(field, parameters);
      } else if (!is_missing(*parameter, inputs)) {
        field.key.error(fmt::format("input '{}' is given twice", parameter->name));
      } else if (auto binding = read_binding(field, field.value, names)) {
        Input& input = binding->input;
        if (input.binding.is_constant() && input.binding.literal.is_null() && parameter->default_value) continue;
        input.name = parameter->name;
        input.optional |= parameter->optional;
        check_binding(field.value, *parameter, input);
        if (binding->may_be_null && !input.binding.is_constant()) replace_null(field.value, *parameter, input);
        inputs.push_back(std::move(input));
      } else {
        failed.push_back(parameter->name);
      }
    }
  }
  std::vector<std::string> missing;
  for (const auto& parameter : parameters) {
    if (!is_missing(parameter, inputs)) continue;
    const bool is_required = !parameter.default_value && !parameter.optional;
    if (is_required && std::find(failed.begin(), failed.end(), parameter.name) == failed.end()) missing.push_back(parameter.name);
    if (is_component) inputs.push_back(from_default(parameter, user.place()));
  }
  if (!missing.empty()) {
    const auto at = user.find("with").value_or(user);
    at.error(fmt::format("{} {} needed and not given", join(missing, ", "), missing.size() == 1 ? "is" : "are"),
             {fmt::format("with: {{{}: ...}}", missing.front())});
  }
  return inputs;
}

std::optional<Loop> read_loop(const Cursor& task, const NameMeaning& names, std::vector<NamedType>& axes) {
  return LoopReader(task, names, axes).run();
}

}  // namespace kfrun::pipeline
