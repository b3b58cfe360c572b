// Names, tags and digests of container images.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "document/node.h"
#include "kustomize/compat.h"
#include "kustomize/field_spec.h"

namespace kfrun::kustomize {

// One entry of `images`. The name is a regular expression that must match the whole name of an image without tag and digest.
struct ImageChange {
  std::string name;
  std::string new_name;
  std::string new_tag;
  std::string digest;
  std::string tag_suffix;
};

struct ImageParts {
  std::string name;
  std::string tag;
  std::string digest;
};
// "host:5000/a/b:tag@sha256:..." -> its parts; a colon before the first slash belongs to the host.
ImageParts split_image(const std::string& image);

// Applies a list of changes, in order, first in every list named containers or initContainers at any depth, then at the places of
// the field specs (so a tag suffix is added twice to a container, as kustomize does). CustomResourceDefinitions are left alone.
class ImageTransformer {
 public:
  explicit ImageTransformer(std::vector<ImageChange> changes, const Compat& compat = latest_release());
  ~ImageTransformer();
  ImageTransformer(ImageTransformer&&) noexcept;
  ImageTransformer& operator=(ImageTransformer&&) noexcept;

  void apply(document::Node& object, const FieldSpecs& specs) const;

 private:
  struct Matcher;
  std::vector<Matcher> matchers_;
  const Compat* compat_;
};

}  // namespace kfrun::kustomize
