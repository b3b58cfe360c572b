#include "kustomize/edit/edit.h"

#include <algorithm>

#include "base/text.h"
#include "document/reader.h"
#include "kustomize/edit/fields.h"
#include "kustomize/edit/glob.h"
#include "kustomize/edit/splice.h"
#include "kustomize/kustomization.h"
#include "kustomize/kustomization_shape.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

// The fields of which another of the same name stands further down: they say nothing, and stay as they are.
document::Mapping take_overridden(Node& fields) {
  document::Mapping overridden, kept;
  auto& members = fields.members();
  for (auto member = members.begin(); member != members.end(); ++member) {
    const bool comes_again =
        std::any_of(std::next(member), members.end(), [&](const auto& later) { return later.key.text() == member->key.text(); });
    (comes_again ? overridden : kept).push_back(std::move(*member));
  }
  members = std::move(kept);
  return overridden;
}

// Puts them back before those that count. A field that stands twice cannot be changed.
void put_back(Node& fields, document::Mapping overridden, const Node& before, const std::string& file) {
  for (auto& member : overridden) {
    const std::string name = member.key.text();
    const Node* now = fields.find(name);
    if (!now || *before.find(name) != *now) {
      throw make_error(ErrorKind::unsupported, "field '{}' stands twice in {}: which one to edit is not clear", name, file)
          .at(member.key.place(file));
    }
  }
  for (auto& member : overridden) {
    auto& members = fields.members();
    // Behind those of its name that were put back already.
    const auto last =
        std::find_if(members.rbegin(), members.rend(), [&](const auto& other) { return other.key.text() == member.key.text(); });
    members.insert(std::prev(last.base()), std::move(member));
  }
}

Node fields_of(std::string_view text, const std::string& file) {
  return within("invalid Kustomization", [&] {
    auto documents = document::read_yaml(text, file, document::Schema::go_yaml_v2);
    if (documents.empty()) {
      return Node::mapping(
          {{"apiVersion", Node::string("kustomize.config.k8s.io/v1beta1")}, {"kind", Node::string("Kustomization")}});
    }
    decode_json_shape(documents.front(), kustomization_shape(), file);
    return std::move(documents.front());
  });
}

}  // namespace

std::string find_kustomization_file(const FileSystem& files) {
  Words found;
  for (const auto& name : kustomization_file_names()) {
    if (files.resolve(name)) found.push_back(name);
  }
  if (found.empty()) throw make_error(ErrorKind::not_found, "Missing kustomization file '{}'.\n", kustomization_file_names()[0]);
  if (found.size() > 1) throw make_error(ErrorKind::input, "Found multiple kustomization file: [{}]\n", join(found, " "));
  if (files.is_directory(found[0])) throw make_error(ErrorKind::input, "{} should be a file", found[0]);
  return found[0];
}

std::string edited_text(std::string_view text, const std::string& file, const Change& change, Words& remarks) {
  Node fields = fields_of(text, file);
  auto overridden = take_overridden(fields);
  const Node before = overridden.empty() ? Node() : fields;
  Edited edited{fields, file, remarks};
  change(edited);
  put_back(fields, std::move(overridden), before, file);
  if (fields.size() == 0) {
    fields.set("apiVersion", Node::string("kustomize.config.k8s.io/v1beta1"));
    fields.set("kind", Node::string("Kustomization"));
  }
  return spliced(text, file, fields);
}

Words expand_patterns(const FileSystem& files, const Words& patterns, Words& remarks) {
  Words paths;
  for (const auto& pattern : patterns) {
    const auto found = matching_paths(files, pattern);
    if (found.empty()) remarks.push_back(pattern + " has no match");
    paths.insert(paths.end(), found.begin(), found.end());
  }
  return paths;
}

Words expand_resources(const FileSystem& files, const Words& patterns) {
  Words paths;
  for (const auto& pattern : patterns) {
    auto found = within("error checking the filesystem", [&] { return matching_paths(files, pattern); });
    if (found.empty()) {
      if (!is_remote(pattern)) {  // what is remote is not fetched to find out
        within(pattern + " has no match", [&] { Loader(files, ".", LoadRestriction::root_only).enter(pattern); });
      }
      found.push_back(pattern);
    }
    paths.insert(paths.end(), found.begin(), found.end());
  }
  return paths;
}

Change set_field(std::string field, std::string value) {
  return [field = std::move(field), value = std::move(value)](Edited& edited) {
    if (value.empty()) {
      drop_field(edited.fields, field);
    } else {
      put_field(edited.fields, field, Node::string(value));
    }
  };
}

Change set_namespace(const Words& words) {
  if (words.size() != 1) throw usage_error("must specify exactly one namespace value");
  return set_field("namespace", words[0]);
}

Change set_name_prefix(const Words& words) {
  if (words.size() != 1) throw usage_error("must specify exactly one prefix value");
  return set_field("namePrefix", words[0]);
}

Change set_name_suffix(const Words& words) {
  if (words.size() != 1) throw usage_error("must specify exactly one suffix value");
  return set_field("nameSuffix", words[0]);
}

}  // namespace kfrun::kustomize
