// Long texts of a run in ConfigMaps of the run: its plan, written once, and its log, which grows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/node.h"
#include "kube/client.h"

namespace kfrun::run {

struct SegmentOwner {
  std::string name_space;
  std::string run;
  std::string uid;  // of the run's head
};

// Writes a plan, in immutable pieces. Throws Error when it cannot.
void write_plan(kube::Client& client, const SegmentOwner& owner, const std::string& text);

// Appends to the log. Each write is a new key of the newest ConfigMap, bound to the version that this writer made: a second
// writer's fails with Error(conflict), and a write that is repeated because its answer was lost is recognised.
class SegmentWriter {
 public:
  SegmentWriter(kube::Client& client, SegmentOwner owner, long long epoch = 0)
      : client_(&client), owner_(std::move(owner)), epoch_(epoch) {}

  void write(std::string_view text);
  // Goes on with a log that others wrote, none of whom can write any more when this returns.
  void take_over();

 private:
  bool open();
  void create(std::string_view piece);
  void extend(std::string_view piece);
  std::string name() const;

  kube::Client* client_;
  SegmentOwner owner_;
  long long epoch_;  // of the lease under which it writes
  int segment_ = 0;
  int keys_ = 0;          // of the newest ConfigMap; 0: it is not there yet
  std::size_t size_ = 0;  // of its text
  std::string version_;   // its resourceVersion
};

Error carried_by_another(const std::string& run);

// The whole text of the ConfigMaps of a plan or a log, in any order.
std::string text_of_segments(const std::vector<document::Node>& segments);
// The number behind the last one.
int next_segment(const std::vector<document::Node>& segments);

}  // namespace kfrun::run
