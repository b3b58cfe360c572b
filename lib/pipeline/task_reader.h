// One task of a native pipeline.
#pragma once

#include <set>
#include <vector>

#include "pipeline/compiler.h"
#include "pipeline/container_reader.h"
#include "pipeline/dag_names.h"
#include "pipeline/task_names.h"

namespace kfrun::pipeline {

class TaskReader {
 public:
  // `defaults`, outermost first, are the pipeline's for its container tasks. All must outlive the reader.
  TaskReader(Compiler& compiler, DagNames& names, const std::vector<Cursor>& defaults, bool is_final)
      : compiler_(compiler), names_(names), defaults_(defaults), is_final_(is_final) {}

  // Reports faults and reads on. `signature` receives what others may refer to.
  Task read(const Field& field, TaskSignature& signature);

 private:
  struct Reading;  // one task under read

  void read_conditions(Reading& reading);
  void read_after(Reading& reading);
  void read_body(Reading& reading);
  void read_inline_container(Reading& reading);
  void read_use(Reading& reading);
  void read_component(Reading& reading, const Entry& entry);
  void read_sub_dag(Reading& reading, int body);
  void read_inline_pipeline(Reading& reading);
  void read_apply(Reading& reading);
  void read_import(Reading& reading);
  void read_pause(Reading& reading);
  void read_declared_inputs(Reading& reading);
  std::vector<Layer> layers(Reading& reading, TaskNames& own, const std::optional<Cursor>& component) const;
  void read_policies_of(Reading& reading);
  NameMeaning bindings(const Reading& reading) const;

  Compiler& compiler_;
  DagNames& names_;
  const std::vector<Cursor>& defaults_;
  bool is_final_;
};

}  // namespace kfrun::pipeline
