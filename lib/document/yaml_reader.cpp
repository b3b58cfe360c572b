// YAML to trees through libyaml's events. Go's YAML libraries are ports of libyaml, so the language and the words of its
// errors are the same.
#include <yaml.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_set>

#include "base/digest.h"
#include "base/text.h"
#include "document/number.h"
#include "document/plain_yaml.h"
#include "document/reader.h"
#include "document/resolve.h"
#include "document/stack_end.h"

namespace kfrun::document {

namespace {

Style style_of(yaml_scalar_style_t style) {
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
      return Style::single_quoted;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
      return Style::double_quoted;
    case YAML_LITERAL_SCALAR_STYLE:
      return Style::literal;
    case YAML_FOLDED_SCALAR_STYLE:
      return Style::folded;
    default:
      return Style::plain;
  }
}

// One event, deleted with it.
class Event {
 public:
  Event() = default;
  ~Event() { yaml_event_delete(&event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  yaml_event_t* get() { return &event_; }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  yaml_event_t event_{};
};

std::string_view view(const yaml_char_t* text) { return text ? reinterpret_cast<const char*>(text) : std::string_view(); }

// Reads one document's text.
class Parser {
 public:
  Parser(std::string_view text, int first_line, const std::string& file, Schema schema, const ReadLimits& limits)
      : text_(text), first_line_(first_line), file_(file), schema_(schema), limits_(limits) {
    if (!yaml_parser_initialize(&parser_)) throw make_error(ErrorKind::internal, "libyaml: out of memory");
    may_escape_slash_ = text.find("\\/") != std::string_view::npos;
    set_input(parser_, text);
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Go's decoders are asked for one document; what follows it in the text is never looked at.
  void read_first(std::vector<Node>& documents) {
    for (;;) {
      Event event;
      next(event);
      if (event->type == YAML_STREAM_END_EVENT) return;
      if (event->type == YAML_DOCUMENT_START_EVENT) break;
    }
    Event content;
    next(content);
    Node root = read_node(content, 0);
    Event end;
    next(end);
    if (!root.is_null()) documents.push_back(std::move(root));
  }

 private:
  void next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get())) return;
    if (parser_.error == YAML_PARSER_ERROR && parser_.tokens.head != parser_.tokens.tail)
      throw_scanner_fault_ahead(*parser_.tokens.head);
    throw syntax_error(parser_);
  }

  // go-yaml v3 has scanned two tokens ahead when it parses one, so a fault of the scanner there comes first.
  void throw_scanner_fault_ahead(const yaml_token_t& problem) const {
    if (schema_ != Schema::go_yaml_v3) return;
    struct Scanner {
      yaml_parser_t parser{};
      ~Scanner() { yaml_parser_delete(&parser); }
    } scanner;
    if (!yaml_parser_initialize(&scanner.parser)) return;
    set_input(scanner.parser, text_);
    for (std::ptrdiff_t ahead = -1; ahead < 2;) {
      yaml_token_t token;
      if (!yaml_parser_scan(&scanner.parser, &token)) {
        // libyaml looks further, to tell keys from values.
        if (ahead + (scanner.parser.tokens.tail - scanner.parser.tokens.head) >= 2) return;
        throw syntax_error(scanner.parser);
      }
      if (ahead >= 0 || (token.start_mark.index == problem.start_mark.index && token.type == problem.type)) ++ahead;
      const bool last = token.type == YAML_STREAM_END_TOKEN;
      yaml_token_delete(&token);
      if (last) return;
    }
  }

  static void set_input(yaml_parser_t& parser, std::string_view text) {
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  }

  Place place_at(const yaml_mark_t& mark) const {
    return {file_, first_line_ + static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1, {}};
  }

  // go-yaml's "yaml: line N: words": lines of the document, counted from 0 in the scanner and from 1 elsewhere (parser.fail).
  Error syntax_error(const yaml_parser_t& parser) const {
    std::size_t line = 0;
    Place place = place_at(parser.problem_mark);
    if (parser.context_mark.line != 0) {
      line = parser.context_mark.line;
      if (parser.error == YAML_SCANNER_ERROR) ++line;
    } else if (parser.problem_mark.line != 0) {
      line = parser.problem_mark.line;
      if (parser.error == YAML_SCANNER_ERROR) ++line;
    }
    const std::string where = line != 0 ? fmt::format("line {}: ", line) : std::string();
    return Error(ErrorKind::input,
                 fmt::format("yaml: {}{}", where, parser.problem ? parser.problem : "unknown problem parsing YAML content"),
                 std::move(place));
  }

