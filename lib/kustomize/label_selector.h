// Label selectors ("a=b,c!=d,e in (x,y),!f") in the grammar and with the error texts of Kubernetes' apimachinery.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kfrun::kustomize {

class LabelSelector {
 public:
  // Throws Error(input), e.g. "unable to parse requirement: found ')', expected: identifier".
  explicit LabelSelector(std::string_view text);

  // The value of a label, nothing when it is absent.
  using Lookup = std::function<std::optional<std::string>(const std::string& key)>;
  bool matches(const Lookup& value_of) const;
  // Whether it restricts nothing.
  bool empty() const { return requirements_.empty(); }

  enum class Operator { in, not_in, exists, does_not_exist, greater, less };
  struct Requirement {
    std::string key;
    Operator op;
    std::vector<std::string> values;
  };

 private:
  std::vector<Requirement> requirements_;
};

}  // namespace kfrun::kustomize
