#include "kustomize/vars.h"

#include <set>

#include "base/text.h"
#include "document/number.h"
#include "document/resolve.h"
#include "kustomize/field_path.h"

namespace kfrun::kustomize {

using document::Node;
using document::Style;
using document::Tag;

namespace {

constexpr std::string_view kDefaultPath = "metadata.name";

std::string field_path_of(const Var& var) { return var.field_path.empty() ? std::string(kDefaultPath) : var.field_path; }

// Go's %v of a var, whose target prints as its kind alone.
std::string shown(const Var& var, const Gvk& gvk, const std::string& field_path) {
  return fmt::format("{{{} {} {{{}}}}}", var.name, to_string(gvk), field_path);
}

std::string shown(const Var& var) { return shown(var, var.target.gvk, field_path_of(var)); }

// "ports[0]" is a name and an index.
std::vector<std::string> with_indexes_apart(const std::vector<std::string>& fields) {
  std::vector<std::string> apart;
  for (const auto& field : fields) {
    const auto open = field.rfind('[');
    const bool is_index = field.ends_with(']') && open != std::string::npos && open + 2 < field.size() &&
                          field.find_first_not_of("0123456789", open + 1) == field.size() - 1;
    if (!is_index) {
      apart.push_back(field);
      continue;
    }
    if (open > 0) apart.push_back(field.substr(0, open));
    apart.push_back(field.substr(open + 1, field.size() - open - 2));
  }
  return apart;
}

Node value_of(const Var& var, const ResourceMap& resources) {
  for (const auto& resource : resources) {
    for (const auto& name : resource.referring_vars) {
      if (name != var.name) continue;
      const Node* value = nullptr;
      try {
        value = look_up(resource.document, with_indexes_apart(split_field_path(field_path_of(var))));
      } catch (const Error&) {
        value = nullptr;
      }
      if (!value) {
        throw make_error(ErrorKind::input, "field specified in var '{}' not found in corresponding resource", shown(var));
      }
      return *value;
    }
  }
  throw make_error(ErrorKind::input, "var '{}' cannot be mapped to a field in the set of known resources", shown(var));
}

// Go's value of a scalar: numbers lose their spelling.
Node normalized(const Node& value) {
  if (const auto integer = value.as_integer()) return Node::integer(*integer);
  if (value.tag() == Tag::boolean) return Node::boolean(value.as_boolean().value_or(false));
  if (value.tag() == Tag::floating) return Node::scalar(document::json_number(value.as_number().value_or(0)), Tag::floating);
  return value.is_scalar() ? Node::string(value.text()) : value;
}

// Also what code set without a tag counts as a string (kyaml's IsYNodeString).
bool is_text(const Node& node) { return node.is_string() || (node.is_scalar() && node.tag_inferred()); }

class Replacer {
 public:
  explicit Replacer(std::map<std::string, Node> values) : values_(std::move(values)) {}

  // The text with its references replaced; the value itself when the text is one reference.
  Node replaced(const std::string& text) {
    std::string out;
    std::size_t checkpoint = 0;
    for (std::size_t cursor = 0; cursor + 1 < text.size(); ++cursor) {
      if (text[cursor] != '$') continue;
      out.append(text, checkpoint, cursor - checkpoint);
      const char next = text[cursor + 1];
      const auto close = next == '(' ? text.find(')', cursor + 2) : std::string::npos;
      if (close != std::string::npos) {
        const std::string name = text.substr(cursor + 2, close - cursor - 2);
        const Node* value = use(name);
        if (value && cursor == 0 && close + 1 == text.size()) return *value;
        out += value ? value->text() : "$(" + name + ")";
        cursor = close;
      } else {
        out += next == '$' ? "$" : std::string("$") + next;
        ++cursor;
      }
      checkpoint = cursor + 1;
    }
    return Node::string(out + text.substr(std::min(checkpoint, text.size())));
  }

  void set(Node& node) {
    if (node.is_scalar()) {
      if (is_text(node)) replace(node);
    } else if (node.is_mapping()) {
      for (auto& member : node.members()) {
        if (!is_text(member.key)) {
          throw make_error(ErrorKind::input, "invalid map key: value='{}', tag='{}'", member.key.text(),
                           document::short_tag(member.key.tag()));
        }
        if (is_text(member.value)) replace(member.value);
      }
    } else {
      for (auto& item : node.items()) {
        if (!is_text(item)) throw make_error(ErrorKind::input, "invalid value type expect a string");
        replace(item);
      }
    }
  }

  std::vector<std::string> unused() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : values_) {
      if (!used_.contains(name)) names.push_back(name);
    }
    return names;
  }

 private:
  void replace(Node& node) {
    if (node.text().find('$') == std::string::npos) {
      node.set_tag(Tag::string);
      node.set_style(Style::plain);
      return;
    }
    node = replaced(node.text());
  }

  const Node* use(const std::string& name) {
    const auto found = values_.find(name);
    if (found == values_.end() || !found->second.is_scalar()) return nullptr;
    used_.insert(name);
    return &found->second;
  }

  std::map<std::string, Node> values_;
  std::set<std::string> used_;
};

// The resource a var reads from remembers it: it may be renamed before it is read.
void mark_target(const Var& var, ResourceMap& resources) {
  const auto matched =
      var.target.namespace_.empty() ? resources.find_any_kind_and_name(var.target) : resources.find_any(var.target);
  if (matched.size() > 1) {
    throw make_error(ErrorKind::input, "found {} resId matches for var {} (unable to disambiguate)", matched.size(),
                     shown(var, var.target.gvk, var.field_path));
  }
  if (!matched.empty()) resources[matched.front()].referring_vars.push_back(var.name);
}

void add_var(Vars& vars, const Var& var) {
  if (!vars.emplace(var.name, var).second) throw make_error(ErrorKind::input, "var '{}' already encountered", var.name);
}

}  // namespace

void merge_vars(Vars& vars, const std::vector<Var>& incoming, ResourceMap& resources) {
  if (incoming.empty()) return;
  std::vector<std::string> all;
  for (const auto& var : incoming) all.push_back(shown(var, var.written, var.field_path));
  within("merging vars [" + join(all, " ") + "]", [&] {
    for (const auto& var : incoming) mark_target(var, resources);
    for (const auto& var : incoming) add_var(vars, var);
  });
}

void merge_vars(Vars& vars, const Vars& incoming) {
  for (const auto& entry : incoming) add_var(vars, entry.second);
}

std::vector<std::string> resolve_vars(ResourceMap& resources, const Vars& vars, const FieldSpecs& fields) {
  std::map<std::string, Node> values;
  for (const auto& [name, var] : vars) values.emplace(name, normalized(value_of(var, resources)));
  if (values.empty()) return {};
  Replacer replacer(std::move(values));
  for (auto& resource : resources) {
    apply_field_specs(resource.document, fields, NewField::nothing, [&](Node& node) { replacer.set(node); });
  }
  return replacer.unused();
}

}  // namespace kfrun::kustomize
