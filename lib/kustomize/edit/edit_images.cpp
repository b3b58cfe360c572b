// `edit set image` and `edit set replicas`.
#include <map>

#include "base/text.h"
#include "kustomize/edit/edit.h"
#include "kustomize/edit/fields.h"
#include "kustomize/transform_images.h"

namespace kfrun::kustomize {

using document::Node;

namespace {

constexpr std::string_view kKept = "*";

ImageChange parse_image(const std::string& word) {
  const auto equals = word.find('=');
  const auto parts = split_image(equals == std::string::npos ? word : word.substr(equals + 1));
  if (parts.name == word) {
    throw usage_error(
        "invalid format of image, use one of the following options:\n"
        "- <image>=<newimage>:<newtag>\n- <image>=<newimage>@<digest>\n- <image>=<newimage>:<newtag>@<digest>\n"
        "- <image>=<newimage>\n- <image>:<newtag>\n- <image>:<newtag>@<digest>\n- <image>@<digest>");
  }
  ImageChange image;
  image.new_tag = parts.tag;
  image.digest = parts.digest;
  if (equals == std::string::npos || equals == 0) {
    image.name = parts.name;
  } else {
    image.name = word.substr(0, equals);
    image.new_name = parts.name;
  }
  return image;
}

void set_part(Node& entry, std::string_view field, const std::string& value) {
  const std::string old = entry.text_of(field);
  const std::string wanted = value == kKept ? old : value;
  if (wanted.empty()) {
    entry.remove(field);
  } else if (wanted != old) {
    put_sorted(entry, std::string(field), Node::string(wanted));
  }
}

// The first entry with the name, without the others.
Node* only_entry(Node& list, const std::string& name) {
  Node* first = nullptr;
  auto& items = list.items();
  for (auto item = items.begin(); item != items.end();) {
    if (item->text_of("name") != name) {
      ++item;
    } else if (!first) {
      first = &*item++;
    } else {
      item = items.erase(item);
    }
  }
  return first;
}

void put_image(Node& list, const ImageChange& image) {
  Node* entry = only_entry(list, image.name);
  Node made = entry ? *entry : Node::mapping({{"name", Node::string(image.name)}});
  made.remove("tagSuffix");
  set_part(made, "newName", image.new_name);
  set_part(made, "newTag", image.new_tag);
  set_part(made, "digest", image.digest);
  if (entry) {
    *entry = std::move(made);
  } else {
    add_by_name(list, std::move(made));
  }
}

std::pair<std::string, long long> parse_replica(const std::string& word) {
  const auto parts = split(word, '=');
  const auto count = parts.size() == 2 ? parse_integer(parts[1]) : std::nullopt;
  if (!count) throw usage_error("invalid format of replica, use the following format: <name>=<count>");
  return {parts[0], *count};
}

}  // namespace

Change set_images(const Words& words) {
  if (words.empty()) throw usage_error("no image specified");
  std::map<std::string, ImageChange> images;
  for (const auto& word : words) {
    const auto image = parse_image(word);
    images[image.name] = image;
  }
  return [images](Edited& edited) {
    move_list(edited.fields, "imageTags", "images");
    Node& list = list_field(edited.fields, "images");
    for (const auto& [name, image] : images) put_image(list, image);
  };
}

Change set_replicas(const Words& words) {
  if (words.empty()) throw usage_error("no replicas specified");
  std::map<std::string, long long> counts;
  for (const auto& word : words) {
    const auto [name, count] = parse_replica(word);
    counts[name] = count;
  }
  return [counts](Edited& edited) {
    Node& list = list_field(edited.fields, "replicas");
    for (const auto& [name, count] : counts) {
      if (Node* entry = only_entry(list, name)) {
        entry->set("count", Node::integer(count));
      } else {
        add_by_name(list, Node::mapping({{"count", Node::integer(count)}, {"name", Node::string(name)}}));
      }
    }
  };
}

}  // namespace kfrun::kustomize
