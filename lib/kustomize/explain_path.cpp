#include "kustomize/explain_path.h"

#include "base/error.h"
#include "base/text.h"
#include "kustomize/field_path.h"

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

// Items are told by name where they have one, so that they are known again when the list changes.
std::string with_item(const std::string& path, const Node& item, std::size_t index) {
  const Node* name = item.find("name");
  return name && name->is_scalar() ? path + "[name=" + name->text() + "]" : path + "[" + std::to_string(index) + "]";
}

void collect(const Node& node, const std::vector<std::string>& steps, std::size_t at, const std::string& path,
             std::vector<FoundField>& found) {
  if (at == steps.size()) {
    found.push_back({path, &node});
  } else if (node.is_mapping()) {
    for (const auto& [key, value] : node.members()) {
      if (steps[at] == "*" || key.text() == steps[at]) collect(value, steps, at + 1, with_name(path, key.text()), found);
    }
  } else if (node.is_sequence()) {
    const Choice choice = choose(node, steps[at]);
    for (const auto i : choice.items) {
      const Node& item = node.items()[i];
      collect(item, steps, choice.walks ? at : at + 1, with_item(path, item, i), found);
    }
  }
}

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

std::vector<FoundField> find_fields(const Node& root, const std::vector<std::string>& steps) {
  std::vector<FoundField> found;
  collect(root, steps, 0, "", found);
  return found;
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
