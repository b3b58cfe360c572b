// One ordered document tree for YAML and JSON.
//
// A Node is a scalar, a sequence or a mapping. It is a value: copying copies the tree, moving moves it, nothing is shared, so
// different trees can be used from different threads. A scalar keeps its text as it was written and the tag the reader
// resolved for it (Go's YAML libraries differ in what a plain `y` is, so resolving is the reader's business, see reader.h);
// numbers are read from the text on demand. Mappings keep their order and allow duplicate keys (the readers that must refuse
// them do); lookups find the first.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace kfrun::document {

enum class NodeKind : std::uint8_t { scalar, sequence, mapping };

// The resolved type of a scalar; for sequences and mappings `other` unless the input gave a tag.
enum class Tag : std::uint8_t { null, boolean, integer, floating, string, timestamp, binary, merge, other };

// How a node was written. `plain` is also what code that makes nodes uses: the writers choose what is needed.
enum class Style : std::uint8_t { plain, single_quoted, double_quoted, literal, folded, block, flow };

class Node;
struct Member;
using Sequence = std::vector<Node>;
using Mapping = std::vector<Member>;

class Node {
 public:
  // null
  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  static Node null();
  static Node boolean(bool value);
  static Node integer(long long value);
  // Shortest text that reads back as the same number, as Go's encoding/json writes it.
  static Node number(double value);
  static Node string(std::string value);
  static Node scalar(std::string text, Tag tag, Style style = Style::plain);
  static Node sequence();
  static Node sequence(Sequence items);
  static Node mapping();
  static Node mapping(Mapping members);
  static Node mapping(std::initializer_list<std::pair<std::string_view, Node>> members);
  static Node strings(const std::vector<std::string>& values);

  NodeKind kind() const { return static_cast<NodeKind>(value_.index()); }
  bool is_scalar() const { return kind() == NodeKind::scalar; }
  bool is_sequence() const { return kind() == NodeKind::sequence; }
  bool is_mapping() const { return kind() == NodeKind::mapping; }
  bool is_null() const { return is_scalar() && tag_ == Tag::null; }
  bool is_string() const { return is_scalar() && tag_ == Tag::string; }
  bool is_boolean() const { return is_scalar() && tag_ == Tag::boolean; }
  bool is_integer() const { return is_scalar() && tag_ == Tag::integer; }
  // An integer or a floating-point number.
  bool is_number() const { return is_scalar() && (tag_ == Tag::integer || tag_ == Tag::floating); }
  // What a person would call it in an error message: "a string", "a number", "a list", "a mapping", "null", "true or false".
  std::string_view type_name() const;

  Tag tag() const { return tag_; }
  void set_tag(Tag tag) { tag_ = tag, tag_inferred_ = false; }
  // Whether code set the text alone and the tag was resolved from it, as kyaml's setters do: there such a scalar has no tag, and
  // what asks for a string takes it for one.
  bool tag_inferred() const { return tag_inferred_; }
  void infer_tag(Tag tag) { tag_ = tag, tag_inferred_ = true; }
  Style style() const { return style_; }
  void set_style(Style style) { style_ = style; }
  // Where it stood in its file, counted from 1; 0 when it was made by code. Lines are known up to 2^20, columns up to 2^12; what
  // is beyond is given as the last.
  int line() const { return static_cast<int>(line_); }
  int column() const { return static_cast<int>(column_); }
  void set_position(int line, int column);
  // A number that nodes share which stand for one value at several places of a tree (0: none). Assigning a text to such a node
  // marks it as changed; who keeps the places in step looks at both. Copies carry the number along.
  std::uint32_t share() const { return share_ & ~kChanged; }
  bool share_changed() const { return (share_ & kChanged) != 0; }
  void set_share(std::uint32_t number, bool changed = false) { share_ = number == 0 ? 0 : number | (changed ? kChanged : 0); }
  // Its position as a Place of `file`.
  Place place(const std::string& file, std::string path = {}) const;

  // A scalar's text; "" for a sequence or a mapping.
  const std::string& text() const;
  // Replaces the text of a scalar, keeping tag and style; makes a string scalar of anything else.
  void set_text(std::string text);
  // The value, when this is a scalar of that type.
  std::optional<bool> as_boolean() const;
  // Any spelling that the readers resolve as an integer (0x1F, 0644, 0o17, 1_000) that fits; a float that is whole is none.
  std::optional<long long> as_integer() const;
  std::optional<double> as_number() const;

  // The items of a sequence or the members of a mapping. Call only on that kind (KFRUN_CHECK).
  Sequence& items();
  const Sequence& items() const;
  Mapping& members();
  const Mapping& members() const;
  // How many items or members; 0 for a scalar.
  std::size_t size() const;

  // The value of the first member whose key is the scalar `key`; nullptr when this is no mapping or has none.
  Node* find(std::string_view key);
  const Node* find(std::string_view key) const;
  // find() along several keys.
  Node* find_path(std::initializer_list<std::string_view> keys);
  const Node* find_path(std::initializer_list<std::string_view> keys) const;
  // The text of a scalar member, or `fallback`.
  std::string text_of(std::string_view key, std::string_view fallback = {}) const;
  // Sets a member, at its old place or at the end; makes a mapping of a null. Returns the member's value.
  Node& set(std::string_view key, Node value);
  // The member's value, made as an empty mapping when absent or null.
  Node& child_mapping(std::string_view key);
  // Removes the first member with that key; whether there was one.
  bool remove(std::string_view key);
  void push_back(Node item);

  // Same kinds, tags and texts in the same order; positions, styles do not count, nor does the spelling of a number
  // (1.0 equals 1.00 but not the integer 1).
  bool operator==(const Node& other) const;

 private:
  explicit Node(std::variant<std::string, Sequence, Mapping> value, Tag tag, Style style);

  static constexpr std::uint32_t kChanged = 1u << 31;

  std::variant<std::string, Sequence, Mapping> value_;
  Tag tag_ = Tag::null;
  Style style_ = Style::plain;
  bool tag_inferred_ = false;
  // Small, because a build holds millions of nodes.
  std::uint32_t line_ : 20 = 0;
  std::uint32_t column_ : 12 = 0;
  std::uint32_t share_ = 0;
};

struct Member {
  Node key;
  Node value;
  bool operator==(const Member&) const = default;
};

}  // namespace kfrun::document
