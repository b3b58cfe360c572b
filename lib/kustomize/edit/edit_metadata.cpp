// Labels, annotations and buildMetadata.
#include <re2/re2.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "kustomize/edit/edit.h"
#include "kustomize/edit/fields.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

using Pairs = std::map<std::string, std::string>;

Pairs read_pairs(const Words& words, const std::string& kind) {
  if (words.empty()) throw usage_error("must specify {}", kind);
  Pairs pairs;
  for (auto& [key, value] : split_pairs(words, kind)) pairs[key] = value;
  return pairs;
}

void add_pair(Node& mapping, const std::string& key, const std::string& value, std::string_view kind, bool force) {
  if (mapping.find(key) && !force)
    throw make_error(ErrorKind::conflict, "{} {} already in kustomization file. Use --force to override.", kind, key);
  put_sorted(mapping, key, Node::string(value));
}

Change set_pairs(std::string field, Pairs pairs) {
  return [field = std::move(field), pairs = std::move(pairs)](Edited& edited) {
    Node& mapping = mapping_field(edited.fields, field);
    for (const auto& [key, value] : pairs) put_sorted(mapping, key, Node::string(value));
  };
}

Change add_pairs(std::string field, std::string kind, Pairs pairs, bool force) {
  return [=](Edited& edited) {
    Node& mapping = mapping_field(edited.fields, field);
    for (const auto& [key, value] : pairs) add_pair(mapping, key, value, kind, force);
  };
}

bool is_true(const Node& entry, std::string_view flag) {
  const Node* value = entry.find(flag);
  return value && value->as_boolean().value_or(false);
}

// The entry of `labels` that does what the options ask for, made when there is none.
Node& labels_entry(Node& list, bool include_templates) {
  for (auto& entry : list.items()) {
    if (!is_true(entry, "includeSelectors") && is_true(entry, "includeTemplates") == include_templates) return entry;
  }
  Node made = Node::mapping();
  if (include_templates) made.set("includeTemplates", Node::boolean(true));
  made.set("pairs", Node::mapping());
  list.push_back(std::move(made));
  return list.items().back();
}

Words read_names(const Words& words) {
  if (words.empty()) throw usage_error("must specify label");
  if (words.size() > 1) throw usage_error("labels must be comma-separated, with no spaces");
  auto names = split(words[0], ',');
  for (const auto& name : names) {
    if (name.empty()) throw usage_error("invalid label: '{}' (name is empty)", name);
  }
  return names;
}

Change remove_pairs(std::string field, std::string kind, Words names, bool ignore_missing) {
  return [=](Edited& edited) {
    Node* mapping = find_field(edited.fields, field);
    if (!mapping) {
      if (ignore_missing) return;
      throw make_error(ErrorKind::not_found, "{} is not defined in kustomization file", field);
    }
    for (const auto& name : names) {
      if (!mapping->remove(name) && !ignore_missing)
        throw make_error(ErrorKind::not_found, "{} {} is not defined in kustomization file", kind, name);
    }
    drop_if_empty(edited.fields, field);
  };
}

Words read_build_options(const Words& words) {
  if (words.empty()) throw usage_error("must specify a buildMetadata option");
  if (words.size() > 1) {
    throw usage_error("too many arguments: [{}]; to provide multiple buildMetadata options, please separate options by comma",
                      join(words, " "));
  }
  auto options = split(words[0], ',');
  for (const auto& option : options) {
    if (option != "originAnnotations" && option != "transformerAnnotations" && option != "managedByLabel")
      throw usage_error("invalid buildMetadata option: {}", option);
  }
  return options;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> split_pairs(const Words& words, std::string_view kind) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& word : words) {
    const auto colon = word.find(':');
    if (colon == 0) throw usage_error("invalid {}: '{}' (need k:v pair where v may be quoted)", kind, word);
    std::string value = colon == std::string::npos ? "" : word.substr(colon + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    pairs.emplace_back(word.substr(0, colon), value);
  }
  return pairs;
}

Change set_labels(const Words& words) { return set_pairs("commonLabels", read_pairs(words, "label")); }

Change set_annotations(const Words& words) {
  static const RE2 key_form("([a-zA-Z](([-a-zA-Z0-9.]{0,251})[a-zA-Z0-9])?/)?[a-zA-Z0-9]([-a-zA-Z0-9_.]{0,61}[a-zA-Z0-9])?");
  auto pairs = read_pairs(words, "annotation");
  for (const auto& [key, value] : pairs) {
    if (!RE2::FullMatch(key, key_form)) {
      throw usage_error(
          "invalid annotation key: see the syntax and character set rules at "
          "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/");
    }
  }
  return set_pairs("commonAnnotations", std::move(pairs));
}

Change add_labels(const Words& words, const LabelOptions& options) {
  if (words.empty()) throw usage_error("must specify label");
  if (options.include_templates && !options.without_selector)
    throw usage_error("--without-selector flag must be specified for --include-templates to work");
  auto pairs = read_pairs(words, "label");
  if (!options.without_selector) return add_pairs("commonLabels", "label", std::move(pairs), options.force);
  return [pairs, options](Edited& edited) {
    Node& entry = labels_entry(list_field(edited.fields, "labels"), options.include_templates);
    for (const auto& [key, value] : pairs) add_pair(mapping_field(entry, "pairs"), key, value, "label", options.force);
  };
}

Change add_annotations(const Words& words, bool force) {
  return add_pairs("commonAnnotations", "annotation", read_pairs(words, "annotation"), force);
}

Change remove_labels(const Words& words, bool ignore_missing) {
  return remove_pairs("commonLabels", "label", read_names(words), ignore_missing);
}

Change remove_annotations(const Words& words, bool ignore_missing) {
  return remove_pairs("commonAnnotations", "annotation", read_names(words), ignore_missing);
}

Change set_build_metadata(const Words& words) {
  return [options = read_build_options(words)](Edited& edited) {
    put_field(edited.fields, "buildMetadata", Node::strings(options));
  };
}

Change add_build_metadata(const Words& words) {
  return [options = read_build_options(words)](Edited& edited) {
    Node& list = list_field(edited.fields, "buildMetadata");
    for (const auto& option : options) {
      if (has_text(list, option))
        throw make_error(ErrorKind::conflict, "buildMetadata option {} already in kustomization file", option);
      list.push_back(Node::string(option));
    }
  };
}

Change remove_build_metadata(const Words& words) {
  return [options = read_build_options(words)](Edited& edited) {
    Node* list = find_field(edited.fields, "buildMetadata");
    if (!list) return;
    std::erase_if(list->items(),
                  [&](const Node& item) { return std::find(options.begin(), options.end(), item.text()) != options.end(); });
    drop_if_empty(edited.fields, "buildMetadata");
  };
}

}  // namespace kfrun::kustomize
