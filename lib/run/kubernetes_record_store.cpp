#include "run/kubernetes_record_store.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "document/reader.h"
#include "document/writer.h"
#include "run/kubernetes_lease.h"
#include "run/kubernetes_objects.h"
#include "run/kubernetes_pod.h"
#include "run/kubernetes_segments.h"

namespace kfrun::run {

namespace {

using document::Node;
using kube::types::config_maps;

constexpr const char* kHeadKey = "head";
constexpr const char* kPlanKey = "plan";
constexpr const char* kStopKey = "stop";
constexpr const char* kSuspendKey = "suspend";
constexpr const char* kEndKey = "end";

std::string selector(const std::string& run, std::string_view kind) {
  const auto of_kind = fmt::format("{}={}", kKindLabel, kind);
  return run.empty() ? of_kind : fmt::format("{}={},{}", kRunLabel, label_value(run), of_kind);
}

RunHead head_of(const Node& config_map) {
  const Node* text = config_map.find_path({"data", kHeadKey});
  const Node* name = config_map.find_path({"metadata", "name"});
  const std::string place = "ConfigMap " + (name ? name->text() : std::string());
  if (!text) throw input_error({}, "{} is no head of a run", place);
  return run_head_from_node(document::read_json(text->text(), place));
}

Node head_object(const RunHead& head, const std::string& plan) {
  Node labels = run_labels(head.id);
  labels.set(kKindLabel, Node::string("run"));
  return Node::mapping({{"apiVersion", Node::string("v1")},
                        {"kind", Node::string("ConfigMap")},
                        {"metadata", Node::mapping({{"name", Node::string(head_name(head.id))}, {"labels", std::move(labels)}})},
                        {"data", Node::mapping({{kHeadKey, Node::string(document::write_json(to_node(head)))},
                                                {kPlanKey, Node::string(sha256_hex(plan))}})}});
}

// The lines of a log; what a driver that died had half written is passed over.
std::vector<RecordEntry> entries_of(const std::string& text, const std::string& run) {
  std::vector<RecordEntry> entries;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
    const auto line = std::string_view(text).substr(begin, end - begin);
    if (!line.empty()) entries.push_back(record_entry_from_node(document::read_json(line, "record of " + run)));
  }
  return entries;
}

std::vector<RecordEntry> read_entries(kube::Client& client, const std::string& name_space, const std::string& run) {
  return entries_of(text_of_segments(client.list(config_maps, name_space, selector(run, "log"))), run);
}

// What data.end says of a run that has ended; nothing when it is not there or says something else.
std::optional<RunOverview> overview_from(const RunHead& head, const Node& object) {
  const Node* text = object.find_path({"data", kEndKey});
  if (!text) return std::nullopt;
  try {
    const Node end = document::read_json(text->text(), "the end of " + head.id);
    const auto state = parse_state(end.text_of("state"));
    const auto ended = parse_rfc3339(end.text_of("at"));
    const auto count = [&](std::string_view key) { return static_cast<int>(parse_integer(end.text_of(key)).value_or(0)); };
    if (!state || !ended) return std::nullopt;
    return RunOverview{head, *state, end.text_of("reason"), ended, count("done"), count("tasks"), false};
  } catch (const Error&) {
    return std::nullopt;
  }
}

Node end_of(const RunOverview& overview) {
  return Node::mapping({{"state", Node::string(std::string(to_string(overview.state)))},
                        {"at", Node::string(to_rfc3339(overview.ended.value_or(TimePoint{})))},
                        {"reason", Node::string(overview.reason)},
                        {"done", Node::integer(overview.done)},
                        {"tasks", Node::integer(overview.tasks)}});
}

class KubernetesRecordWriter : public RecordWriter {
 public:
  // `is_new`: nothing has been recorded yet, so that what is appended is all there is to know.
  KubernetesRecordWriter(kube::Client& client, SegmentOwner owner, SegmentWriter segments, std::unique_ptr<RunLease> lease,
                         bool is_new)
      : client_(client), owner_(std::move(owner)), lease_(std::move(lease)), segments_(std::move(segments)) {
    if (is_new) overview_.emplace();
  }
  ~KubernetesRecordWriter() override {
    try {
      flush();
    } catch (const Error&) {
      // whoever cares has called flush()
    }
  }

  void append(const RecordEntry& entry) override {
    buffer_ += document::write_json(to_node(entry)) + "\n";
    if (overview_) overview_->add(entry);
    has_ended_ = entry.kind == RecordEntry::Kind::run_ended;
  }
  void flush() override {
    if (!buffer_.empty()) segments_.write(std::exchange(buffer_, {}));
    if (std::exchange(has_ended_, false)) keep_end();
  }
  void hold() override { lease_->hold(); }
  std::string warning() const override {
    if (!lease_->is_denied()) return {};
    return fmt::format("leases may not be written in namespace {}: nothing keeps a second kfrun from carrying this run too",
                       owner_.name_space);
  }

