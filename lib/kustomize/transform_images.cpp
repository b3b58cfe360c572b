#include "kustomize/transform_images.h"

#include <re2/re2.h>

#include "kustomize/setters.h"

namespace kfrun::kustomize {

using document::Node;
using document::NodeKind;

struct ImageTransformer::Matcher {
  ImageChange change;
  std::unique_ptr<RE2> pattern;

  bool matches(const std::string& image) const { return pattern->ok() && RE2::PartialMatch(image, *pattern); }
};

namespace {

std::unique_ptr<RE2> compile(const std::string& name, const Compat& compat) {
  RE2::Options options;
  options.set_log_errors(false);
  if (compat.old_image_rules) return std::make_unique<RE2>("^" + name + "(@sha256)?(:[a-zA-Z0-9_.-]*)?$", options);
  return std::make_unique<RE2>("^" + name + "(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?$",
                               options);
}

// By the rules of 3.2.0: a new tag goes behind what stands before the old tag or digest, a digest instead of the tag.
std::string changed_as_before(const std::string& image, const ImageChange& change) {
  const auto slash = image.find('/');
  const auto colon = image.rfind(':');
  const auto at = image.rfind('@');
  const bool has_tag = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  auto cut = has_tag ? colon : image.size();
  if (at != std::string::npos && at > 0) cut = at;
  std::string name = change.new_name.empty() ? image.substr(0, cut) : change.new_name;
  if (!change.digest.empty()) return name + "@" + change.digest;
  if (!change.new_tag.empty()) return name + ":" + change.new_tag;
  return name + image.substr(cut);
}

std::string changed(const std::string& image, const ImageChange& change) {
  ImageParts parts = split_image(image);
  if (!change.new_name.empty()) parts.name = change.new_name;
  if (!change.new_tag.empty() || !change.digest.empty()) {
    parts.tag = change.new_tag;
    parts.digest = change.digest;
  } else if (!change.tag_suffix.empty()) {
    parts.tag += change.tag_suffix;
    parts.digest.clear();
  }
  std::string text = parts.name;
  if (!parts.tag.empty()) text += ":" + parts.tag;
  if (!parts.digest.empty()) text += "@" + parts.digest;
  return text;
}

// The same by the rules of 3.2.0: where a mapping has containers, nothing is looked for below it.
void collect_containers_as_before(Node& node, std::vector<Node*>& images) {
  if (!node.is_mapping()) return;
  bool has_containers = false;
  for (const auto name : {"containers", "initContainers"}) {
    Node* containers = node.find(name);
    if (!containers) continue;
    require_kind(*containers, NodeKind::sequence);
    has_containers = true;
    if (!containers->is_sequence()) continue;
    for (Node& container : containers->items()) {
      require_kind(container, NodeKind::mapping);
      if (Node* image = container.find("image")) images.push_back(image);
    }
  }
  if (has_containers) return;
  for (auto& [key, value] : node.members()) {
    collect_containers_as_before(value, images);
    if (!value.is_sequence()) continue;
    for (Node& item : value.items()) collect_containers_as_before(item, images);
  }
}

// The `image` fields of every list that is named containers or initContainers.
void collect_containers(Node& node, std::vector<Node*>& images) {
  if (node.is_sequence()) {
    for (Node& item : node.items()) collect_containers(item, images);
  }
  if (!node.is_mapping()) return;
  for (auto& [key, value] : node.members()) {
    collect_containers(value, images);
    if (!value.is_sequence() || (key.text() != "containers" && key.text() != "initContainers")) continue;
    for (Node& container : value.items()) {
      require_kind(container, NodeKind::mapping);
      if (Node* image = container.find("image")) images.push_back(image);
    }
  }
}

}  // namespace

ImageParts split_image(const std::string& image) {
  auto slash = image.find('/');
  std::size_t from = slash == std::string::npos ? 0 : slash;
  auto at = image.find('@', from);
  auto colon = image.find(':', from);
  if (at != std::string::npos && at < colon) return {image.substr(0, at), "", image.substr(at + 1)};
  if (colon == std::string::npos) return {image, "", ""};
  if (at == std::string::npos) return {image.substr(0, colon), image.substr(colon + 1), ""};
  return {image.substr(0, colon), image.substr(colon + 1, at - colon - 1), image.substr(at + 1)};
}

ImageTransformer::ImageTransformer(std::vector<ImageChange> changes, const Compat& compat) : compat_(&compat) {
  for (ImageChange& change : changes) {
    auto pattern = compile(change.name, compat);
    matchers_.push_back({std::move(change), std::move(pattern)});
  }
}
ImageTransformer::~ImageTransformer() = default;
ImageTransformer::ImageTransformer(ImageTransformer&&) noexcept = default;
ImageTransformer& ImageTransformer::operator=(ImageTransformer&&) noexcept = default;

void ImageTransformer::apply(Node& object, const FieldSpecs& specs) const {
  const bool is_definition = object.text_of("kind") == "CustomResourceDefinition";
  if (matchers_.empty() || (is_definition && !compat_->old_image_rules)) return;
  // The changes never move a node, so the places are looked up once for all of them.
  std::vector<Node*> images;
  if (compat_->old_image_rules) {
    try {
      collect_containers_as_before(object, images);
    } catch (const Error&) {
      if (!is_definition) throw;  // a schema may describe containers of any form
    }
  } else {
    collect_containers(object, images);
  }
  apply_field_specs(object, specs, NewField::nothing, [&](Node& image) {
    require_kind(image, NodeKind::scalar);
    images.push_back(&image);
  });
  for (const Matcher& matcher : matchers_) {
    for (Node* image : images) {
      require_kind(*image, NodeKind::scalar);
      if (matcher.matches(image->text())) {
        set_scalar(*image, compat_->old_image_rules ? changed_as_before(image->text(), matcher.change)
                                                    : changed(image->text(), matcher.change));
      }
    }
  }
}

}  // namespace kfrun::kustomize
