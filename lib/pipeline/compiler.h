// One compilation of native pipelines: the dags made so far, and what reading a task needs from the rest.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "pipeline/dag.h"
#include "pipeline/library.h"

namespace kfrun::pipeline {

class Compiler {
 public:
  Compiler(const FileSystem& files, Diagnostics& diagnostics) : diagnostics_(diagnostics), library_(files, diagnostics) {}

  // The pipeline in `file`, its first if it holds several, or the one of that name; a lone component as the only task of a
  // pipeline. Throws Error(not_found) when there is no such file.
  Pipeline compile(const std::string& file, const std::string& name);

  Library& library() { return library_; }
  Diagnostics& diagnostics() { return diagnostics_; }
  const Dag& dag(int index) const { return pipeline_.dags[static_cast<std::size_t>(index)]; }

  // The dag of a pipeline that `user` uses, compiled once; -1 when it uses itself, which is reported.
  int dag_of(const Entry& entry, const Cursor& user);
  // The dag of a pipeline that stands inside of a task. `defaults` are those around it, outermost first.
  int add_dag(const Cursor& body, const std::string& name, std::vector<Parameter> parameters,
              const std::vector<Cursor>& defaults);
  // Keeps a document that code made as long as the compilation lasts.
  const document::Node& keep(document::Node node) { return made_.emplace_back(std::move(node)); }
  // A path beside `file` as seen from the root's folder.
  std::string from_root(const std::string& file, const std::string& path) const;

 private:
  const Entry* root(const std::string& file, const std::string& name);
  void compile_component(const Entry& entry);

  Diagnostics& diagnostics_;
  Library library_;
  Pipeline pipeline_;
  std::map<const document::Node*, int> dags_;  // of documents
  std::vector<const Entry*> open_;             // being compiled, outermost first
  std::deque<document::Node> made_;
};

}  // namespace kfrun::pipeline
