// Trees to the text that kustomize prints: the tree as Go's encoding/json sees it, then go-yaml v2's rules for layout, quoting,
// folding and the order of keys.
#include <algorithm>
#include <utility>

#include "document/go_syntax.h"
#include "document/json_values.h"
#include "document/key_order.h"
#include "document/number.h"
#include "document/reread.h"
#include "document/resolve.h"
#include "document/timestamp.h"
#include "document/writer.h"
#include "document/yaml_faults.h"
#include "document/yaml_scalar.h"

namespace kfrun::document {

namespace {

// Go decodes the tree (which refuses double keys and keys that are no scalars) before it encodes anything.
struct DecodeFault {
  Error error;
};

Error unsupported_keys() { return {ErrorKind::input, "json: unsupported type: map[interface {}]interface {}"}; }

bool is_empty_null(const Node& node) { return node.is_null() && node.text().empty(); }

// The number that go-yaml v2 prints for what encoding/json wrote.
std::string number_text(const Node& node) {
  std::string json = json_number_text(node);
  if (node.is_integer() && json.size() < 19) return json;
  const bool whole = json.find_first_not_of("-0123456789") == std::string::npos;
  if (whole && json == "-0") return "0";
  if (whole && (integer_value(json) || unsigned_value(json))) return json;
  const auto value = number_value(json);
  return value ? go_shortest_number(*value) : json;
}

DecodeFault misfit(const Node& node) {
  const Tag read = resolve_plain(node.text(), Schema::go_yaml_v3);
  return {make_error(ErrorKind::input, "yaml: cannot decode {} `{}` as a {}",
                     short_tag(read == Tag::timestamp ? Tag::string : read), node.text(), short_tag(node.tag()))};
}

// Writes one tree at the end of `out`.
class Emitter {
 public:
  explicit Emitter(std::string& out) : out_(out), start_(out.size()) {}

  void document(const Node& node) {
    root_ = &node;
    value(node, 0, false);
    if (out_.size() == start_ || out_.back() != '\n') out_ += '\n';
  }

 private:
  void new_line(int indent) {
    if (out_.size() > start_ && out_.back() != '\n') out_ += '\n';
    out_.append(static_cast<std::size_t>(indent), ' ');
  }

  // `indent` is the column at which the node's own lines begin; `placed`: the cursor stands there already.
  void value(const Node& node, int indent, bool placed) {
    if (node.is_mapping()) return mapping(node, indent, placed);
    if (node.is_sequence()) return sequence(node, indent, placed);
    scalar(node, indent);
  }

  void mapping(const Node& node, int indent, bool placed) {
    if (node.size() == 0) {
      out_ += "{}";
      return;
    }
    const bool flow = node.style() == Style::flow;
    flow_ += flow;
    const auto first = sorted_.size();
    push_sorted(node);
    const auto last = sorted_.size();
    for (auto i = first; i < last; ++i) {
      const Member& member = *sorted_[i];
      if (!placed) new_line(indent);
      placed = false;
      const bool explicit_key = key(member.key.text(), indent);
      if (explicit_key) new_line(indent);
      out_ += ':';
      child(member.value, indent, explicit_key);
    }
    sorted_.resize(first);
    flow_ -= flow;
  }

  // What stands behind "key:".
  void child(const Node& node, int indent, bool behind_explicit_key) {
    if (node.is_scalar() || node.size() == 0) {
      out_ += ' ';
      value(node, indent + 2, true);
    } else if (node.is_mapping()) {
      if (behind_explicit_key) out_ += ' ';
      mapping(node, indent + 2, behind_explicit_key);
    } else {
      sequence(node, behind_explicit_key ? indent + 2 : indent, false);
    }
  }

  void sequence(const Node& node, int indent, bool placed) {
    if (node.size() == 0) {
      out_ += "[]";
      return;
    }
    const bool flow = node.style() == Style::flow;
    flow_ += flow;
    for (const auto& item : node.items()) {
      if (!placed) new_line(indent);
      placed = false;
      out_ += "- ";
      value(item, indent + 2, true);
    }
    flow_ -= flow;
  }