 private:
  // So that lists of runs need not read the whole record. Without it they do.
  void keep_end() {
    try {
      const auto end = end_of(overview_ ? overview_->overview({})
                                        : overview_of(summarise({}, read_entries(client_, owner_.name_space, owner_.run))));
      auto request =
          patient_patch(path_of(config_maps, owner_.name_space, head_name(owner_.run)),
                        Node::mapping({{"data", Node::mapping({{kEndKey, Node::string(document::write_json(end))}})}}));
      request.retry_for = client_.config().retry_for;
      client_.send(std::move(request));
    } catch (const Error&) {
    }
  }

  kube::Client& client_;
  const SegmentOwner owner_;
  std::unique_ptr<RunLease> lease_;
  SegmentWriter segments_;
  std::optional<RunningOverview> overview_;  // of a run that this kfrun began
  std::string buffer_;
  bool has_ended_ = false;
};

}  // namespace

KubernetesRecordStore::KubernetesRecordStore(kube::Client& client, std::string name_space)
    : client_(client), name_space_(std::move(name_space)) {}

// The head of a run, as an object. Throws Error(not_found).
Node KubernetesRecordStore::head_object_of(const std::string& run) {
  const auto reply = client_.get(config_maps, name_space_, head_name(run));
  if (reply.status == 404) throw make_error(ErrorKind::not_found, "there is no run {} in namespace {}", run, name_space_);
  throw_unless_ok(reply, "reading run " + run);
  return reply.body;
}

std::unique_ptr<RecordWriter> KubernetesRecordStore::create(const RunHead& head, const pipeline::Pipeline& pipeline) {
  const auto plan = document::write_json(pipeline::to_node(pipeline));
  const Node object = head_object(head, plan);
  auto reply = client_.send(patient("POST", path_of(config_maps, name_space_), object));
  if (reply.status == 409) {
    // The answer to an earlier try may have been lost.
    reply = client_.get(config_maps, name_space_, head_name(head.id));
    const Node* there = reply.body.find("data");
    if (reply.ok() && !(there && *there == *object.find("data"))) {
      mend_plan(reply.body, head.id, plan);
      throw make_error(ErrorKind::conflict, "run {} exists", head.id);
    }
  }
  if (reply.status == 404) {
    throw make_error(ErrorKind::not_found, "there is no namespace {}", name_space_)
        .hint(fmt::format("'kubectl create namespace {}' makes it, -n names another", name_space_));
  }
  throw_unless_ok(reply, "creating run " + head.id);
  const SegmentOwner owner{name_space_, head.id, uid_of(reply.body)};
  auto lease = std::make_unique<RunLease>(client_, owner);
  write_plan(client_, owner, plan);
  return std::make_unique<KubernetesRecordWriter>(client_, owner, SegmentWriter(client_, owner), std::move(lease), true);
}

// A kfrun that was killed may have written only a part of the same plan.
void KubernetesRecordStore::mend_plan(const Node& head, const std::string& run, const std::string& plan) {
  const Node* digest = head.find_path({"data", kPlanKey});
  if (!digest || digest->text() != sha256_hex(plan)) return;
  if (text_of_segments(client_.list(config_maps, name_space_, selector(run, "plan"))) == plan) return;
  write_plan(client_, {name_space_, run, uid_of(head)}, plan);
}

std::unique_ptr<RecordWriter> KubernetesRecordStore::reopen(const std::string& run) {
  const SegmentOwner owner{name_space_, run, uid_of(head_object_of(run))};
  auto lease = std::make_unique<RunLease>(client_, owner);
  SegmentWriter segments(client_, owner, lease->epoch());
  segments.take_over();
  set_data(run, {{kSuspendKey, Node::null()}, {kEndKey, Node::null()}}, "reopening");
  return std::make_unique<KubernetesRecordWriter>(client_, owner, std::move(segments), std::move(lease), false);
}

std::vector<KubernetesRecordStore::Known> KubernetesRecordStore::known(Diagnostics& faults) {
  std::vector<Known> list;
  for (auto& object : client_.list(config_maps, name_space_, selector("", "run"))) {
    try {
      RunHead head = head_of(object);
      list.push_back({std::move(head), std::move(object)});
    } catch (const Error& error) {
      const Node* run = object.find_path({"metadata", "labels", kRunLabel});
      faults.push_back(passed_over(run ? run->text() : std::string("without a name"), error));
    }
  }
  std::sort(list.begin(), list.end(), [](const Known& a, const Known& b) {
    return std::pair(a.head.created, a.head.id) > std::pair(b.head.created, b.head.id);
  });
  return list;
}

std::vector<RunHead> KubernetesRecordStore::list(Diagnostics& faults) {
  std::vector<RunHead> heads;
  for (auto& run : known(faults)) heads.push_back(std::move(run.head));
  return heads;
}

