// Parsing expressions out of a file whose text is not laid out as their own: quotes, escapes and indentation move columns.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "pipeline/expression.h"

namespace kfrun::pipeline {

// The place in the file of the byte at an offset into the expression's text.
using PlaceOf = std::function<Place(std::size_t offset)>;

// As their namesakes in expression.h, with places asked of `place_of`.
Expression parse_expression(std::string_view text, Dialect dialect, const PlaceOf& place_of);
Expression parse_template(std::string_view text, Dialect dialect, const PlaceOf& place_of);

// A list or mapping of constants as one constant; anything else as it is.
Expression fold_constant(Expression expression);

}  // namespace kfrun::pipeline
