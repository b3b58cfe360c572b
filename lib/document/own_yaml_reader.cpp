// kfrun's own files through yaml-cpp's event parser: YAML 1.2 core schema, duplicate keys refused, places from its marks.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "document/reader.h"
#include "document/resolve.h"

namespace kfrun::document {

namespace {

Place place_of(const YAML::Mark& mark, const std::string& file) { return {file, mark.line + 1, mark.column + 1, {}}; }

// yaml-cpp recurses into flow collections; a text that nests deeper than is allowed must not reach it.
void check_flow_depth(std::string_view text, const std::string& file, std::size_t max_depth) {
  std::size_t depth = 0;
  int line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    if ((c == '[' || c == '{') && ++depth > max_depth) throw input_error({file, line, 0, {}}, "nested deeper than {}", max_depth);
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, const ReadLimits& limits) : file_(file), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { put(Node::scalar("", Tag::null), mark, anchor); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    // "?" is yaml-cpp's tag of a plain scalar, "!" of a quoted one.
    const bool plain = tag == "?" || tag.empty();
    Tag resolved = plain ? resolve_core(value) : Tag::string;
    if (tag == "tag:yaml.org,2002:int") resolved = Tag::integer;
    if (tag == "tag:yaml.org,2002:float") resolved = Tag::floating;
    put(Node::scalar(value, resolved, plain ? Style::plain : Style::double_quoted), mark, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw input_error(place_of(mark, file_), "an alias inside the value it names");
    count_copied(found->second);
    put(found->second, mark, 0);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Node::sequence(), mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Node::mapping(Mapping{}), mark, anchor);
  }
  void OnMapEnd() override { close(); }

  Node take() { return std::move(root_); }
  const YAML::Mark& start() const { return start_; }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Node> key;
    std::map<std::string, int> lines_of_keys;
  };

  static std::size_t count(const Node& node) {
    std::size_t nodes = 1;
    if (node.is_sequence()) {
      for (const auto& item : node.items()) nodes += count(item);
    } else if (node.is_mapping()) {
      for (const auto& member : node.members()) nodes += 1 + count(member.value);
    }
    return nodes;
  }

  // An anchor keeps a copy of its value, and an alias makes one.
  void count_copied(const Node& node) {
    alias_nodes_ += count(node);
    if (alias_nodes_ > limits_.max_alias_nodes) {
      throw input_error(node.place(file_), "aliases expand to more than {} values", limits_.max_alias_nodes);
    }
  }
  void keep(YAML::anchor_t anchor, const Node& node) {
    count_copied(node);
    anchors_[anchor] = node;
  }

  void open(Node node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= limits_.max_depth) throw input_error(place_of(mark, file_), "nested deeper than {}", limits_.max_depth);
    node.set_position(mark.line + 1, mark.column + 1);
    open_.push_back({std::move(node), anchor, std::nullopt, {}});
  }

  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (closed.anchor != 0) keep(closed.anchor, closed.node);
    place(std::move(closed.node));
  }

  void put(Node node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    node.set_position(mark.line + 1, mark.column + 1);
    if (anchor != 0) keep(anchor, node);
    place(std::move(node));
  }

  void place(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_sequence()) {
      parent.node.items().push_back(std::move(node));
    } else if (!parent.key) {
      check_key(parent, node);
      parent.key = std::move(node);
    } else {
      parent.node.members().push_back({std::move(*parent.key), std::move(node)});
      parent.key.reset();
    }
  }

  void check_key(Open& parent, const Node& key) const {
    if (!key.is_scalar()) throw input_error(key.place(file_), "a key must be a word, found {}", key.type_name());
    const auto [earlier, is_new] = parent.lines_of_keys.emplace(key.text(), key.line());
    if (!is_new) {
      Error error =
          input_error(key.place(file_), "key '{}' stands here a second time; first at line {}", key.text(), earlier->second);
      error.hint("remove one of the two");
      throw error;
    }
  }

  const std::string& file_;
  const ReadLimits& limits_;
  Node root_;
  YAML::Mark start_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t alias_nodes_ = 0;
};

}  // namespace

std::vector<Node> read_own_yaml_documents(std::string_view text, const std::string& file, const ReadLimits& limits) {
  if (text.size() > limits.max_bytes)
    throw input_error({file, 0, 0, {}}, "{} bytes are more than the {} allowed", text.size(), limits.max_bytes);
  check_flow_depth(text, file, limits.max_depth);
  std::istringstream stream{std::string(text)};
  std::vector<Node> documents;
  try {
    YAML::Parser parser(stream);
    for (int last = -1;;) {
      TreeBuilder builder(file, limits);
      if (!parser.HandleNextDocument(builder)) return documents;
      // At a token that begins no value yaml-cpp gives empty documents for ever.
      if (builder.start().pos == last) throw input_error(place_of(builder.start(), file), "yaml: no value can begin here");
      last = builder.start().pos;
      documents.push_back(builder.take());
    }
  } catch (const YAML::Exception& fault) {
    throw input_error(place_of(fault.mark, file), "yaml: {}", fault.msg);
  }
}

Node read_own_yaml(std::string_view text, const std::string& file, const ReadLimits& limits) {
  auto documents = read_own_yaml_documents(text, file, limits);
  if (documents.size() > 1) throw input_error(documents[1].place(file), "one document was expected, found {}", documents.size());
  return documents.empty() ? Node() : std::move(documents[0]);
}

}  // namespace kfrun::document
