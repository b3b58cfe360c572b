// The names in a task's own texts. The pod that runs a task knows its inputs and outputs alone, so what its texts take from
// the pipeline becomes an input of the task.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pipeline/dag_names.h"

namespace kfrun::pipeline {

class TaskNames {
 public:
  // `inputs` holds those the task declares and receives the others; `outputs` are those it declares. A component on its own
  // has no `dag`.
  TaskNames(std::vector<Input>& inputs, const std::vector<Output>& outputs, DagNames* dag, Standpoint from,
            Diagnostics& diagnostics)
      : inputs_(inputs), outputs_(outputs), dag_(dag), from_(std::move(from)), diagnostics_(diagnostics) {}

  // For texts of a task of the pipeline: inputs.*, outputs.*, task.*, run.*; params.*, tasks.* and matrix.* through inputs.
  Typed in_task(const Expression& name, bool guarded);
  // For texts of a component, which sees nothing but its own.
  Typed in_component(const Expression& name, bool guarded);

  bool mentions_output(const std::string& name) const { return mentioned_outputs_.count(name) > 0; }
  bool mentions_input(const std::string& name) const { return mentioned_inputs_.count(name) > 0; }

 private:
  using Parts = std::vector<std::string>;
  // Nothing when the name is not one of the task's own.
  std::optional<Typed> own(const Expression& name, const Parts& parts);
  Typed input(const Expression& name, const Parts& parts);
  Typed output(const Expression& name, const Parts& parts);
  Typed through_input(const Expression& name, const Parts& parts, bool guarded);
  std::string free_name(const Parts& parts) const;
  bool is_taken(const std::string& name) const;
  Typed unknown(const Expression& name, std::string message, std::vector<std::string> hints) const;

  std::vector<Input>& inputs_;
  const std::vector<Output>& outputs_;
  DagNames* dag_;
  Standpoint from_;
  Diagnostics& diagnostics_;
  std::map<std::string, std::string> made_;  // printed binding -> the input made for it
  std::set<std::string> mentioned_outputs_, mentioned_inputs_;
};

// The type that an input of that type has inside of the task: artifacts are paths there.
Type type_inside(const Type& type);

}  // namespace kfrun::pipeline
