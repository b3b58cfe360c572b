#include "pipeline/cursor.h"

#include <algorithm>

#include "base/text.h"

namespace kfrun::pipeline {
namespace {

constexpr std::size_t kFew = 9;  // candidates that are worth listing

// What other systems call our keys.
constexpr std::pair<std::string_view, std::string_view> kForeignKeys[] = {
    {"arguments", "params"},
    {"parameters", "params"},
    {"depends", "after"},
    {"dependencies", "after"},
    {"dependsOn", "after"},
    {"depends_on", "after"},
    {"needs", "after"},
    {"runAfter", "after"},
    {"if", "when"},
    {"condition", "when"},
    {"environment", "env"},
    {"entrypoint", "command"},
    {"foreach", "matrix"},
    {"withItems", "matrix"},
    {"strategy", "matrix"},
    {"loop", "matrix"},
    {"retries", "retry"},
    {"retryStrategy", "retry"},
    {"steps", "tasks"},
    {"jobs", "tasks"},
    {"onExit", "finally"},
    {"container", "image"},
    {"workingDir", "workdir"},
    {"working-directory", "workdir"},
    {"run", "script"},
    {"source", "script"},
    {"component", "uses"},
    {"continueOn", "ignore-failure"},
    {"continue-on-error", "ignore-failure"},
    {"maxParallel", "max-parallel"},
    {"parallelism", "max-parallel"},
    {"failFast", "fail-fast"},
    {"maxBackoff", "max-backoff"},
    {"activeDeadlineSeconds", "timeout"},
};

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::vector<std::string> hints_for_key(const Field& field, std::span<const std::string_view> known) {
  const auto* foreign = std::find_if(std::begin(kForeignKeys), std::end(kForeignKeys), [&](const auto& pair) {
    return pair.first == field.name && std::find(known.begin(), known.end(), pair.second) != known.end();
  });
  if (foreign != std::end(kForeignKeys)) return {fmt::format("the key for that is '{}'", foreign->second)};
  if (field.name.find(' ') != std::string::npos && field.value.node().is_null())
    return {"a text with a comma needs quotes inside of { }"};
  return suggestions(field.name, std::vector<std::string>(known.begin(), known.end()));
}

}  // namespace

std::vector<std::string> suggestions(std::string_view word, const std::vector<std::string>& candidates) {
  if (const auto near = nearest(word, candidates)) return {fmt::format("did you mean '{}'?", *near)};
  if (candidates.empty() || candidates.size() > kFew) return {};
  if (candidates.size() == 1) return {fmt::format("there is '{}' only", candidates.front())};
  return {fmt::format("there are {}", join(candidates, ", "))};
}

void Cursor::error(std::string message, std::vector<std::string> hints) const {
  diagnostics_->push_back({Severity::error, place(), std::move(message), std::move(hints)});
}

void Cursor::warning(std::string message, std::vector<std::string> hints) const {
  diagnostics_->push_back({Severity::warning, place(), std::move(message), std::move(hints)});
}

void Cursor::expected(std::string_view what, std::vector<std::string> hints) const {
  const bool shown = node_->is_scalar() && !node_->is_null() && node_->text().size() <= 40;
  error(fmt::format("expected {}, found {}", what, shown ? "'" + node_->text() + "'" : std::string(node_->type_name())),
        std::move(hints));
}

std::optional<Cursor> Cursor::find(std::string_view key) const {
  const document::Node* found = node_->find(key);
  if (!found || found->is_null()) return std::nullopt;
  return Cursor(*found, *file_, *diagnostics_, joined(path_, key));
}

std::vector<Field> Cursor::fields(std::string_view what) const {
  std::vector<Field> fields;
  if (node_->is_null()) return fields;
  if (!node_->is_mapping()) {
    expected(what);
    return fields;
  }
  for (const auto& [key, value] : node_->members()) {
    const std::string path = joined(path_, key.text());
    fields.push_back({key.text(), Cursor(key, *file_, *diagnostics_, path), Cursor(value, *file_, *diagnostics_, path)});
  }
  return fields;
}

std::vector<Cursor> Cursor::items(std::string_view what) const {
  std::vector<Cursor> items;
  if (node_->is_null()) return items;
  if (!node_->is_sequence()) {
    expected(what);
    return items;
  }
  for (const auto& item : node_->items())
    items.emplace_back(item, *file_, *diagnostics_, fmt::format("{}[{}]", path_, items.size()));
  return items;
}

bool Cursor::check_keys(std::span<const std::string_view> known) const {
  bool all_known = true;
  if (!node_->is_mapping()) return all_known;
  for (const auto& field : fields()) {
    if (std::find(known.begin(), known.end(), field.name) != known.end()) continue;
    all_known = false;
    field.key.error(fmt::format("unknown key '{}'", field.name), hints_for_key(field, known));
  }
  return all_known;
}

std::optional<std::string> Cursor::string() const {
  if (node_->is_string()) return node_->text();
  expected("a string",
           node_->is_scalar() && !node_->is_null() ? std::vector<std::string>{"put it in quotes"} : std::vector<std::string>{});
  return std::nullopt;
}

std::optional<std::string> Cursor::scalar(std::string_view what) const {
  if (node_->is_scalar() && !node_->is_null()) return node_->text();
  expected(what);
  return std::nullopt;
}

std::optional<bool> Cursor::flag() const {
  const auto value = node_->as_boolean();
  if (!value) expected("true or false");
  return value;
}

std::optional<int> Cursor::count(int least) const {
  constexpr int kMost = 1'000'000;
  const auto value = node_->as_integer();
  if (value && *value >= least && *value <= kMost) return static_cast<int>(*value);
  expected(fmt::format("an integer from {} to {}", least, kMost));
  return std::nullopt;
}

std::optional<Duration> Cursor::duration(bool positive) const {
  const auto value = node_->is_scalar() ? parse_duration(node_->text()) : std::nullopt;
  if (value && (*value > Duration::zero() || (!positive && *value == Duration::zero()))) return value;
  std::vector<std::string> hints;
  if (node_->is_number()) hints.push_back(fmt::format("with a unit, e.g. {}s", node_->text()));
  expected(positive ? "a duration of more than zero such as 90s or 1h30m" : "a duration such as 90s or 1h30m", hints);
  return std::nullopt;
}

std::optional<Expression> Cursor::parsed_template() const {
  const std::string& text = node_->text();
  if (text.find("${{") == std::string::npos) return Expression::constant(*node_, place());
  try {
    return parse_template(text, Dialect::native, file_->places_in(*node_, path_));
  } catch (const Error& fault) {
    diagnostics_->push_back(to_diagnostic(fault));
    return std::nullopt;
  }
}

std::optional<Expression> Cursor::value() const {
  if (node_->is_string()) return parsed_template();
  if (node_->is_scalar()) return Expression::constant(*node_, place());
  Expression made;
  made.op = node_->is_sequence() ? Operator::list : Operator::mapping;
  made.place = place();
  const auto add = [&](const Cursor& item) {
    auto part = item.value();
    if (part) made.operands.push_back(std::move(*part));
    return part.has_value();
  };
  bool whole = true;
  if (node_->is_sequence()) {
    for (const auto& item : items()) whole &= add(item);
  } else {
    for (const auto& field : fields()) {
      made.operands.push_back(Expression::constant(Value::string(field.name), field.key.place()));
      whole &= add(field.value);
    }
  }
  if (!whole) return std::nullopt;
  return fold_constant(std::move(made));
}

std::optional<Expression> Cursor::text() const {
  if (node_->is_string()) return parsed_template();
  const auto written = scalar("a text");
  return written ? std::optional(Expression::constant(Value::string(*written), place())) : std::nullopt;
}

std::optional<Expression> Cursor::condition() const {
  if (node_->is_boolean()) return Expression::constant(*node_, place());
  if (!node_->is_string()) {
    expected("a condition such as tasks.check.outputs.score > 0.9");
    return std::nullopt;
  }
  if (node_->text().find("${{") != std::string::npos) return parsed_template();
  try {
    return parse_expression(node_->text(), Dialect::native, file_->places_in(*node_, path_));
  } catch (const Error& fault) {
    diagnostics_->push_back(to_diagnostic(fault));
    return std::nullopt;
  }
}

}  // namespace kfrun::pipeline
