#include "run/record.h"

#include <array>
#include <cmath>

#include "base/text.h"

namespace kfrun::run {

namespace {

using document::Node;
using Kind = RecordEntry::Kind;

constexpr std::array<std::string_view, 10> kKinds{"run_started", "attempt_started", "attempt_ended", "cache_hit",
                                                  "instance",    "stop_requested",  "run_ended",     "suspended",
                                                  "continued",   "retry_requested"};
constexpr std::string_view kNumber = "$number";  // {"$number": ".inf"}

// A mapping that leaves out what is empty.
class Members {
 public:
  void text(std::string_view key, const std::string& value) {
    if (!value.empty()) node_.set(key, Node::string(value));
  }
  void values(std::string_view key, const Values& values) {
    if (!values.empty()) node_.set(key, to_node(values));
  }
  void time(std::string_view key, TimePoint time) {
    if (time != TimePoint{}) node_.set(key, Node::string(to_rfc3339(time)));
  }
  void set(std::string_view key, Node value) { node_.set(key, std::move(value)); }
  Node take() { return std::move(node_); }

 private:
  Node node_ = Node::mapping(document::Mapping{});
};

Node to_node(const Outcome& outcome) {
  Members members;
  members.text("failure", std::string(outcome.failure == FailureClass::none ? "" : to_string(outcome.failure)));
  if (outcome.exit_code != 0) members.set("exitCode", Node::integer(outcome.exit_code));
  // What programs print may be no text; a record must stay readable.
  members.text("reason", valid_utf8(outcome.reason));
  members.text("message", valid_utf8(outcome.message));
  members.values("outputs", outcome.outputs);
  members.text("host", outcome.host);
  members.text("log", outcome.log);
  members.text("pod", outcome.pod);
  members.time("started", outcome.started);
  if (outcome.unseen) members.set("unseen", Node::boolean(true));
  return members.take();
}

[[noreturn]] void refuse(std::string_view key, const Node& node) {
  throw input_error(node.place({}), "this is no record: {} is {}", key, node.is_scalar() ? node.text() : node.type_name());
}

std::string text_at(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  if (!found) return {};
  if (!found->is_string()) refuse(key, *found);
  return found->text();
}

int integer_at(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  if (!found) return 0;
  const auto value = found->as_integer();
  if (!value || *value < std::numeric_limits<int>::min() || *value > std::numeric_limits<int>::max()) refuse(key, *found);
  return static_cast<int>(*value);
}

TimePoint time_at(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  if (!found) return {};
  const auto time = parse_rfc3339(found->text());
  if (!time) refuse(key, *found);
  return *time;
}

Values values_at(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found ? values_from_node(*found) : Values{};
}

// The word under `key` read by `parse`; `fallback` when there is none.
template <typename Enum, typename Parse>
Enum word_at(const Node& node, std::string_view key, Enum fallback, Parse parse) {
  const Node* found = node.find(key);
  if (!found) return fallback;
  const auto value = parse(found->text());
  if (!value) refuse(key, *found);
  return *value;
}

std::optional<Kind> parse_kind(std::string_view word) {
  const auto found = std::find(kKinds.begin(), kKinds.end(), word);
  return found == kKinds.end() ? std::nullopt : std::optional<Kind>(static_cast<Kind>(found - kKinds.begin()));
}

Outcome outcome_from_node(const Node& node) {
  Outcome outcome;
  outcome.failure = word_at(node, "failure", FailureClass::none, parse_failure_class);
  outcome.exit_code = integer_at(node, "exitCode");
  outcome.reason = text_at(node, "reason");
  outcome.message = text_at(node, "message");
  outcome.outputs = values_at(node, "outputs");
  outcome.host = text_at(node, "host");
  outcome.log = text_at(node, "log");
  outcome.pod = text_at(node, "pod");
  outcome.started = time_at(node, "started");
  const Node* unseen = node.find("unseen");
  outcome.unseen = unseen && unseen->as_boolean().value_or(false);
  return outcome;
}

Node encoded(const Value& value) {
  if (value.is_sequence()) {
    Node list = Node::sequence();
    for (const auto& item : value.items()) list.push_back(encoded(item));
    return list;
  }
  if (value.is_mapping()) {
    Node mapping = Node::mapping(document::Mapping{});
    for (const auto& member : value.members()) mapping.members().push_back({member.key, encoded(member.value)});
    return mapping;
  }
  if (value.is_number() && !value.is_integer() && !std::isfinite(value.as_number().value_or(0))) {
    return Node::mapping({{kNumber, Node::string(value.text())}});
  }
  return value;
}

Value decoded(const Node& node) {
  if (node.is_sequence()) {
    Value list = Value::sequence();
    for (const auto& item : node.items()) list.push_back(decoded(item));
    return list;
  }
  if (!node.is_mapping()) return node;
  if (node.size() == 1 && node.find(kNumber)) return Value::scalar(node.find(kNumber)->text(), document::Tag::floating);
  Value mapping = Value::mapping(document::Mapping{});
  for (const auto& member : node.members()) mapping.members().push_back({member.key, decoded(member.value)});
  return mapping;
}

}  // namespace

Node to_node(const Values& values) {
  Node mapping = Node::mapping(document::Mapping{});
  for (const auto& [name, value] : values) mapping.members().push_back({Node::string(name), encoded(value)});
  return mapping;
}

Values values_from_node(const Node& node) {
  if (!node.is_mapping()) refuse("a set of values", node);
  Values values;
  for (const auto& member : node.members()) values[member.key.text()] = decoded(member.value);
  return values;
}

Node to_node(const RecordEntry& entry) {
  Members members;
  members.set("at", Node::string(to_rfc3339(entry.at)));
  members.set("event", Node::string(std::string(kKinds[static_cast<std::size_t>(entry.kind)])));
  members.text("instance", entry.id.instance);
  if (entry.id.attempt != 0) members.set("attempt", Node::integer(entry.id.attempt));
  if (entry.kind == Kind::instance || entry.kind == Kind::run_ended) {
    members.set("state", Node::string(std::string(to_string(entry.state))));
  }
  members.text("reason", valid_utf8(entry.reason));
  members.text("task", entry.task);
  members.text("turn", valid_utf8(entry.turn));
  members.text("cacheKey", entry.cache_key);
  members.values("inputs", entry.inputs);
  members.values("outputs", entry.outputs);
  if (entry.kind == Kind::attempt_ended) members.set("outcome", to_node(entry.outcome));
  return members.take();
}

RecordEntry record_entry_from_node(const Node& node) {
  if (!node.is_mapping() || !node.find("event")) refuse("a line", node);
  RecordEntry entry;
  entry.kind = word_at(node, "event", Kind::run_started, parse_kind);
  entry.at = time_at(node, "at");
  entry.id = {text_at(node, "instance"), integer_at(node, "attempt")};
  entry.state = word_at(node, "state", State::pending, parse_state);
  entry.reason = text_at(node, "reason");
  entry.task = text_at(node, "task");
  entry.turn = text_at(node, "turn");
  entry.cache_key = text_at(node, "cacheKey");
  entry.inputs = values_at(node, "inputs");
  entry.outputs = values_at(node, "outputs");
  if (const Node* outcome = node.find("outcome")) entry.outcome = outcome_from_node(*outcome);
  return entry;
}

Node to_node(const RunHead& head) {
  Members members;
  members.text("id", head.id);
  members.text("name", head.name);
  members.text("namespace", head.name_space);
  members.text("executor", head.executor);
  members.text("source", head.source);
  members.time("created", head.created);
  members.values("arguments", head.arguments);
  members.set("maxParallel", Node::integer(head.max_parallel));
  members.set("cache", Node::boolean(head.cache));
  members.text("engine", head.engine);
  if (!head.engine_arguments.empty()) members.set("engineArguments", Node::strings(head.engine_arguments));
  return members.take();
}

RunHead run_head_from_node(const Node& node) {
  if (!node.is_mapping() || !node.find("id")) refuse("the head of a run", node);
  const Node* cache = node.find("cache");
  std::vector<std::string> engine_arguments;
  if (const Node* list = node.find("engineArguments"); list && list->is_sequence()) {
    for (const auto& word : list->items()) engine_arguments.push_back(word.text());
  }
  return {text_at(node, "id"),          text_at(node, "name"),           text_at(node, "namespace"),
          text_at(node, "executor"),    text_at(node, "source"),         time_at(node, "created"),
          values_at(node, "arguments"), integer_at(node, "maxParallel"), !cache || cache->as_boolean().value_or(true),
          text_at(node, "engine"),      std::move(engine_arguments)};
}

}  // namespace kfrun::run
