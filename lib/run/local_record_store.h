// Run records in folders of this machine (local_layout.h). A record is a file of JSON lines. A writer's write()
// hands them to the system, so that they survive a kill of this process; flush() waits until they are on the disk. A torn last
// line, left by a machine that went down, is passed over.
#pragma once

#include <string>

#include "run/local_layout.h"
#include "run/record.h"

namespace kfrun::run {

class LocalRecordStore : public RecordStore {
 public:
  // `state_directory` is made when the first run is created.
  explicit LocalRecordStore(std::string state_directory);

  std::unique_ptr<RecordWriter> create(const RunHead& head, const pipeline::Pipeline& pipeline) override;
  // Throws Error(conflict) while another process carries the run.
  std::unique_ptr<RecordWriter> reopen(const std::string& run) override;
  std::vector<RunHead> list(Diagnostics& faults) override;
  std::vector<RunOverview> overview(Diagnostics& faults) override;
  std::string find(const std::string& name) override;
  RunHead head(const std::string& run) override;
  pipeline::Pipeline pipeline(const std::string& run) override;
  std::vector<RecordEntry> entries(const std::string& run) override;
  bool is_carried(const std::string& run) override;
  void request_stop(const std::string& run, const std::string& why) override;
  void withdraw_stop(const std::string& run) override;
  void request_suspend(const std::string& run, const std::string& why) override;
  void request_continue(const std::string& run) override;
  Control control(const std::string& run) override;
  void remove(const std::string& run) override;

  const LocalLayout& layout() const { return layout_; }

 private:
  std::vector<std::string> names() const;
  // The run's folder; throws Error(not_found) when there is no such run.
  std::string folder_of(const std::string& run);
  void remove_containers_of(const std::string& run);

  LocalLayout layout_;
};

}  // namespace kfrun::run
