// Texts with placeholders of Kubeflow Pipelines, {{$.inputs.parameters['x']}}, as expressions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/expression.h"

namespace kfrun::pipeline {

// {{$.inputs.parameters['x']}} -> {"inputs", "parameters", "x"}; {{$}} -> {}.
using Placeholder = std::vector<std::string>;
// What a placeholder stands for; nothing when it means nothing here: then it stays as it is written.
using PlaceholderMeaning = std::function<std::optional<Expression>(const Placeholder&)>;

Expression make_call(std::string function, std::vector<Expression> operands, const Place& place = {});

// A lone placeholder keeps its type, inside of a text it becomes text (kfp_text).
Expression read_placeholders(std::string_view text, const PlaceholderMeaning& meaning, const Place& place);
// A constant with the placeholders in its strings.
Expression read_constant(const Value& value, const PlaceholderMeaning& meaning, const Place& place);
// A word of a command: a text, or {"Concat": [...]} and {"IfPresent": {InputName, Then, Else}} in JSON, which may become no word
// or several. Gives a text, or a call of spread(). Throws Error(input) for JSON that begins so and is something else.
Expression read_word(const std::string& text, const PlaceholderMeaning& meaning, const Place& place);

}  // namespace kfrun::pipeline
