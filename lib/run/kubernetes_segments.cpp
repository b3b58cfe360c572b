#include "run/kubernetes_segments.h"

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/text.h"
#include "run/kubernetes_objects.h"
#include "run/kubernetes_pod.h"

namespace kfrun::run {

namespace {

using document::Node;
using kube::types::config_maps;

constexpr std::size_t kPlanPiece = 900 << 10;
constexpr std::size_t kLogPiece = 700 << 10;
// Nothing is added to one that holds so much: the server reads, stores and sends back all of a segment each time.
constexpr std::size_t kLogSegment = 64 << 10;
constexpr std::string_view kNumberLabel = "kfrun.dev/segment";
constexpr std::string_view kResumesAnnotation = "kfrun.dev/resumes";  // by whom: what an earlier writer left unfinished is void
constexpr std::string_view kSealedAnnotation = "kfrun.dev/sealed";    // nobody may write any more: the next segment's epoch
constexpr std::string_view kEpochAnnotation = "kfrun.dev/epoch";

// The beginning of a text that is at most `most` bytes and ends with a whole character.
std::string_view piece_of(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

std::string key_of(int number) { return fmt::format("{:06}", number); }

Node segment_object(const SegmentOwner& owner, std::string_view kind, int number, std::string_view text) {
  Node labels = run_labels(owner.run);
  labels.set(kKindLabel, Node::string(std::string(kind)));
  labels.set(kNumberLabel, Node::string(std::to_string(number)));
  return Node::mapping(
      {{"apiVersion", Node::string("v1")},
       {"kind", Node::string("ConfigMap")},
       {"metadata", Node::mapping({{"name", Node::string(fmt::format("{}-{}-{}", head_name(owner.run), kind, number))},
                                   {"labels", std::move(labels)},
                                   {"ownerReferences", owned_by(head_name(owner.run), owner.uid)}})},
       {"data", Node::mapping({{key_of(0), Node::string(std::string(text))}})}});
}

bool has_data(const Node& object, const Node& data) {
  const Node* there = object.find("data");
  return there && *there == data;
}

// Creates it, or finds that an earlier try did.
Node create_or_find(kube::Client& client, const SegmentOwner& owner, const Node& object) {
  auto reply = client.send(urgent(briefly(patient("POST", path_of(config_maps, owner.name_space), object))));
  if (reply.status == 409) {
    reply = client.get(config_maps, owner.name_space, object.find_path({"metadata", "name"})->text());
    if (reply.ok() && !has_data(reply.body, *object.find("data"))) throw carried_by_another(owner.run);
  }
  throw_unless_ok(reply, "recording run " + owner.run);
  return reply.body;
}

int number_of(const Node& segment) {
  const Node* label = segment.find_path({"metadata", "labels", kNumberLabel});
  return static_cast<int>(label ? parse_integer(label->text()).value_or(0) : 0);
}

std::string text_of(const Node& segment) {
  std::map<std::string, std::string> pieces;
  if (const Node* data = segment.find("data"); data && data->is_mapping()) {
    for (const auto& member : data->members()) pieces[member.key.text()] = member.value.text();
  }
  std::string text;
  for (const auto& [key, piece] : pieces) text += piece;
  return text;
}

}  // namespace

void write_plan(kube::Client& client, const SegmentOwner& owner, const std::string& text) {
  std::string_view rest = text;
  for (int number = 0; number == 0 || !rest.empty(); ++number) {
    const auto piece = piece_of(rest, kPlanPiece);
    Node object = segment_object(owner, "plan", number, piece);
    object.set("immutable", Node::boolean(true));
    create_or_find(client, owner, object);
    rest.remove_prefix(piece.size());
  }
}

std::string SegmentWriter::name() const { return fmt::format("{}-log-{}", head_name(owner_.run), segment_); }

void SegmentWriter::write(std::string_view text) {
  while (!text.empty()) {
    const bool is_full = keys_ > 0 && (size_ >= kLogSegment || size_ + std::min(text.size(), kLogPiece) > kLogPiece);
    if (is_full) {
      ++segment_;
      keys_ = 0;
      size_ = 0;
    }
    const auto piece = piece_of(text, kLogPiece);
    keys_ == 0 ? create(piece) : extend(piece);
    ++keys_;
    size_ += piece.size();
    text.remove_prefix(piece.size());
  }
}

void SegmentWriter::create(std::string_view piece) {
  const Node object = segment_object(owner_, "log", segment_, piece);
  version_ = version_of(create_or_find(*client_, owner_, object));
}

// The newest segment is sealed, which makes the version that its writer knows an old one, and a new one is begun.
void SegmentWriter::take_over() {
  const Node seal = Node::mapping(
      {{"metadata",
        Node::mapping({{"annotations", Node::mapping({{kSealedAnnotation, Node::string(std::to_string(epoch_))}})}})}});
  do {
    const auto segments = client_->list(config_maps, owner_.name_space,
                                        fmt::format("{}={},{}=log", kRunLabel, label_value(owner_.run), kKindLabel));
    segment_ = next_segment(segments);
    if (segment_ == 0) continue;
    const auto last = fmt::format("{}-log-{}", head_name(owner_.run), segment_ - 1);
    throw_unless_ok(client_->send(patient_patch(path_of(config_maps, owner_.name_space, last), seal)),
                    "taking over the record of run " + owner_.run);
  } while (!open());
}

// Begins a segment that says who began it; false when another did.
bool SegmentWriter::open() {
  const auto token = hex(random_bytes(8));
  Node object = segment_object(owner_, "log", segment_, "");
  object.find("metadata")
      ->set("annotations",
            Node::mapping({{kResumesAnnotation, Node::string(token)}, {kEpochAnnotation, Node::string(std::to_string(epoch_))}}));
  auto reply = client_->send(patient("POST", path_of(config_maps, owner_.name_space), object));
  if (reply.status == 409) {
    reply = client_->get(config_maps, owner_.name_space, name());
    const Node* there = reply.body.find_path({"metadata", "annotations", kResumesAnnotation});
    if (reply.ok() && !(there && there->text() == token)) return false;
  }
  throw_unless_ok(reply, "recording run " + owner_.run);
  version_ = version_of(reply.body);
  keys_ = 1;
  size_ = 0;
  return true;
}

void SegmentWriter::extend(std::string_view piece) {
  const auto key = key_of(keys_);
  const auto doing = "recording run " + owner_.run;
  for (int turn = 0;; ++turn) {
    const Node patch = Node::mapping({{"metadata", Node::mapping({{"resourceVersion", Node::string(version_)}})},
                                      {"data", Node::mapping({{key, Node::string(std::string(piece))}})}});
    auto reply = client_->send(urgent(briefly(patient_patch(path_of(config_maps, owner_.name_space, name()), patch))));
    if (reply.status == 409) {
      reply = client_->get(config_maps, owner_.name_space, name());
      throw_unless_ok(reply, doing);
      if (reply.body.find_path({"metadata", "annotations", kSealedAnnotation})) throw carried_by_another(owner_.run);
      const Node* data = reply.body.find("data");
      const Node* there = data ? data->find(key) : nullptr;
      if (there ? there->text() != piece : data && data->size() != static_cast<std::size_t>(keys_))
        throw carried_by_another(owner_.run);
      version_ = version_of(reply.body);
      if (there) return;
      // Somebody touched something else of it, a label perhaps.
      if (turn < 10) continue;
      throw carried_by_another(owner_.run);
    }
    throw_unless_ok(reply, doing);
    version_ = version_of(reply.body);
    return;
  }
}

Error carried_by_another(const std::string& run) {
  return make_error(ErrorKind::conflict, "run {} is being carried by another kfrun", run)
      .hint(fmt::format("'kfrun wait {}' follows it, 'kfrun stop {}' ends it", run, run));
}

std::string text_of_segments(const std::vector<Node>& segments) {
  std::vector<const Node*> ordered;
  for (const auto& segment : segments) ordered.push_back(&segment);
  std::sort(ordered.begin(), ordered.end(), [](const Node* a, const Node* b) { return number_of(*a) < number_of(*b); });
  std::string text;
  for (const Node* segment : ordered) {
    if (segment->find_path({"metadata", "annotations", kResumesAnnotation})) text.resize(text.rfind('\n') + 1);
    text += text_of(*segment);
  }
  return text;
}

int next_segment(const std::vector<Node>& segments) {
  int next = 0;
  for (const auto& segment : segments) next = std::max(next, number_of(segment) + 1);
  return next;
}

}  // namespace kfrun::run
