#include "run/kubernetes_message.h"

#include <charconv>

#include "base/digest.h"
#include "document/reader.h"
#include "run/executor_output.h"
#include "run/kubernetes_layout.h"
#include "run/output_value.h"

namespace kfrun::run {

namespace {

using document::Node;

// As lib/launcher/message.h has them.
constexpr std::string_view kHead = "kfrun1 ";
constexpr std::string_view kLogHead = "::kfrun-outputs1 ";

// The number in `text`, which is left with what follows it and one separator.
template <typename Number>
std::optional<Number> take_number(std::string_view& text, int base) {
  Number number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (fault != std::errc() || end == text.data() + text.size() || (*end != ' ' && *end != '\n')) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return number;
}

PodMessage message_of(Node body) {
  PodMessage message;
  message.kind = PodMessage::Kind::outputs;
  if (const Node* failure = body.find("failure")) {
    message.kind = PodMessage::Kind::failure;
    message.reason = failure->text();
    message.text = body.text_of("message");
  } else if (const Node* size = body.find("logged")) {
    message.kind = PodMessage::Kind::logged;
    message.size = size->as_integer().value_or(0);
  } else {
    message.body = std::move(body);
  }
  return message;
}

// "<bytes> <CRC-32> <JSON>", checked.
PodMessage unframe(std::string_view text) {
  PodMessage corrupt;
  corrupt.kind = PodMessage::Kind::corrupt;
  const auto size = take_number<std::size_t>(text, 10);
  const auto sum = size ? take_number<unsigned>(text, 16) : std::nullopt;
  if (!sum || text.size() < *size) return corrupt;
  text = text.substr(0, *size);
  if (crc32(text) != *sum) return corrupt;
  try {
    return message_of(document::read_json(text, "termination message"));
  } catch (const Error&) {
    return corrupt;
  }
}

Value artifact_of(const pipeline::Output& output, const Node& kept) {
  return pipeline::make_artifact(
      {artifact_uri(kept.text_of("path")), output.type.artifact_type, kept.text_of("digest"), {}, output.name});
}

std::optional<Value> written(const pipeline::Output& output, const Node& body, bool is_kfp) {
  if (!output.type.is_artifact()) {
    const Node* text = body.find_path({"parameters", output.name});
    if (!text) return std::nullopt;
    return is_kfp ? parse_kfp_output(output, text->text()) : parse_output(output, text->text());
  }
  const Node* kept = body.find_path({"artifacts", output.name});
  if (!kept) return std::nullopt;
  if (!kept->is_sequence()) return artifact_of(output, *kept);
  Value list = Value::sequence();
  for (const auto& item : kept->items()) list.push_back(artifact_of(output, item));
  return list;
}

}  // namespace

PodMessage read_termination_message(std::string_view text) {
  if (!text.starts_with(kHead)) return {};
  return unframe(text.substr(kHead.size()));
}

PodMessage read_log_message(std::string_view log) {
  while (log.ends_with('\n')) log.remove_suffix(1);
  const auto line = log.substr(log.rfind('\n') + 1);
  if (!line.starts_with(kLogHead)) return {};
  return unframe(line.substr(kLogHead.size()));
}

Values outputs_of_message(const pipeline::Task& task, const PodMessage& message) {
  Values outputs;
  const bool is_kfp = task.protocol == pipeline::Protocol::kfp;
  ExecutorOutput given;
  const Node* results = is_kfp ? message.body.find_path({"parameters", kResultsOutput}) : nullptr;
  if (results) given = read_executor_output(results->text());
  for (const auto& output : task.outputs) {
    auto value = written(output, message.body, is_kfp);
    if (is_kfp) value = with_executor_output(output, std::move(value), given);
    if (value) {
      outputs[output.name] = std::move(*value);
    } else if (output.default_value) {
      outputs[output.name] = *output.default_value;
    } else {
      throw input_error({}, "output {} was not written", output.name);
    }
  }
  return outputs;
}

std::string LogFilter::add(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    if (in_message_ || !at_start_) {
      const auto newline = bytes.find('\n');
      const auto taken = bytes.substr(0, newline == bytes.npos ? newline : newline + 1);
      if (!in_message_) out += taken;
      bytes.remove_prefix(taken.size());
      if (newline != bytes.npos) {
        at_start_ = true;
        in_message_ = false;
      }
      continue;
    }
    held_ += bytes.front();
    bytes.remove_prefix(1);
    if (held_.size() < kLogHead.size() && kLogHead.starts_with(held_)) continue;
    in_message_ = held_ == kLogHead;
    at_start_ = held_.ends_with('\n');
    if (!in_message_) out += held_;
    held_.clear();
  }
  return out;
}

std::string LogFilter::finish() { return std::exchange(held_, {}); }

}  // namespace kfrun::run
