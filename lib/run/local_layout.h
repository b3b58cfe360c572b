// Where things are below the state folder of this machine:
//   runs/<id>/head.json plan.json record.ndjson stop   the record
//   runs/<id>/logs/<instance>.log                      what an attempt wrote; from the second attempt on <instance>.<n>.log
//   runs/<id>/artifacts/<instance>/<output>            links to the artifacts that the run made
//   runs/<id>/scratch/<number>                         work space of attempts, gone when the run has ended
//   runs/<id>/workspace                                the folder that all tasks of a run may share
//   store/<digest>/<name>                              artifacts by content, shared by all runs
//   cache.log                                          outputs by cache key, a line each
// In names of files an instance's path keeps its letters, digits, '-', '_', '#' and '/'; all else becomes "%xx".
#pragma once

#include <string>

#include "run/state.h"

namespace kfrun::run {

struct LocalLayout {
  std::string root;  // the state folder, absolute

  std::string runs() const { return root + "/runs"; }
  std::string run(const std::string& id) const { return runs() + "/" + id; }
  std::string log(const std::string& id, const AttemptId& attempt) const;
  std::string artifacts(const std::string& id, const std::string& instance) const;
  std::string scratch(const std::string& id) const { return run(id) + "/scratch"; }
  std::string workspace(const std::string& id) const { return run(id) + "/workspace"; }
  // Name of an attempt's container: of all state folders of a machine no two make the same.
  std::string container(const std::string& id, const AttemptId& attempt) const;
  std::string store() const { return root + "/store"; }
  std::string cache() const { return root + "/cache.log"; }
};

}  // namespace kfrun::run