  // Pushes the members of a mapping onto the stack that all mappings share, in the order in which they are written.
  void push_sorted(const Node& node) {
    const auto first = static_cast<std::ptrdiff_t>(sorted_.size());
    bool has_null = false;
    for (const auto& member : node.members()) {
      // At the top kyaml decodes into a map[string]any, which takes the text of any key but null.
      // An empty key has quotes after kyaml's detour through text.
      if (!member.key.is_string() && !is_empty_null(member.key)) {
        if (!member.key.is_scalar())
          throw DecodeFault{Error(ErrorKind::input, "yaml: invalid map key: " + go_syntax(member.key))};
        if (&node != root_) throw unsupported_keys();
        if (member.key.is_null()) {
          if (std::exchange(has_null, true)) throw_duplicate_keys();
          continue;
        }
      }
      sorted_.push_back(&member);
    }
    const auto less = [](const Member* a, const Member* b) { return key_less(a->key.text(), b->key.text()); };
    if (!std::is_sorted(sorted_.begin() + first, sorted_.end(), less))
      std::stable_sort(sorted_.begin() + first, sorted_.end(), less);
    const auto same = [](const Member* a, const Member* b) { return a->key.text() == b->key.text(); };
    if (std::adjacent_find(sorted_.begin() + first, sorted_.end(), same) != sorted_.end()) throw_duplicate_keys();
  }

  [[noreturn]] void throw_duplicate_keys() const {
    const auto fault = duplicate_keys(*root_);
    throw DecodeFault{fault ? *fault : Error(ErrorKind::input, "yaml: unmarshal errors")};
  }

  // Whether it had to be an explicit "? key".
  bool key(std::string_view text, int indent) {
    const bool is_explicit = needs_explicit_key(text);
    if (is_explicit) out_ += "? ";
    append_yaml_string(out_, text, {indent + 2, start_, !is_explicit});
    return is_explicit;
  }

  void scalar(const Node& node, int indent) {
    if (flow_ > 0 && is_quoted_in_flow(node)) return string(node.text(), indent);
    if (!fits_its_tag(node)) throw misfit(node);
    switch (node.tag()) {
      case Tag::null:
        out_ += "null";
        return;
      case Tag::boolean:
        out_ += node.as_boolean().value_or(false) ? "true" : "false";
        return;
      case Tag::integer:
      case Tag::floating:
        out_ += number_text(node);
        return;
      case Tag::timestamp:
        return string(json_timestamp(node.text()).value_or(node.text()), indent);
      default:
        if (flow_ == 0 && breaks_block(node)) throw unreadable_block(*root_, node);
        if (flow_ == 0 && is_changed_by_folding(node)) return string(refolded(node.text()), indent);
        string(node.text(), indent);
    }
  }

  void string(std::string_view text, int indent) { append_yaml_string(out_, text, {indent, start_, false}); }

  std::string& out_;
  std::size_t start_;
  int flow_ = 0;  // how many collections in flow style are open
  const Node* root_ = nullptr;
  std::vector<const Member*> sorted_;
};

}  // namespace

void append_yaml(std::string& out, const Node& node) {
  const auto start = out.size();
  try {
    Emitter(out).document(node);
  } catch (DecodeFault& fault) {
    out.resize(start);
    throw fault.error.within("map[string]interface {}(nil)");
  } catch (Error& error) {
    out.resize(start);
    const auto duplicates = duplicate_keys(node);
    if (duplicates) throw Error(*duplicates).within("map[string]interface {}(nil)");
    throw error.within(go_syntax(node));
  }
}

std::string write_yaml(const Node& node) {
  std::string text;
  append_yaml(text, node);
  return text;
}

}  // namespace kfrun::document
