#include "kustomize/explain_path.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "kustomize/field_path.h"
#include "kustomize/schema.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

// "containers[name=a]" with a dot before the bracket; field specs' slashes as dots.
std::string in_terms_of_replacements(const std::string& path) {
  std::string text =
      path.find('.') == std::string::npos && path.find('[') == std::string::npos ? replace_all(path, "/", ".") : path;
  std::string out;
  for (const char letter : text) {
    if (letter == '[' && !out.empty() && out.back() != '.' && out.back() != '\\') out += '.';
    out += letter;
  }
  return out;
}

bool is_number(const std::string& step) { return !step.empty() && step.find_first_not_of("0123456789") == std::string::npos; }

// A step such as "[name=web]": its key and value.
std::optional<std::pair<std::string, std::string>> bracket(const std::string& step) {
  const auto equals = step.find('=');
  if (!step.starts_with('[') || !step.ends_with(']') || equals == std::string::npos) return std::nullopt;
  return std::pair(step.substr(1, equals - 1), step.substr(equals + 1, step.size() - equals - 2));
}

// The items of a list that a step chooses; "walks": the step is the name of a field of each.
struct Choice {
  std::vector<std::size_t> items;
  bool walks = false;
};

Choice choose(const Node& list, const std::string& step) {
  Choice choice;
  const auto wanted = bracket(step);
  choice.walks = !wanted && step != "*" && !is_number(step);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Node& item = list.items()[i];
    if (wanted ? item.find(wanted->first) && item.text_of(wanted->first) == wanted->second
               : !is_number(step) || std::to_string(i) == step)
      choice.items.push_back(i);
  }
  return choice;
}

std::string with_name(const std::string& path, const std::string& name) {
  if (name.find_first_of(".[") != std::string::npos) return path + "[" + name + "]";
  return path.empty() ? name : path + "." + name;
}

// The key that tells the items of a list apart, so that they are known again when the list changes: the list's merge key, else
// "name". Nothing for an item without it, or that shares it with another.
std::string key_of(const Node& list, const Node& item, std::vector<std::string> merge_keys) {
  const bool is_whole = merge_keys.size() == 1;  // of several, as of ports, none is a key by itself
  merge_keys.insert(is_whole ? merge_keys.end() : merge_keys.begin(), "name");
  for (const auto& key : merge_keys) {
    const Node* value = item.find(key);
    if (!value || !value->is_scalar()) continue;
    const auto is_same = [&](const Node& other) { return other.find(key) && other.text_of(key) == value->text(); };
    if (std::count_if(list.items().begin(), list.items().end(), is_same) == 1) return key;
  }
  return "";
}

class Collector {
 public:
  Collector(const Node& root, const std::vector<std::string>& steps, Indexes indexes) : steps_(steps), indexes_(indexes) {
    FoundField field;
    collect(root, 0, schema().resource(root.text_of("apiVersion"), root.text_of("kind")), field);
  }
  std::vector<FoundField> found;

 private:
  using Position = OpenApiSchema::Position;

  static const OpenApiSchema& schema() {
    static const OpenApiSchema builtin;
    return builtin;
  }

  void collect(const Node& node, std::size_t at, Position position, const FoundField& above) {
    if (at == steps_.size()) {
      found.push_back(above);
      found.back().node = &node;
    } else if (node.is_mapping()) {
      for (const auto& [key, value] : node.members()) {
        if (steps_[at] != "*" && key.text() != steps_[at]) continue;
        FoundField field = above;
        field.path = with_name(above.path, key.text());
        collect(value, at + 1, schema().field(position, key.text()), field);
      }
    } else if (node.is_sequence()) {
      collect_items(node, at, position, above);
    }
  }

  void collect_items(const Node& list, std::size_t at, Position position, const FoundField& above) {
    const std::string& step = steps_[at];
    const bool is_index = is_number(step);
    const Choice choice = choose(list, is_index && indexes_ == Indexes::of_any_keyed ? "*" : step);
    for (const auto i : choice.items) {
      const Node& item = list.items()[i];
      const std::string key = key_of(list, item, schema().merge_keys(position));
      if (is_index && key.empty() && std::to_string(i) != step) continue;
      FoundField field = above;
      // What was asked for by a key is followed by it.
      const bool is_asked = bracket(step) && choice.items.size() == 1;
      field.path += is_asked ? step : key.empty() ? fmt::format("[{}]", i) : fmt::format("[{}={}]", key, item.text_of(key));
      if (is_index && !key.empty()) field.keyed.emplace_back(at, field.path);
      collect(item, choice.walks ? at : at + 1, schema().elements(position), field);
    }
  }

  const std::vector<std::string>& steps_;
  Indexes indexes_;
};

}  // namespace

ExplainQuery parse_explain_query(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    throw usage_error("--explain {}: expected KIND[/[NAMESPACE/]NAME]:FIELD", text)
        .hint("for example Deployment/web:spec.replicas or 'Deployment/prod/web:spec.template.spec.containers[name=web].image'");
  }
  ExplainQuery query;
  const std::string head = text.substr(0, colon);
  const auto parts = split(head, '/');
  if (parts.size() > 3) throw usage_error("--explain {}: '{}' is no KIND, KIND/NAME or KIND/NAMESPACE/NAME", text, head);
  if (parts.front().find('.') != std::string::npos && parts.size() == 2) {
    const ResId id = parse_res_id(head);
    query = {id.gvk.kind, id.namespace_, id.name, {}};
  } else {
    query = {parts.front(), parts.size() == 3 ? parts[1] : "", parts.size() > 1 ? parts.back() : "", {}};
  }
  query.steps = split_field_path(in_terms_of_replacements(text.substr(colon + 1)));
  for (auto& step : query.steps) {
    if (step.starts_with('[') && step.ends_with(']') && is_number(step.substr(1, step.size() - 2))) {
      step = step.substr(1, step.size() - 2);
    }
  }
  return query;
}

std::vector<FoundField> find_fields(const Node& root, const std::vector<std::string>& steps, Indexes indexes) {
  return Collector(root, steps, indexes).found;
}

bool is_indexed(const Node& root, const std::vector<std::string>& steps, const KeyedElements& keyed) {
  return std::all_of(keyed.begin(), keyed.end(), [&](const auto& element) {
    const auto here = find_fields(root, {steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(element.first) + 1});
    return std::any_of(here.begin(), here.end(), [&](const auto& field) { return field.path == element.second; });
  });
}

std::pair<std::size_t, std::vector<std::string>> names_at_end(const Node& root, const std::vector<std::string>& steps) {
  for (std::size_t length = steps.size(); length-- > 0;) {
    const auto found = find_fields(root, {steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(length)});
    std::vector<std::string> names;
    for (const auto& field : found) {
      const auto add = [&](const Node& mapping) {
        for (const auto& member : mapping.members()) names.push_back(member.key.text());
      };
      if (field.node->is_mapping()) add(*field.node);
      if (!field.node->is_sequence()) continue;
      for (const auto& item : field.node->items()) {
        if (item.is_mapping()) add(item);
      }
    }
    if (!found.empty()) return {length, names};
  }
  return {0, {}};
}

}  // namespace kfrun::kustomize
