// What the parts of the compiler of components share: the DAG and the task under compile, and small expressions.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "pipeline/kfp/dag_compiler.h"

namespace kfrun::pipeline {

constexpr std::string_view kItem = "item";  // the axis of every loop

// Whether the engine's expressions can hold it as a part of a name.
bool is_name(std::string_view text);
Expression none(const Place& place);
Type parameter_type(const document::Node& definition);
Type artifact_type(const document::Node& definition);
// Replaces the names of a condition or a selector; `meaning` gives nothing for those it does not know.
Expression replaced(Expression expression, const std::function<std::optional<Expression>(const Expression&)>& meaning);

struct DagCompiler::Scope {
  std::string path;  // of the dag in the file
  const document::Node* definitions = nullptr;
  const document::Node* tasks = nullptr;
  const RetryPolicy* inherited = nullptr;

  const document::Node* task(const std::string& name) const { return tasks->find(name); }
};

struct DagCompiler::Reading {
  Scope& scope;
  std::string name;
  const document::Node& node;
  const document::Node& component;
  std::set<std::string>& needs;
  Task task;

  std::string path() const { return scope.path + ".tasks." + name; }
  const document::Node* iterator() const {
    const document::Node* found = node.find("parameterIterator");
    return found ? found : node.find("artifactIterator");
  }
};

}  // namespace kfrun::pipeline
