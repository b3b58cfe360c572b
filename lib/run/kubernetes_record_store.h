// Run records in the cluster, as ConfigMaps of the namespace:
//   kfrun-<run>          the head: what the run is, the digest of its plan, control verbs (data.stop, data.suspend) and, once it
//   has
//                        ended, what became of it in a line (data.end); owns all else of the run, pods included
//   kfrun-<run>-plan-<k> the compiled pipeline as JSON, immutable, at most 900 KiB a piece
//   kfrun-<run>-log-<n>  the record's lines (JSON), append-only, a new segment after 64 KiB and for every new driver,
//                        at most 700 KiB a segment
// and a Lease `kfrun-<run>` while somebody carries the run.
// Deleting the head removes everything (owner references); artifacts stay in the namespace's shared claim until they are
// collected, because cached outputs of other runs may refer to them (see README.md).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kube/client.h"
#include "run/cache.h"
#include "run/kubernetes_requests.h"
#include "run/record.h"

namespace kfrun::run {

class KubernetesRecordStore : public RecordStore {
 public:
  // `client` outlives the store and every writer it gives.
  KubernetesRecordStore(kube::Client& client, std::string name_space);

  std::unique_ptr<RecordWriter> create(const RunHead& head, const pipeline::Pipeline& pipeline) override;
  std::unique_ptr<RecordWriter> reopen(const std::string& run) override;
  std::vector<RunHead> list(Diagnostics& faults) override;
  std::vector<RunOverview> overview(Diagnostics& faults) override;
  std::string find(const std::string& name) override;
  RunHead head(const std::string& run) override;
  pipeline::Pipeline pipeline(const std::string& run) override;
  std::vector<RecordEntry> entries(const std::string& run) override;
  bool is_carried(const std::string& run) override;
  bool may_be_carried(const std::string& run) override;
  void request_stop(const std::string& run, const std::string& why) override;
  void withdraw_stop(const std::string& run) override;
  void request_suspend(const std::string& run, const std::string& why) override;
  void request_continue(const std::string& run) override;
  Control control(const std::string& run) override;
  void remove(const std::string& run) override;

 private:
  // A run's head, and the object that holds it.
  struct Known {
    RunHead head;
    document::Node object;
  };
  std::vector<Known> known(Diagnostics& faults);
  document::Node head_object_of(const std::string& run);
  void mend_plan(const document::Node& head, const std::string& run, const std::string& plan);
  // Sets a member of the head's data; null takes it away.
  void set_data(const std::string& run, const std::vector<std::pair<std::string_view, document::Node>>& data,
                std::string_view doing);

  kube::Client& client_;
  std::string name_space_;
};

// Cached outputs as ConfigMaps `kfrun-cache-<digest>` labelled kfrun.dev/cache, shared by all runs of the namespace. Entries
// with artifacts count only while the namespace's artifact claim that held them is the same one (its uid is kept). Many entries
// are asked for at once; where there are few in the namespace their names are listed first, and a miss costs nothing.
class KubernetesCache : public Cache {
 public:
  KubernetesCache(kube::Client& client, std::string name_space);
  void expect(const std::vector<std::string>& keys) override;
  std::optional<Values> find(const std::string& key) override;
  void keep(const std::string& key, const Values& outputs) override;
  void settle() override;

 private:
  // What is kept, and the uid of the claim that held its artifacts; "" where it has none.
  struct Entry {
    Values outputs;
    std::string claim;
  };

  std::optional<std::set<std::string>> names_if_few(std::size_t most);
  void ask(const std::string& key);
  void believe();
  void send(const std::string& key, const std::string& claim);

  Requests requests_, keeping_;
  std::string name_space_;
  std::map<std::string, std::optional<Entry>> known_;  // of what was expected and not yet asked for
  std::map<std::string, Values> to_keep_;              // on their way
};

}  // namespace kfrun::run
