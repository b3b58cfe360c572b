// JSON through RapidJSON's SAX reader: numbers keep their text, faults get a line and a column.
#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>

#include "document/json_values.h"
#include "document/reader.h"
#include "document/writer.h"

namespace kfrun::document {

namespace {

constexpr unsigned kFlags =
    rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

// Builds the tree. A duplicate key replaces the earlier value, as Go's encoding/json has it.
class TreeBuilder {
 public:
  explicit TreeBuilder(std::size_t max_depth) : max_depth_(max_depth) {}

  bool Null() { return put(Node::null()); }
  bool Bool(bool value) { return put(Node::boolean(value)); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    std::string digits(text, size);
    const Tag tag = digits.find_first_of(".eE") == std::string::npos ? Tag::integer : Tag::floating;
    return put(Node::scalar(std::move(digits), tag));
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return put(Node::scalar({text, size}, Tag::string, Style::double_quoted));
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    keys_.back().assign(text, size);
    return true;
  }
  bool StartObject() { return open(Node::mapping(Mapping{})); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() { return open(Node::sequence()); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  // Never called with kParseNumbersAsStringsFlag, but the reader wants them.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  bool too_deep() const { return too_deep_; }
  Node take() { return std::move(root_); }

 private:
  bool put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().is_sequence()) {
      open_.back().items().push_back(std::move(node));
    } else {
      open_.back().members().push_back(
          {Node::scalar(std::move(keys_.back()), Tag::string, Style::double_quoted), std::move(node)});
    }
    return true;
  }
  bool open(Node node) {
    too_deep_ = open_.size() >= max_depth_;
    open_.push_back(std::move(node));
    keys_.emplace_back();
    return !too_deep_;
  }
  bool close() {
    Node node = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    drop_earlier_duplicates(node);
    return put(std::move(node));
  }
  static void drop_earlier_duplicates(Node& node) {
    if (!node.is_mapping()) return;
    auto& members = node.members();
    std::vector<const std::string*> keys;
    for (const auto& member : members) keys.push_back(&member.key.text());
    std::sort(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return *a < *b; });
    const auto same = [](const auto* a, const auto* b) { return *a == *b; };
    if (std::adjacent_find(keys.begin(), keys.end(), same) == keys.end()) return;
    Node kept = Node::mapping(Mapping{});
    for (auto& member : members) kept.set(member.key.text(), std::move(member.value));
    node = std::move(kept);
  }

  std::size_t max_depth_;
  bool too_deep_ = false;
  Node root_;
  std::vector<Node> open_;
  std::vector<std::string> keys_;
};

Place place_of_offset(std::string_view text, std::size_t offset, const std::string& file) {
  const auto before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  return {file,
          static_cast<int>(line) + 1,
          static_cast<int>(before.size() - (start == std::string_view::npos ? 0 : start + 1)) + 1,
          {}};
}

void append_string(std::string& out, std::string_view text, const JsonStyle& style) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || (style.escape_html && (c == '<' || c == '>' || c == '&'))) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else if (style.escape_html && text.substr(i, 2) == "\xE2\x80" && i + 2 < text.size() &&
               (text[i + 2] == '\xA8' || text[i + 2] == '\xA9')) {
      out += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
  out += '"';
}

class JsonWriter {
 public:
  JsonWriter(std::string& out, const JsonStyle& style) : out_(out), style_(style) {}

  void write(const Node& node, int depth) {
    if (node.is_mapping()) return write_mapping(node, depth);
    if (node.is_sequence()) return write_sequence(node, depth);
    if (node.is_null()) {
      out_ += "null";
    } else if (node.is_boolean()) {
      out_ += node.as_boolean().value_or(false) ? "true" : "false";
    } else if (node.is_number()) {
      out_ += json_number_text(node);
    } else {
      append_string(out_, node.text(), style_);
    }
  }

 private:
  void new_line(int depth) {
    if (style_.indent == 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth * style_.indent), ' ');
  }

  void write_mapping(const Node& node, int depth) {
    std::vector<const Member*> members;
    for (const auto& member : node.members()) members.push_back(&member);
    if (style_.sort_keys) {
      std::stable_sort(members.begin(), members.end(),
                       [](const Member* a, const Member* b) { return a->key.text() < b->key.text(); });
    }
    out_ += '{';
    for (const auto* member : members) {
      if (member != members.front()) out_ += ',';
      new_line(depth + 1);
      append_string(out_, member->key.text(), style_);
      out_ += style_.indent > 0 ? ": " : ":";
      write(member->value, depth + 1);
    }
    if (!members.empty()) new_line(depth);
    out_ += '}';
  }

  void write_sequence(const Node& node, int depth) {
    out_ += '[';
    for (const auto& item : node.items()) {
      if (&item != &node.items().front()) out_ += ',';
      new_line(depth + 1);
      write(item, depth + 1);
    }
    if (node.size() > 0) new_line(depth);
    out_ += ']';
  }

  std::string& out_;
  const JsonStyle& style_;
};

}  // namespace

Node read_json(std::string_view text, const std::string& file, const ReadLimits& limits) {
  if (text.size() > limits.max_bytes) {
    throw input_error({file, 0, 0, {}}, "json: {} bytes are more than the {} allowed", text.size(), limits.max_bytes);
  }
  rapidjson::MemoryStream memory(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(memory);
  TreeBuilder builder(limits.max_depth);
  rapidjson::Reader reader;
  const auto result = reader.Parse<kFlags>(stream, builder);
  if (!result) {
    Place place = place_of_offset(text, result.Offset(), file);
    if (builder.too_deep()) throw input_error(std::move(place), "json: nested deeper than {}", limits.max_depth);
    throw input_error(std::move(place), "json: {}", rapidjson::GetParseError_En(result.Code()));
  }
  return builder.take();
}

std::string write_json(const Node& node, const JsonStyle& style) {
  std::string out;
  JsonWriter(out, style).write(node, 0);
  return out;
}

}  // namespace kfrun::document