std::vector<RunOverview> KubernetesRecordStore::overview(Diagnostics& faults) {
  std::vector<RunOverview> list;
  for (const auto& [head, object] : known(faults)) {
    try {
      auto end = overview_from(head, object);
      list.push_back(end ? std::move(*end) : overview_of(summarise(head, read_entries(client_, name_space_, head.id))));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) throw;
      faults.push_back(passed_over(head.id, error));
    }
  }
  return list;
}

std::string KubernetesRecordStore::find(const std::string& name) {
  Diagnostics faults;
  const auto heads = list(faults);
  if (name == "@latest" && heads.empty())
    throw make_error(ErrorKind::not_found, "there are no runs in namespace {}", name_space_);
  if (name == "@latest") return heads.front().id;
  std::vector<std::string> ids;
  for (const auto& head : heads) ids.push_back(head.id);
  // One whose head cannot be read can still be removed.
  if (!faults.empty() && client_.get(config_maps, name_space_, head_name(name)).ok()) return name;
  return find_run(name, ids, "in namespace " + name_space_);
}

RunHead KubernetesRecordStore::head(const std::string& run) { return head_of(head_object_of(run)); }

pipeline::Pipeline KubernetesRecordStore::pipeline(const std::string& run) {
  const auto text = text_of_segments(client_.list(config_maps, name_space_, selector(run, "plan")));
  const Node head = head_object_of(run);
  if (const Node* digest = head.find_path({"data", kPlanKey}); digest && digest->text() != sha256_hex(text)) {
    throw make_error(ErrorKind::failed, "run {} never began: its plan is not whole", run)
        .hint(fmt::format("'kfrun delete {}' removes it; submit the pipeline again", run));
  }
  return pipeline::pipeline_from_node(document::read_json(text, "plan of " + run));
}

std::vector<RecordEntry> KubernetesRecordStore::entries(const std::string& run) {
  auto entries = read_entries(client_, name_space_, run);
  if (entries.empty()) head_object_of(run);
  return entries;
}

void KubernetesRecordStore::request_stop(const std::string& run, const std::string& why) {
  set_data(run, {{kStopKey, Node::string(why.empty() ? "stopped" : why)}}, "stopping");
}

void KubernetesRecordStore::withdraw_stop(const std::string& run) { set_data(run, {{kStopKey, Node::null()}}, "going on with"); }

void KubernetesRecordStore::request_suspend(const std::string& run, const std::string& why) {
  set_data(run, {{kSuspendKey, Node::string(why.empty() ? "suspended" : why)}}, "suspending");
}

void KubernetesRecordStore::request_continue(const std::string& run) {
  set_data(run, {{kSuspendKey, Node::null()}}, "continuing");
}

void KubernetesRecordStore::set_data(const std::string& run, const std::vector<std::pair<std::string_view, Node>>& data,
                                     std::string_view doing) {
  Node members = Node::mapping(document::Mapping{});
  for (const auto& [key, value] : data) members.set(key, value);
  auto request = patient_patch(path_of(config_maps, name_space_, head_name(run)), Node::mapping({{"data", std::move(members)}}));
  request.retry_for = client_.config().retry_for;
  throw_unless_ok(client_.send(std::move(request)), fmt::format("{} run {}", doing, run));
}

Control KubernetesRecordStore::control(const std::string& run) {
  kube::Request request;
  request.path = path_of(config_maps, name_space_, head_name(run));
  const auto reply = client_.send(urgent(std::move(request)));
  if (!reply.ok()) return {};
  const Node* stop = reply.body.find_path({"data", kStopKey});
  const Node* suspend = reply.body.find_path({"data", kSuspendKey});
  return {stop ? stop->text() : "", suspend ? suspend->text() : ""};
}

bool KubernetesRecordStore::is_carried(const std::string& run) {
  return is_lease_held(client_, name_space_, run).value_or(false);
}

bool KubernetesRecordStore::may_be_carried(const std::string& run) {
  return is_lease_held(client_, name_space_, run).value_or(true);
}

// The server's garbage collector removes what the head owns. A pod that waits for its result to be recorded would stay.
void KubernetesRecordStore::remove(const std::string& run) {
  head_object_of(run);
  for (const auto& pod : client_.list(kube::types::pods, name_space_, run_selector(run))) {
    if (holds_finalizer(pod)) client_.send(release_of_pod(name_space_, pod.find_path({"metadata", "name"})->text()));
  }
  const auto reply = client_.remove(config_maps, name_space_, head_name(run),
                                    Node::mapping({{"apiVersion", Node::string("v1")},
                                                   {"kind", Node::string("DeleteOptions")},
                                                   {"propagationPolicy", Node::string("Background")}}));
  if (reply.status != 404) throw_unless_ok(reply, "deleting run " + run);
}

}  // namespace kfrun::run
