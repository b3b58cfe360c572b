#include "pipeline/task_names.h"

#include <algorithm>

#include "base/text.h"
#include "pipeline/cursor.h"

namespace kfrun::pipeline {
namespace {

const Type kAny{TypeKind::any, ""};
const Type kString{TypeKind::string, ""};
const Type kInteger{TypeKind::integer, ""};

template <typename T>
std::vector<std::string> names_of(const std::vector<T>& list) {
  std::vector<std::string> names;
  for (const auto& item : list) names.push_back(item.name);
  return names;
}

template <typename T>
auto find(T& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

Type type_inside(const Type& type) {
  if (type.kind == TypeKind::artifact) return kString;
  if (type.kind == TypeKind::artifact_list) return {TypeKind::list, ""};
  return type;
}

Typed TaskNames::in_task(const Expression& name, bool guarded) {
  const Parts parts = split(name.text, '.');
  if (auto found = own(name, parts)) return std::move(*found);
  return through_input(name, parts, guarded);
}

Typed TaskNames::in_component(const Expression& name, bool) {
  const Parts parts = split(name.text, '.');
  if (auto found = own(name, parts)) return std::move(*found);
  std::vector<std::string> hints{"names begin with inputs, outputs, task or run"};
  if (parts[0] == "params")
    hints = {fmt::format("write {}: what it is given are its inputs", replace_all(name.text, "params.", "inputs."))};
  return unknown(name, fmt::format("a component does not know '{}': it sees its own inputs and outputs only", name.text),
                 std::move(hints));
}

std::optional<Typed> TaskNames::own(const Expression& name, const Parts& parts) {
  if (parts[0] == "inputs") return input(name, parts);
  if (parts[0] == "outputs") return output(name, parts);
  const std::string fact = parts.size() == 2 ? parts[1] : "";
  if (parts[0] == "task") {
    if (fact == "name" || fact == "path") return Typed{name, kString};
    if (fact == "attempt" || fact == "index") return Typed{name, kInteger};
    return unknown(name, fmt::format("unknown name '{}'", name.text),
                   {"there are task.name, task.path, task.attempt and task.index"});
  }
  if (parts[0] == "run" && (fact == "id" || fact == "name" || fact == "namespace")) return Typed{name, kString};
  if (parts[0] == "run" && !dag_) {
    return unknown(name, fmt::format("unknown name '{}'", name.text), {"there are run.id, run.name and run.namespace"});
  }
  return std::nullopt;
}

Typed TaskNames::input(const Expression& name, const Parts& parts) {
  if (parts.size() < 2) return unknown(name, "'inputs' is not complete", {"write inputs.NAME"});
  const Input* found = find(inputs_, parts[1]);
  if (!found) {
    auto hints = suggestions(parts[1], names_of(inputs_));
    if (dag_ && dag_->find_parameter(parts[1])) hints = {fmt::format("did you mean params.{}?", parts[1])};
    return unknown(name, fmt::format("unknown input '{}'", parts[1]), std::move(hints));
  }
  mentioned_inputs_.insert(parts[1]);
  const std::string base = "inputs." + parts[1];
  if (found->type.is_artifact() && parts.size() == 3 && parts[2] == "uri") return {name, kString};
  if (found->type.is_artifact() && parts.size() > 2) {
    return unknown(name, fmt::format("an input artifact has no '{}' here", parts[2]),
                   {fmt::format("{} is its path, {}.uri its URI", base, base)});
  }
  Typed value{Expression::reference(base, name.place), type_inside(found->type)};
  for (std::size_t i = 2; i < parts.size(); ++i) value = member_of(std::move(value), parts[i], diagnostics_);
  return value;
}

Typed TaskNames::output(const Expression& name, const Parts& parts) {
  if (parts.size() < 2) return unknown(name, "'outputs' is not complete", {"write outputs.NAME"});
  if (!find(outputs_, parts[1])) {
    auto hints = suggestions(parts[1], names_of(outputs_));
    if (outputs_.empty()) hints = {fmt::format("declare it: outputs: {{{}: artifact}}", parts[1])};
    return unknown(name, fmt::format("unknown output '{}'", parts[1]), std::move(hints));
  }
  mentioned_outputs_.insert(parts[1]);
  if (parts.size() == 2 || (parts.size() == 3 && parts[2] == "uri")) return {name, kString};
  return unknown(name, fmt::format("an output has no '{}' here", parts[2]),
                 {fmt::format("outputs.{0} is the path to write it to, outputs.{0}.uri its URI", parts[1])});
}

Typed TaskNames::through_input(const Expression& name, const Parts& parts, bool guarded) {
  if (!dag_) return unknown(name, fmt::format("unknown name '{}'", name.text), {});
  const auto faults = diagnostics_.size();
  Typed bound = dag_->meaning(name, from_);
  if (diagnostics_.size() != faults) return {name, kAny};
  const bool may_be_missing = guarded && parts[0] == "tasks";
  const auto [made, is_new] = made_.emplace(to_string(bound.expression), "");
  if (is_new) {
    made->second = free_name(parts);
    inputs_.push_back({made->second, bound.type, bound.expression, may_be_missing, name.place});
  } else if (!may_be_missing) {
    find(inputs_, made->second)->optional = false;
  }
  mentioned_inputs_.insert(made->second);
  return {Expression::reference("inputs." + made->second, name.place), type_inside(bound.type)};
}

// "rate" for params.rate and matrix.rate, "load-table" for tasks.load.outputs.table; something longer when that is taken.
std::string TaskNames::free_name(const Parts& parts) const {
  Parts words(parts.begin() + (parts.size() > 1 && parts[0] != "run" ? 1 : 0), parts.end());
  if (parts[0] == "tasks" && words.size() > 2 && words[1] == "outputs") words.erase(words.begin() + 1);
  const std::string short_name = join(words, "-");
  if (!is_taken(short_name)) return short_name;
  const std::string long_name = join(parts, "-");
  if (!is_taken(long_name)) return long_name;
  for (int number = 2;; ++number) {
    if (std::string numbered = fmt::format("{}-{}", long_name, number); !is_taken(numbered)) return numbered;
  }
}

bool TaskNames::is_taken(const std::string& name) const { return find(inputs_, name) != nullptr; }

Typed TaskNames::unknown(const Expression& name, std::string message, std::vector<std::string> hints) const {
  diagnostics_.push_back({Severity::error, name.place, std::move(message), std::move(hints)});
  return {name, kAny};
}

}  // namespace kfrun::pipeline