  Node read_node(const Event& event, std::size_t depth) {
    const yaml_mark_t& mark = event->start_mark;
    if (depth > limits_.max_depth) throw input_error(place_at(mark), "yaml: exceeded max depth of {}", limits_.max_depth);
    switch (event->type) {
      case YAML_ALIAS_EVENT:
        return read_alias(view(event->data.alias.anchor), mark);
      case YAML_SCALAR_EVENT:
        return read_scalar(event, mark);
      case YAML_SEQUENCE_START_EVENT:
        return read_sequence(event, mark, depth);
      case YAML_MAPPING_START_EVENT:
        return read_mapping(event, mark, depth);
      default:
        throw input_error(place_at(mark), "yaml: unexpected event");
    }
  }

  Node read_alias(std::string_view name, const yaml_mark_t& mark) {
    const auto found = anchors_.find(std::string(name));
    if (found == anchors_.end()) throw input_error(place_at(mark), "yaml: unknown anchor '{}' referenced", name);
    if (found->second.open) throw input_error(place_at(mark), "yaml: anchor '{}' value contains itself", name);
    alias_nodes_ += found->second.nodes;
    nodes_ += found->second.nodes;
    if (alias_nodes_ > limits_.max_alias_nodes) throw input_error(place_at(mark), "yaml: document contains excessive aliasing");
    return found->second.value;
  }

  Node read_scalar(const Event& event, const yaml_mark_t& mark) {
    const auto& scalar = event->data.scalar;
    std::string text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const auto tag_text = view(scalar.tag);
    const Style style = style_of(scalar.style);
    if (may_escape_slash_ && style == Style::double_quoted) check_escapes(event);
    Tag tag = style == Style::plain ? resolve_plain(text, schema_) : Tag::string;
    if (!tag_text.empty() && tag_text != "!") {
      tag = explicit_tag(tag_text, style != Style::plain, text, mark);
    }
    // v2 knows dates but hands them on as the strings they are.
    if (tag == Tag::timestamp && schema_ == Schema::go_yaml_v2) tag = Tag::string;
    Node node = Node::scalar(std::move(text), tag, style);
    set_position(node, mark);
    remember(scalar.anchor, node, 1);
    ++nodes_;
    return node;
  }

  // libyaml reads JSON's "\/", which go-yaml does not know.
  void check_escapes(const Event& event) {
    const auto begin = byte_at(event->start_mark.index);
    const auto end = byte_at(event->end_mark.index);
    for (auto at = begin; at + 1 < end; ++at) {
      if (text_[at] != '\\') continue;
      ++at;
      if (text_[at] != '/') continue;
      yaml_parser_t fault{};
      fault.error = YAML_SCANNER_ERROR;
      fault.problem = "found unknown escape character";
      fault.context_mark = fault.problem_mark = event->start_mark;
      fault.problem_mark.line += static_cast<std::size_t>(std::count(text_.data() + begin, text_.data() + at, '\n'));
      throw syntax_error(fault);
    }
  }

  // libyaml counts characters. Called with indices that grow.
  std::size_t byte_at(std::size_t index) {
    for (; characters_ < index && bytes_ < text_.size(); ++characters_) {
      do ++bytes_;
      while (bytes_ < text_.size() && (text_[bytes_] & 0xC0) == 0x80);
    }
    return bytes_;
  }

