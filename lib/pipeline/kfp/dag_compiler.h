// Components of Kubeflow Pipelines to dags.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pipeline/kfp/ir.h"
#include "pipeline/kfp/placeholders.h"

namespace kfrun::pipeline {

class DagCompiler {
 public:
  DagCompiler(const Ir& ir, Reporter& reporter) : ir_(ir), reporter_(reporter) {}
  // Meaningful only when nothing was reported.
  Pipeline compile();

 private:
  struct Scope;    // the dag under compile
  struct Reading;  // a task of it

  int dag_of(const std::string& name, const document::Node& component, const std::string& path, const RetryPolicy* inherited);
  void read_tasks(Scope& scope, Dag& dag, const document::Node& tasks);
  Task read_task(Scope& scope, const std::string& name, const document::Node& node, std::set<std::string>& needs);
  void read_inputs(Reading& reading);
  void read_loop(Reading& reading);
  void read_trigger(Reading& reading);
  std::optional<Expression> condition_name(Reading& reading, const Expression& part, const Place& place);
  void read_policies(Reading& reading);
  void read_body(Reading& reading);
  void read_executor(Reading& reading, const std::string& label);
  void read_platform_of(Reading& reading, const std::string& label);
  void read_importer(Reading& reading, const document::Node& importer, const std::string& path);
  void read_outputs(Scope& scope, Dag& dag, const document::Node& outputs, const document::Node& definitions);

  Expression parameter(Reading& reading, const std::string& input, const document::Node& given, int depth = 0);
  Expression constant_source(Reading& reading, const document::Node& value, const Place& place, int depth);
  Expression parameter_source(Reading& reading, const std::string& input, const document::Node& given, int depth);
  Expression artifact(Reading& reading, const std::string& input, const document::Node& given);
  Expression final_status(Reading& reading, const std::string& producer);
  Expression producer_output(Reading& reading, const document::Node& at, const std::string& input, const std::string& producer,
                             const std::string& key, std::string_view list);
  Expression output_of(Scope& scope, const document::Node& at, const std::string& path, const std::string& producer,
                       const std::string& key, std::string_view list);
  std::optional<Expression> given_input(Reading& reading, const std::string& name, int depth);
  const document::Node* component_of(const document::Node& task) const;
  std::vector<Parameter> parameters_of(const document::Node& definitions, const std::string& path);
  std::string pipeline_root() const;

  const Ir& ir_;
  Reporter& reporter_;
  Pipeline pipeline_;
  std::map<std::string, int> made_;  // component with its inherited policy -> dag
  std::set<std::string> open_;       // components being compiled
};

}  // namespace kfrun::pipeline
