// The order in which go-yaml v2 writes the keys of a mapping.
#pragma once

#include <string_view>

namespace kfrun::document {

// keyList.Less: letters before letters by code point, runs of digits by their value (v1 < v2 < v10), everything else before
// letters; a beginning before the whole. Not transitive for some odd sets (v1beta1 < v2 < v10 < v1beta1): there Go's output is
// random.
bool key_less(std::string_view a, std::string_view b);

}  // namespace kfrun::document