  // The tag that a `!!word` leaves a scalar with; the text of a `!!binary` is decoded.
  Tag explicit_tag(std::string_view tag, bool quoted, std::string& text, const yaml_mark_t& mark) const {
    constexpr std::string_view prefix = "tag:yaml.org,2002:";
    if (!tag.starts_with(prefix)) return Tag::string;
    const auto word = tag.substr(prefix.size());
    if (word == "binary") {
      text = decoded_binary(text, mark);
      return Tag::string;
    }
    if (word == "merge" && !quoted) return Tag::merge;
    const auto wanted = std::find(std::begin(kTagWords), std::end(kTagWords), word);
    if (wanted == std::end(kTagWords) || word == "str") return Tag::string;
    const Tag found = resolve_plain(text, schema_);
    const auto tag_of_word = static_cast<Tag>(wanted - std::begin(kTagWords));
    if (found == tag_of_word) return found;
    if (tag_of_word == Tag::floating && found == Tag::integer && integer_value(text)) return Tag::floating;
    const Tag said = found == Tag::merge ? Tag::string : found;
    throw input_error(place_at(mark), "yaml: cannot decode !!{} `{}` as a !!{}", kTagWords[static_cast<std::size_t>(said)], text,
                      word);
  }

  // The words of tags in the order of the enumeration.
  static constexpr std::string_view kTagWords[] = {"null", "bool", "int", "float", "str", "timestamp"};

  // A string in Go is bytes; JSON makes of what is not UTF-8 a replacement character.
  std::string decoded_binary(const std::string& text, const yaml_mark_t& mark) const {
    std::string bytes;
    try {
      bytes = decode_base64(text);
    } catch (const Error&) {
      throw input_error(place_at(mark), "yaml: !!binary value contains invalid base64 data");
    }
    return valid_utf8(bytes);
  }

  Node read_sequence(const Event& event, const yaml_mark_t& mark, std::size_t depth) {
    const auto before = open(event->data.sequence_start.anchor);
    const auto first = items_.size();
    for (;;) {
      Event item;
      next(item);
      if (item->type == YAML_SEQUENCE_END_EVENT) break;
      items_.push_back(read_node(item, depth + 1));
    }
    Node node = Node::sequence(taken_from(items_, first));
    set_position(node, mark);
    node.set_style(event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? Style::flow : Style::block);
    remember(event->data.sequence_start.anchor, node, ++nodes_ - before);
    return node;
  }

  Node read_mapping(const Event& event, const yaml_mark_t& mark, std::size_t depth) {
    const auto before = open(event->data.mapping_start.anchor);
    const auto first = members_.size();
    std::optional<Node> merged;
    for (;;) {
      Event key_event;
      next(key_event);
      if (key_event->type == YAML_MAPPING_END_EVENT) break;
      Node key = read_node(key_event, depth + 1);
      Event value_event;
      next(value_event);
      Node value = read_node(value_event, depth + 1);
      if (key.is_scalar() && key.tag() == Tag::merge) {
        if (merged) throw input_error(place_at(mark), "duplicate merge key");
        if (value_event->type == YAML_ALIAS_EVENT && !value.is_mapping()) {
          throw input_error(place_at(mark), "invalid map merge: received alias for a non-map value");
        }
        merged = std::move(value);
      } else {
        push_member(std::move(key), std::move(value));
      }
    }
    if (merged) merge(first, *merged);
    Node node = Node::mapping(taken_from(members_, first));
    set_position(node, mark);
    node.set_style(event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? Style::flow : Style::block);
    remember(event->data.mapping_start.anchor, node, ++nodes_ - before);
    return node;
  }

  void push_member(Node key, Node value) {
    if (schema_ == Schema::go_yaml_v3) {
      // kyaml clears "<<" after it merged, quoted or not; and it does not find a null key again and adds it a second time.
      if (key.text() == "<<") return;
      if (key.is_null() && !key.text().empty()) members_.push_back({key, value});
    }
    members_.push_back({std::move(key), std::move(value)});
  }

  // `<<` for the members from `first` on: explicit keys win, then the first of several merged mappings.
  void merge(std::size_t first, const Node& merged) {
    std::unordered_set<std::string> keys;
    for (auto i = first; i < members_.size(); ++i) keys.insert(members_[i].key.text());
    merge_new(merged, keys);
  }

  void merge_new(const Node& merged, std::unordered_set<std::string>& keys) {
    if (merged.is_sequence()) {
      for (const auto& item : merged.items()) {
        if (item.is_sequence()) throw input_error(merged.place(file_), "invalid map merge: received a nested sequence");
        merge_new(item, keys);
      }
      return;
    }
    if (!merged.is_mapping()) {
      throw input_error(merged.place(file_), "{}map merge requires map or sequence of maps as the value",
                        schema_ == Schema::go_yaml_v2 ? "yaml: " : "");
    }
    for (const auto& member : merged.members()) {
      if (keys.insert(member.key.text()).second) members_.push_back(member);
    }
  }

