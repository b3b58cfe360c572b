// The names of one dag: its parameters and its tasks, with the types of what they give.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pipeline/dag.h"
#include "pipeline/expression_types.h"

namespace kfrun::pipeline {

struct NamedType {
  std::string name;
  Type type;
};

// What others see of a task.
struct TaskSignature {
  std::string name;
  int index = -1;  // in Dag::tasks or Dag::finals
  bool is_final = false;
  bool is_looped = false;
  bool is_known = true;  // false: it could not be read, or not yet; references to it are taken for good
  bool ignores_failure = false;
  std::vector<NamedType> outputs;
  std::vector<NamedType> axes;
};

// Who asks.
struct Standpoint {
  std::string task;                              // "" for the dag itself
  bool is_final = false;                         // stands in `finally`
  const std::vector<NamedType>* axes = nullptr;  // the task's own, where they may be named
  bool has_matrix = false;                       // the task has one, though it may not be named here
  std::set<int>* needs = nullptr;                // collects the siblings that it refers to
};

class DagNames {
 public:
  explicit DagNames(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void add(const Parameter& parameter) { parameters_.push_back(parameter); }
  void add(TaskSignature task) { tasks_[task.name] = std::move(task); }

  // The meaning of params.*, tasks.*, matrix.* and run.*, in the words of dag.h (matrix.x becomes loop.x). Reports names that
  // are unknown or out of reach.
  Typed meaning(const Expression& name, const Standpoint& from);
  // Parameters that no expression named.
  std::vector<const Parameter*> unused_parameters() const;
  const TaskSignature* find_task(const std::string& name) const;
  const Parameter* find_parameter(const std::string& name) const;
  std::vector<std::string> task_names() const;
  Diagnostics& diagnostics() const { return diagnostics_; }

 private:
  using Parts = std::vector<std::string>;
  Typed unknown(const Expression& name, std::string message, std::vector<std::string> hints = {}) const;
  Typed parameter(const Expression& name, const Parts& parts);
  Typed task(const Expression& name, const Parts& parts, const Standpoint& from);
  Typed output(const Expression& name, const Parts& parts, const TaskSignature& task);
  Typed axis_of(const Expression& name, const Parts& parts, const TaskSignature& task);
  Typed own_axis(const Expression& name, const Parts& parts, const Standpoint& from);
  Typed run_fact(const Expression& name, const Parts& parts, const Standpoint& from);
  Typed with_members(const Expression& name, const Parts& parts, std::size_t taken, std::string text, Type type) const;

  Diagnostics& diagnostics_;
  std::vector<Parameter> parameters_;
  std::set<std::string> used_;
  std::map<std::string, TaskSignature> tasks_;
};

}  // namespace kfrun::pipeline