  void set_position(Node& node, const yaml_mark_t& mark) const {
    node.set_position(first_line_ + static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1);
  }

  std::size_t open(const yaml_char_t* anchor) {
    if (anchor) anchors_[std::string(view(anchor))].open = true;
    return nodes_;
  }

  // Each anchor keeps a copy of its value, so anchors inside of anchors count like aliases.
  void remember(const yaml_char_t* anchor, const Node& node, std::size_t nodes) {
    if (!anchor) return;
    alias_nodes_ += nodes;
    if (alias_nodes_ > limits_.max_alias_nodes) {
      throw input_error(node.place(file_), "yaml: document contains excessive aliasing");
    }
    anchors_[std::string(view(anchor))] = {node, nodes, false};
  }

  struct Anchor {
    Node value;
    std::size_t nodes = 0;
    bool open = false;
  };

  yaml_parser_t parser_{};
  std::string_view text_;
  int first_line_;
  const std::string& file_;
  Schema schema_;
  const ReadLimits& limits_;
  std::map<std::string, Anchor> anchors_;
  Sequence items_;   // of the sequences that are open, one after the other
  Mapping members_;  // the same of mappings
  bool may_escape_slash_ = false;
  std::size_t characters_ = 0;  // of the text, and how many bytes they are
  std::size_t bytes_ = 0;
  std::size_t alias_nodes_ = 0;
  std::size_t nodes_ = 0;
};

// A document's text and the number of lines before it.
struct Piece {
  std::string_view text;
  int lines_before = 0;
};

// As in kyaml a separator is a line behind another one that begins with "---" and holds no more than a comment.
std::vector<Piece> split_documents(std::string_view text, const std::string& file) {
  std::vector<Piece> pieces;
  Piece piece{text};
  for (;;) {
    const auto at = piece.text.find("\n---");
    const auto end = at == std::string_view::npos ? at : piece.text.find('\n', at + 1);
    if (end == std::string_view::npos) break;
    const Piece document{piece.text.substr(0, at + 1), piece.lines_before};
    const int lines = static_cast<int>(std::count(document.text.begin(), document.text.end(), '\n'));
    const auto separator = trim(piece.text.substr(at, end - at));
    if (const auto rest = trim(separator.substr(3)); !rest.empty() && rest[0] != '#') {
      throw input_error({file, piece.lines_before + lines + 1, 1, {}}, "invalid document separator: {}", separator);
    }
    pieces.push_back(document);
    piece = {piece.text.substr(end + 1), piece.lines_before + lines + 1};
  }
  pieces.push_back(piece);
  return pieces;
}

std::vector<Node> read(std::string_view text, const std::string& file, Schema schema, const ReadLimits& limits, bool quickly) {
  if (text.size() > limits.max_bytes)
    throw input_error({file, 0, 0, {}}, "yaml: {} bytes are more than the {} allowed", text.size(), limits.max_bytes);
  std::vector<Node> documents;
  const auto pieces = schema == Schema::go_yaml_v2 ? std::vector<Piece>{{text}} : split_documents(text, file);
  for (auto piece : pieces) {
    if (piece.text.starts_with("\xEF\xBB\xBF")) piece.text.remove_prefix(3);  // each document may have its own
    auto root = quickly ? read_plain_yaml(piece.text, piece.lines_before, schema, limits.max_depth) : std::nullopt;
    if (root) {
      documents.push_back(std::move(*root));
    } else {
      Parser(piece.text, piece.lines_before, file, schema, limits).read_first(documents);
    }
  }
  return documents;
}

}  // namespace

std::vector<Node> read_yaml(std::string_view text, const std::string& file, Schema schema, const ReadLimits& limits) {
  return read(text, file, schema, limits, true);
}

std::vector<Node> read_yaml_by_events(std::string_view text, const std::string& file, Schema schema, const ReadLimits& limits) {
  return read(text, file, schema, limits, false);
}

}  // namespace kfrun::document
